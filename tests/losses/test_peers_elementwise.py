"""Agreement of the elementwise losses and the metrics with the libraries that have the same.

Run by `pytest -m peers`; each needs a library of the extra `peers`.
"""

import numpy as np
import pytest
from agreement import CLOSE, agree, importing, with_torch
from catalogue import arrays, ready

import fastloss as fl

pytestmark = pytest.mark.peers


def bound(*settings):
    """pytest parameters (bound loss, *the rest) from (name, parameters, *the rest)."""
    return [
        pytest.param(ready(name).bind(**parameters), *rest, id=repr(ready(name).bind(**parameters)))
        for name, parameters, *rest in settings
    ]


def pair(loss, seed=0):
    """pred and target in the domain of the loss, with targets of 0 and kinks among them."""
    if loss.family == "residual":
        rng = np.random.default_rng(seed)
        return 3 * rng.standard_normal(500), rng.standard_normal(500)
    return arrays(loss.name, 500, seed=seed)


def hard(y):
    return np.round(y)


# ---- torch ---------------------------------------------------------------------------------

TORCH = bound(
    ("squared_error", {}, lambda f, p, y: f.mse_loss(p, y, reduction="none")),
    ("absolute_error", {}, lambda f, p, y: f.l1_loss(p, y, reduction="none")),
    *(
        ("huber", {"delta": delta}, lambda f, p, y, delta=delta: f.huber_loss(p, y, delta=delta, reduction="none"))
        for delta in (0.3, 1.0, 1.345)
    ),
    *(
        ("smooth_l1", {"beta": beta}, lambda f, p, y, beta=beta: f.smooth_l1_loss(p, y, beta=beta, reduction="none"))
        for beta in (0.0, 0.3, 1.0, 2.5)
    ),
    (
        "gaussian_nll",
        {"var": 0.7},
        lambda f, p, y: f.gaussian_nll_loss(p, y, 0.7 + 0 * p.detach(), reduction="none"),
    ),
    *(
        (
            "hinge_embedding",
            {"margin": margin},
            lambda f, p, y, margin=margin: f.hinge_embedding_loss(p, y, margin=margin, reduction="none"),
        )
        for margin in (1.0, 0.3)
    ),
    ("logistic", {}, lambda f, p, y: (1 + (-p * y).exp()).log()),
    ("binary_cross_entropy", {}, lambda f, p, y: f.binary_cross_entropy(p, y, reduction="none")),
    *(
        (
            "binary_cross_entropy_with_logits",
            {"pos_weight": w},
            lambda f, p, y, w=w: f.binary_cross_entropy_with_logits(
                p, y, pos_weight=w + 0 * p[:1].detach(), reduction="none"
            ),
        )
        for w in (1.0, 3.5)
    ),
    ("kl_div", {}, lambda f, p, y: f.kl_div(p, y, reduction="none")),
    ("poisson", {}, lambda f, p, y: f.poisson_nll_loss(p, y, reduction="none")),
)


@pytest.mark.parametrize(("loss", "function"), TORCH)
def test_torch(loss, function):
    torch = importing("torch")
    p, y = pair(loss)
    want = with_torch(torch, lambda p, y: function(torch.nn.functional, p, y), p, y)
    agree(loss.value_and_grad(p, y), want)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_torch_reductions(reduction):
    torch = importing("torch")
    p, y = pair(fl.huber)
    want = with_torch(torch, torch.nn.functional.huber_loss, p, y, reduction=reduction)
    agree(fl.huber.value_and_grad(p, y, reduction=reduction), want)


@pytest.mark.parametrize("alpha", [0.25, 0.8, -1.0])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_as_torchvision_states_it(alpha, gamma):
    """Its formula, of hard and of soft targets, in torch's float64 with torch's derivative."""
    torch = importing("torch")

    def focal(x, y):
        probability = torch.sigmoid(x)
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(x, y, reduction="none")
        missed = 1 - (probability * y + (1 - probability) * (1 - y))
        balance = alpha * y + (1 - alpha) * (1 - y) if alpha >= 0 else 1
        return balance * entropy * missed**gamma

    p, y = pair(fl.sigmoid_focal)
    for target in (y, hard(y)):
        got = fl.sigmoid_focal.value_and_grad(p, target, alpha=alpha, gamma=gamma)
        for one, two in zip(got, with_torch(torch, focal, p, target), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)  # 1 - p_t cancels there


