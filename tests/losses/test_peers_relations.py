"""What docs/peers.md says of losses that are ours but for a factor, an argument's place or a sum.

Those that are ours as they are, are in test_peers.py and test_peers_elementwise.py. Run by `pytest -m peers`.
"""

import numpy as np
import pytest
from agreement import CLOSE, agree, importing, with_torch

import fastloss as fl

pytestmark = pytest.mark.peers

RESIDUALS = np.concatenate([[0.0], 3 * np.random.default_rng(0).standard_normal(200)])
LOOSE = {"rtol": 1e-9, "atol": 1e-12}  # theirs cancels


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def close(one, two, **tolerance):
    np.testing.assert_allclose(one, two, **(tolerance or CLOSE))


# ---- torch ---------------------------------------------------------------------------------


@pytest.fixture
def torch():
    return importing("torch")


@pytest.fixture
def functional(torch):
    return torch.nn.functional


def test_torch_margin_ranking(torch, functional, rng):
    a, b, y = rng.standard_normal(50), rng.standard_normal(50), rng.choice([-1.0, 1.0], 50)
    want = functional.margin_ranking_loss(*map(torch.tensor, (a, b, y)), margin=0.3, reduction="none")
    close(fl.hinge(a - b, y, margin=0.3), want)


def test_torch_multilabel_soft_margin(torch, functional, rng):
    x, y = rng.standard_normal((50, 6)), rng.integers(0, 2, (50, 6)).astype(float)
    want = functional.multilabel_soft_margin_loss(torch.tensor(x), torch.tensor(y), reduction="none")
    close(fl.binary_cross_entropy_with_logits(x, y).mean(axis=-1), want)


def test_torch_poisson_of_means(torch, functional, rng):
    p, y = rng.uniform(0.1, 9, 50), rng.poisson(3, 50).astype(float)
    want = functional.poisson_nll_loss(torch.tensor(p), torch.tensor(y), log_input=False, eps=0, reduction="none")
    terms = np.where(y, y * np.log(np.where(y, y, 1)), 0) - y
    close(fl.poisson_deviance(p, y) / 2 - terms, want, **LOOSE)


def test_torch_kl_div_of_logarithms_and_batches(torch, functional, rng):
    x, y = (np.log(rng.dirichlet(np.ones(5), 30)) for _ in range(2))
    want = functional.kl_div(torch.tensor(x), torch.tensor(y), log_target=True, reduction="none")
    close(fl.kl_div(x, np.exp(y)), want)
    want = functional.kl_div(torch.tensor(x), torch.tensor(np.exp(y)), reduction="batchmean").item()
    close(fl.kl_div(x, np.exp(y), reduction="sum") / 30, want)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_torch_kl_div_of_logits(torch, functional, rng, temperature):
    def function(x, y):
        logs = (functional.log_softmax(z / temperature, -1) for z in (x, y))
        return functional.kl_div(*logs, reduction="none", log_target=True).sum(-1)

    x, y = 4 * rng.standard_normal((2, 100, 7))
    agree(fl.kl_logits.value_and_grad(x, y, temperature=temperature), with_torch(torch, function, x, y))


def test_torch_argmax(torch, rng):
    x, y = rng.integers(0, 4, (2, 500, 5)).astype(float)
    want = torch.tensor(x).argmax(-1) != torch.tensor(y).argmax(-1)
    np.testing.assert_array_equal(fl.disagreement(x, y), want)


def test_torch_pairs_of_embeddings(torch, functional, rng):
    a, b, c = rng.standard_normal((3, 50, 8))
    y = rng.choice([-1.0, 1.0], 50)
    tensors = [torch.tensor(x) for x in (a, b, c)]
    want = functional.cosine_embedding_loss(*tensors[:2], torch.tensor(y), margin=0.2, reduction="none")
    close(fl.cosine_embedding(a, b, y, margin=0.2), want, **LOOSE)
    want = functional.triplet_margin_loss(*tensors, margin=0.7, eps=0, reduction="none")
    close(fl.triplet(a, b, c, margin=0.7), want, **LOOSE)


def test_torch_linear_cross_entropy(torch, functional, rng):
    x, w, y = rng.standard_normal((50, 8)), rng.standard_normal((20, 8)), rng.integers(0, 20, 50)
    want = functional.linear_cross_entropy(torch.tensor(x), torch.tensor(w), torch.tensor(y), reduction="none")
    close(fl.linear_cross_entropy(x, w, y), want, **LOOSE)