# ---- SciPy ---------------------------------------------------------------------------------

SCIPY = bound(
    *(("huber", {"delta": d}, lambda s, r, d=d: s.huber(d, r)) for d in (0.3, 1.345)),
    *(("pseudo_huber", {"delta": d}, lambda s, r, d=d: s.pseudo_huber(d, r)) for d in (0.3, 1.345)),
    ("relative_entropy", {}, lambda s, p, y: s.rel_entr(y, p)),
    ("entropy", {}, lambda s, p: s.entr(p)),
)


@pytest.mark.parametrize(("loss", "function"), SCIPY)
def test_scipy_special(loss, function):
    special = importing("scipy.special")
    points = arrays(loss.name, 500)
    np.testing.assert_allclose(loss(*points), function(special, *points), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("df", [0.5, 1.0, 4.0, 300.0])
@pytest.mark.parametrize("scale", [0.2, 1.0, 7.0])
def test_scipy_student_t(df, scale):
    stats = importing("scipy.stats")
    (r,) = arrays("student_t_nll", 500)
    want = -stats.t.logpdf(r, df, scale=scale)
    np.testing.assert_allclose(fl.student_t_nll(r, df=df, scale=scale), want, rtol=1e-11, atol=1e-11)


LEAST_SQUARES = bound(
    ("cauchy", {}, "cauchy", 1),
    ("arctan", {}, "arctan", 1),
    ("pseudo_huber", {}, "soft_l1", 1),
    ("huber", {}, "huber", 1),
    ("robust", {"alpha": 0.0}, "cauchy", 2**0.5),
    ("robust", {"alpha": 1.0}, "soft_l1", 1),
)


@pytest.mark.parametrize(("loss", "name", "stretch"), LEAST_SQUARES)
def test_scipy_least_squares(loss, name, stretch):
    """least_squares costs rho(x^2) / 2."""
    least_squares = importing("scipy.optimize").least_squares
    for x in 3 * np.random.default_rng(0).standard_normal(20):
        cost = least_squares(lambda _, x=x: np.array([x]), [0.0], loss=name, max_nfev=1).cost
        np.testing.assert_allclose(loss(x * stretch), cost * stretch**2, rtol=1e-12)


# ---- scikit-learn: losses ------------------------------------------------------------------


def huber_of_sklearn(losses):
    loss = losses.HuberLoss()
    loss.closs.delta = 1.345
    return loss


SKLEARN = bound(
    ("half_squared_error", {}, lambda losses: losses.HalfSquaredError()),
    ("absolute_error", {}, lambda losses: losses.AbsoluteError()),
    ("huber", {"delta": 1.345}, huber_of_sklearn),
    *(("quantile", {"q": q}, lambda losses, q=q: losses.PinballLoss(quantile=q)) for q in (0.1, 0.5, 0.95)),
    ("poisson", {}, lambda losses: losses.HalfPoissonLoss()),
    ("gamma", {}, lambda losses: losses.HalfGammaLoss()),
    *(
        ("tweedie", {"power": power}, lambda losses, power=power: losses.HalfTweedieLoss(power=power))
        for power in (0.0, 1.0, 1.5, 2.0, 3.0)
    ),
    ("binary_cross_entropy_with_logits", {}, lambda losses: losses.HalfBinomialLoss()),
)


@pytest.mark.parametrize(("loss", "namesake"), SKLEARN)
def test_sklearn_losses(loss, namesake):
    namesake = namesake(importing("sklearn._loss.loss"))
    p, y = pair(loss)
    if loss.family == "count":
        y = y + 0.5  # its gamma has no zeros
    weights = np.random.default_rng(3).uniform(0, 2, 500)
    value, grad = namesake.loss_gradient(y_true=y, raw_prediction=p, sample_weight=weights)
    if repr(loss) == "tweedie(power=0.0)":
        value = value - weights * y**2 / 2  # which completes the square
    agree(loss.value_and_grad(p, y, sample_weight=weights), (value, grad))
    grad, hess = namesake.gradient_hessian(y_true=y, raw_prediction=p)
    np.testing.assert_allclose(loss.grad(p, y), grad, **CLOSE)
    if loss.name not in ("absolute_error", "quantile", "huber"):  # which state another, positive one
        np.testing.assert_allclose(loss.hess(p, y), hess, rtol=1e-12, atol=1e-13)


def test_sklearn_exponential():
    loss = importing("sklearn._loss.loss").ExponentialLoss()
    p, y = pair(fl.exponential)
    agree(fl.exponential.value_and_grad(p, y), loss.loss_gradient(y_true=(y + 1) / 2, raw_prediction=p))


STOCHASTIC = bound(
    ("hinge", {}, "Hinge", ()),
    ("perceptron", {}, "Hinge", (0.0,)),
    ("squared_hinge", {}, "SquaredHinge", ()),
    ("modified_huber", {}, "ModifiedHuber", ()),
    ("epsilon_insensitive", {"epsilon": 0.3}, "EpsilonInsensitive", (0.3,)),
    ("squared_epsilon_insensitive", {"epsilon": 0.3}, "SquaredEpsilonInsensitive", (0.3,)),
)


@pytest.mark.parametrize(("loss", "name", "arguments"), STOCHASTIC)
def test_sklearn_stochastic_gradient_descent(loss, name, arguments):
    namesake = getattr(importing("sklearn.linear_model._sgd_fast"), name)(*arguments)
    p, y = pair(loss)
    value, grad = loss.value_and_grad(p, y)
    for k in range(100):
        np.testing.assert_allclose(value[k], namesake.py_loss(p[k], y[k]), **CLOSE)
        np.testing.assert_allclose(grad[k], namesake.py_dloss(p[k], y[k]), **CLOSE)


# ---- scikit-learn: metrics -----------------------------------------------------------------


@pytest.fixture
def weighted():
    weights = np.random.default_rng(4).uniform(0, 2, 500)
    return ({}, {"sample_weight": weights})


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("mae", "mean_absolute_error"),
        ("mse", "mean_squared_error"),
        ("rmse", "root_mean_squared_error"),
        ("mape", "mean_absolute_percentage_error"),
    ],
)
def test_sklearn_regression_metrics(ours, theirs, weighted):
    namesake = getattr(importing("sklearn.metrics"), theirs)
    p, y = pair(fl.huber)
    y[7] = 0  # a percentage of nothing
    for keywords in weighted:
        got = getattr(fl, ours)(p, y, **keywords)
        assert type(got) is float
        np.testing.assert_allclose(got, namesake(y, p, **keywords), rtol=1e-12)


def test_sklearn_squared_log_error(weighted):
    namesake = importing("sklearn.metrics").mean_squared_log_error
    p, y = pair(fl.squared_log_error)
    for keywords in weighted:
        got = fl.squared_log_error(p, y, reduction="mean", **keywords)
        np.testing.assert_allclose(got, namesake(y, p, **keywords), rtol=1e-12)


DEVIANCES = bound(
    ("poisson_deviance", {}, "mean_poisson_deviance", {}),
    ("gamma_deviance", {}, "mean_gamma_deviance", {}),
    *(
        ("tweedie_deviance", {"power": power}, "mean_tweedie_deviance", {"power": power})
        for power in (0.0, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0)
    ),
)


@pytest.mark.parametrize(("loss", "name", "parameters"), DEVIANCES)
def test_sklearn_deviances(loss, name, parameters, weighted):
    namesake = getattr(importing("sklearn.metrics"), name)
    p, y = pair(loss)
    for keywords in weighted:
        got = loss(p, y, reduction="mean", **keywords)
        np.testing.assert_allclose(got, namesake(y, p, **parameters, **keywords), rtol=1e-11)


def test_sklearn_log_loss(weighted):
    log_loss = importing("sklearn.metrics").log_loss
    rng = np.random.default_rng(5)
    prob, labels = rng.uniform(0, 1, 500), rng.integers(0, 2, 500)
    prob[:4], labels[:4] = (0, 1, 0, 1), (0, 1, 1, 0)  # certain, right and wrong
    classes, target = rng.dirichlet(np.ones(4), 500), rng.integers(0, 4, 500)
    classes[0], target[0] = (0, 0, 1, 0), 1
    for keywords in weighted:
        np.testing.assert_allclose(fl.log_loss(prob, labels, **keywords), log_loss(labels, prob, **keywords))
        want = log_loss(target, classes, labels=range(4), **keywords)
        np.testing.assert_allclose(fl.log_loss(classes, target, **keywords), want)