def test_where_torch_differs(torch, functional):
    """Clamps, labels outside the domain, overflow, and means."""
    one, zero = torch.ones(1).double(), torch.zeros(1).double()
    assert functional.binary_cross_entropy(zero, one) == 100
    assert fl.binary_cross_entropy([0.0], [1.0]) == np.inf
    assert functional.hinge_embedding_loss(one / 4, zero) == 1
    assert np.isnan(fl.hinge_embedding([0.25], [0.0]))
    assert functional.soft_margin_loss(-1000 * one, one) == np.inf
    assert fl.logistic([-1000.0], [1.0]) == 1000
    clamped = functional.gaussian_nll_loss(one, zero, 0 * one)
    close(clamped.item(), fl.gaussian_nll([1.0], var=1e-6)[0])
    with pytest.raises(ValueError, match="var must be > 0"):
        fl.gaussian_nll([1.0], var=0.0)
    assert functional.kl_div(-one, -one, reduction="sum").isnan()
    assert fl.kl_div([-1.0], [-1.0]) == np.inf
    assert functional.nll_loss(torch.tensor([[np.nan, -1.0]]), torch.tensor([1])) == 1
    assert np.isnan(fl.nll([[np.nan, -1.0]], [1]))
    p, y, w = np.array([0.3, 0.6]), np.array([1.0, 0.0]), np.array([1.0, 3.0])
    want = functional.binary_cross_entropy(torch.tensor(p), torch.tensor(y), weight=torch.tensor(w)).item()
    close(fl.binary_cross_entropy(p, y, sample_weight=w, reduction="sum") / 2, want)


# ---- optax ---------------------------------------------------------------------------------


@pytest.fixture
def losses():
    importing("jax").config.update("jax_enable_x64", True)
    return importing("optax.losses")


@pytest.mark.parametrize("epsilon", [2.0, -1.0, 0.5])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_optax_poly_loss(losses, rng, epsilon, smoothing):
    jax = importing("jax")
    x, y = 4 * rng.standard_normal((100, 7)), rng.integers(0, 7, 100)
    labels = losses.smooth_labels(jax.nn.one_hot(y, 7, dtype=float), smoothing)
    value, pull_back = jax.vjp(lambda x: losses.poly_loss_cross_entropy(x, labels, epsilon=epsilon), x)
    (grad,) = pull_back(jax.numpy.ones_like(value))
    got = fl.poly1_cross_entropy.value_and_grad(x, y, epsilon=epsilon, label_smoothing=smoothing)
    for one, two in zip(got, (value, grad), strict=True):
        close(one, two, **LOOSE)


def test_optax_divergences(losses, rng):
    x, y = np.log(rng.dirichlet(np.ones(5), 30)), rng.dirichlet(np.ones(5), 30)
    y[::3, 0] = 0
    close(fl.kl_div(x, y).sum(axis=-1), losses.kl_divergence(x, y), **LOOSE)
    x += 0.3
    close(fl.poisson_deviance(np.exp(x), y).sum(axis=-1) / 2, losses.generalized_kl_divergence(x, y), **LOOSE)
    z = np.log(rng.dirichlet(np.ones(5), 30))
    close(fl.kl_div(x, np.exp(z)).sum(axis=-1), losses.kl_divergence_with_log_targets(x, z), **LOOSE)


def test_optax_cross_entropies(losses, rng):
    x, y = 4 * rng.standard_normal((100, 7)), rng.integers(0, 7, 100)
    q = rng.dirichlet(np.ones(7), 100)
    close(fl.cross_entropy(x, y), losses.softmax_cross_entropy_with_integer_labels(x, y), **LOOSE)
    close(fl.cross_entropy(x, q), losses.softmax_cross_entropy(x, q), **LOOSE)
    x[:, 2], q[:, 2] = -np.inf, 0
    close(fl.cross_entropy(x, q), losses.safe_softmax_cross_entropy(x, q), **LOOSE)


def test_optax_embeddings(losses, rng):
    a, b, c = rng.standard_normal((3, 30, 8))
    close(fl.cosine_embedding(a, b, np.ones(30)), losses.cosine_distance(a, b), **LOOSE)
    close(1 - fl.cosine_embedding(a, b, np.ones(30)), losses.cosine_similarity(a, b), **LOOSE)
    assert np.isnan(losses.cosine_distance(0 * a[0], b[0]))
    close(fl.triplet(a, b, c), losses.triplet_margin_loss(a, b, c, eps=0), **LOOSE)
    want = losses.ntxent(np.concatenate([a, b]), np.tile(np.arange(30), 2), temperature=0.3)
    close(fl.nt_xent(a, b, temperature=0.3, reduction="mean"), want, **LOOSE)