def test_sklearn_accuracy_and_hinge(weighted):
    metrics = importing("sklearn.metrics")
    rng = np.random.default_rng(6)
    scores, target = rng.standard_normal((500, 4)), rng.integers(0, 4, 500)
    p, y = pair(fl.hinge)
    for keywords in weighted:
        want = metrics.accuracy_score(target, scores.argmax(axis=1), **keywords)
        np.testing.assert_allclose(fl.accuracy(scores, target, **keywords), want, rtol=1e-12)
        np.testing.assert_allclose(fl.accuracy(scores.argmax(axis=1), target, **keywords), want, rtol=1e-12)
        want = metrics.hinge_loss(y, p, **keywords)
        np.testing.assert_allclose(fl.hinge(p, y, reduction="mean", **keywords), want, rtol=1e-12)
        want = metrics.zero_one_loss(y, np.sign(p), **keywords)
        np.testing.assert_allclose(fl.zero_one(p, y, reduction="mean", **keywords), want, rtol=1e-12)


# ---- statsmodels ---------------------------------------------------------------------------

STATSMODELS = bound(
    ("half_squared_error", {}, "LeastSquares", ()),
    ("huber", {"delta": 1.345}, "HuberT", (1.345,)),
    ("tukey", {}, "TukeyBiweight", (4.6851,)),
    ("andrews", {}, "AndrewWave", ()),
    ("hampel", {}, "Hampel", ()),
    ("hampel", {"a": 1.7, "b": 3.4, "c": 8.5}, "Hampel", (1.7, 3.4, 8.5)),
    ("ramsay", {}, "RamsayE", ()),
    ("truncated_squared", {"scale": 2.0}, "TrimmedMean", (2.0,)),
)


@pytest.mark.parametrize(("loss", "name", "arguments"), STATSMODELS)
def test_statsmodels_norms(loss, name, arguments):
    norm = getattr(importing("statsmodels.robust.norms"), name)(*arguments)
    (r,) = arrays(loss.name, 500)
    close = {"rtol": 1e-10, "atol": 1e-13}  # theirs cancels
    np.testing.assert_allclose(loss(r), norm.rho(r), **close)
    np.testing.assert_allclose(loss.grad(r), norm.psi(r), **close)
    np.testing.assert_allclose(loss.weight(r), norm.weights(r), **close)
    np.testing.assert_allclose(loss.hess(r), norm.psi_deriv(r), **close)


# ---- optax ---------------------------------------------------------------------------------

OPTAX = bound(
    ("squared_error", {}, lambda losses, p, y: losses.squared_error(p, y)),
    ("half_squared_error", {}, lambda losses, p, y: losses.l2_loss(p, y)),
    ("huber", {"delta": 1.345}, lambda losses, p, y: losses.huber_loss(p, y, delta=1.345)),
    ("log_cosh", {}, lambda losses, p, y: losses.log_cosh(p, y)),
    ("hinge", {}, lambda losses, p, y: losses.hinge_loss(p, y)),
    ("perceptron", {}, lambda losses, p, y: losses.perceptron_loss(p, y)),
    (
        "binary_cross_entropy_with_logits",
        {},
        lambda losses, p, y: losses.sigmoid_binary_cross_entropy(p, y),
    ),
    ("sigmoid_focal", {}, lambda losses, p, y: losses.sigmoid_focal_loss(p, y, alpha=0.25, gamma=2.0)),
    (
        "sigmoid_focal",
        {"alpha": -1.0, "gamma": 0.5},
        lambda losses, p, y: losses.sigmoid_focal_loss(p, y, gamma=0.5),
    ),
    ("kl_div", {}, lambda losses, p, y: losses.kl_divergence(p[:, None], y[:, None])),
)


@pytest.mark.parametrize(("loss", "function"), OPTAX)
def test_optax(loss, function):
    jax, losses = importing("jax"), importing("optax.losses")
    jax.config.update("jax_enable_x64", True)
    p, y = pair(loss)
    y_there = jax.numpy.asarray(y)
    value, pull_back = jax.vjp(lambda p: function(losses, p, y_there), jax.numpy.asarray(p))
    (grad,) = pull_back(jax.numpy.ones_like(value))
    for one, two in zip(loss.value_and_grad(p, y), (value, grad), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-10, atol=1e-13)