def test_optax_multiclass_hinge_is_the_largest_excess(losses, rng):
    x, y = rng.standard_normal((100, 3)), rng.integers(0, 3, 100)
    others = np.where(np.arange(3) == y[:, None], -np.inf, x).max(axis=1)
    excess = others - x[np.arange(100), y]
    for margin, function in ((1, losses.multiclass_hinge_loss), (0, losses.multiclass_perceptron_loss)):
        close(np.maximum(0, excess + margin), function(x, y), **LOOSE)
        assert not np.allclose(fl.multi_margin(x, y, margin=float(margin)), function(x, y))


# ---- scikit-learn --------------------------------------------------------------------------


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5, 2.0, 3.0])
def test_sklearn_half_tweedie_of_means(power, rng):
    loss = importing("sklearn._loss.loss").HalfTweedieLossIdentity(power=power)
    p, y = rng.uniform(0.1, 5, (2, 100))
    close(fl.tweedie_deviance(p, y, power=power) / 2, loss.loss(y_true=y, raw_prediction=p), **LOOSE)


def test_sklearn_metrics(rng):
    metrics = importing("sklearn.metrics")
    p, y = rng.uniform(0, 1, 200), rng.integers(0, 2, 200)
    close(fl.squared_error(p, y, reduction="mean"), metrics.brier_score_loss(y, p))
    close(fl.quantile(p, y, q=0.3, reduction="mean"), metrics.mean_pinball_loss(y, p, alpha=0.3))
    root = np.sqrt(fl.squared_log_error(p, y, reduction="mean"))
    close(root, metrics.root_mean_squared_log_error(y, p))
    scores, labels = rng.standard_normal((200, 6)), rng.integers(0, 6, 200)
    for k in (1, 3):
        want = metrics.top_k_accuracy_score(labels, scores, k=k, labels=range(6))
        close(1 - fl.top_k_error(scores, labels, k=k, reduction="mean"), want)
    weights = 1 / np.bincount(labels)[labels]
    close(
        fl.accuracy(scores, labels, sample_weight=weights),
        metrics.balanced_accuracy_score(labels, scores.argmax(axis=1)),
    )


def test_sklearn_deviances_lose_digits_near_the_target():
    metrics = importing("sklearn.metrics")
    p, y = np.array([3 * (1 + 1e-7)]), np.array([3.0])
    for ours, theirs in ((fl.poisson_deviance, "mean_poisson_deviance"), (fl.gamma_deviance, "mean_gamma_deviance")):
        want = (p - y) ** 2 / y ** (1 if theirs == "mean_poisson_deviance" else 2)
        close(ours(p, y), want, rtol=1e-6)
        assert abs(getattr(metrics, theirs)(y, p) - want[0]) > 1e-3 * want[0]


# ---- SciPy ---------------------------------------------------------------------------------


def test_scipy_kl_div_and_entropy(rng):
    special = importing("scipy.special")
    p, y = rng.uniform(0.1, 5, (2, 100))
    y[::5] = 0
    close(fl.poisson_deviance(p, y) / 2, special.kl_div(y, p), **LOOSE)
    assert special.entr(-1.0) == -np.inf
    assert np.isnan(fl.entropy([-1.0]))


# ---- statsmodels ---------------------------------------------------------------------------


def test_statsmodels_student_t_and_quantile_norms():
    norms = importing("statsmodels.robust.norms")
    norm, t = norms.StudentT(c=1.7, df=5), fl.student_t_nll.bind(df=5.0, scale=1.7)
    factor = 1.7**2 * 5 / 6
    close(factor * (t(RESIDUALS) - t([0.0])), norm.rho(RESIDUALS), **LOOSE)
    close(factor * t.grad(RESIDUALS), norm.psi(RESIDUALS), **LOOSE)
    norm = norms.MQuantileNorm(0.3, norms.LeastSquares())
    close(fl.expectile(-RESIDUALS, tau=0.3) / 2, norm.rho(RESIDUALS))


# ---- GTSAM and Ceres Solver ----------------------------------------------------------------

GTSAM = {
    "Cauchy": (fl.cauchy, "scale"),
    "DCS": (fl.dcs, "scale"),
    "Fair": (fl.fair, "scale"),
    "GemanMcClure": (fl.geman_mcclure, "scale"),
    "Huber": (fl.huber, "delta"),
    "L2WithDeadZone": (fl.squared_epsilon_insensitive, "epsilon"),
    "TruncatedLeastSquares": (fl.truncated_squared, "scale"),
    "Tukey": (fl.tukey, "scale"),
    "Welsch": (fl.welsch, "scale"),
}


@pytest.mark.parametrize("parameter", [1.0, 0.4, 2.5])
@pytest.mark.parametrize("name", GTSAM)
def test_gtsam(name, parameter):
    """Their `loss` and `weight`; half of ours where it is L2WithDeadZone."""
    norm = getattr(importing("gtsam").noiseModel.mEstimator, name).Create(parameter)
    loss, known_as = GTSAM[name]
    factor = 2 if name == "L2WithDeadZone" else 1
    close(loss(RESIDUALS, **{known_as: parameter}), [factor * norm.loss(r) for r in RESIDUALS], **LOOSE)
    close(loss.weight(RESIDUALS, **{known_as: parameter}), [factor * norm.weight(r) for r in RESIDUALS], **LOOSE)


CERES = {
    "CauchyLoss": (fl.cauchy, "scale"),
    "HuberLoss": (fl.huber, "delta"),
    "SoftLOneLoss": (fl.pseudo_huber, "delta"),
}


@pytest.mark.parametrize("parameter", [1.0, 0.4, 2.5])
@pytest.mark.parametrize("name", CERES)
def test_ceres(name, parameter):
    """rho and its derivative, which is our weight. pyceres takes s in single precision."""
    theirs = getattr(importing("pyceres"), name)(parameter)
    loss, known_as = CERES[name]
    squares = (RESIDUALS**2).astype("float32").astype(float)
    rho, slope, _ = np.transpose([theirs.evaluate(s) for s in squares])
    close(loss(np.sqrt(squares), **{known_as: parameter}), rho / 2, **LOOSE)
    close(loss.weight(np.sqrt(squares), **{known_as: parameter}), slope, **LOOSE)


# ---- pytorch-metric-learning ---------------------------------------------------------------

HEADS = {
    "ArcFaceLoss": (fl.arcface.bind(margin=np.deg2rad(28.6)), {"margin": 28.6}),
    "CosFaceLoss": (fl.cosface, {}),
    "LargeMarginSoftmaxLoss": (fl.l_softmax, {}),
    "NormalizedSoftmaxLoss": (fl.normalized_softmax.bind(scale=20.0), {"temperature": 0.05}),
    "SphereFaceLoss": (fl.sphereface, {}),
}


@pytest.fixture
def metric_learning():
    return importing("pytorch_metric_learning.losses")


@pytest.mark.filterwarnings("ignore::DeprecationWarning:pytorch_metric_learning")
@pytest.mark.parametrize("name", HEADS)
def test_metric_learning_heads(torch, metric_learning, rng, name):
    loss, options = HEADS[name]
    x, w, y = rng.standard_normal((6, 4)), rng.standard_normal((3, 4)), np.arange(6) % 3
    theirs = getattr(metric_learning, name)(num_classes=3, embedding_size=4, **options)
    theirs.W.data = torch.tensor(w.T.copy())
    close(loss(x, w, y, reduction="mean"), theirs(torch.tensor(x), torch.tensor(y)).item(), **LOOSE)


def test_metric_learning_batches(torch, metric_learning, rng):
    a, b = rng.standard_normal((2, 4, 5))
    both, pairs = np.vstack([a, b]), np.arange(8) % 4
    two_views = metric_learning.NTXentLoss(temperature=0.1)
    in_turn = metric_learning.SelfSupervisedLoss(two_views, symmetric=False)
    by_label = metric_learning.SupConLoss()
    for ours, theirs in (
        (fl.nt_xent(a, b, reduction="mean"), two_views(*map(torch.tensor, (both, pairs)))),
        (fl.info_nce(a, b, reduction="mean"), in_turn(*map(torch.tensor, (a, b)))),
        (fl.sup_con(both, pairs, reduction="mean"), by_label(*map(torch.tensor, (both, pairs)))),
    ):
        close(ours, theirs.item(), **LOOSE)


@pytest.mark.parametrize("is_pair", [0, 1])
def test_metric_learning_contrastive(torch, metric_learning, rng, is_pair):
    pair = rng.standard_normal((2, 5))
    a, b = pair[:, None] / np.linalg.norm(pair, axis=1)[:, None, None]
    theirs = metric_learning.ContrastiveLoss()(torch.tensor(pair), torch.tensor([1, is_pair]))
    close(np.sqrt(2 * fl.contrastive(a, b, [is_pair])), [theirs.item()], **LOOSE)
