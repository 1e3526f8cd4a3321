"""Agreement with the libraries that have the same losses.

Run by `pytest -m peers`; each needs a library of the extra `peers`.
"""

import warnings

import numpy as np
import pytest

import fastloss as fl

pytestmark = pytest.mark.peers
CLOSE = {"rtol": 1e-12, "atol": 1e-14}


def importing(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # their own deprecations are not ours
        return pytest.importorskip(name, reason=f"{name} is not installed")


@pytest.fixture(scope="module")
def torch():
    return importing("torch")


@pytest.fixture(scope="module")
def functional(torch):
    return torch.nn.functional


@pytest.fixture
def rng():
    return np.random.default_rng(12)


@pytest.fixture
def pair(rng):
    return 2 * rng.standard_normal(500), rng.standard_normal(500)


@pytest.fixture
def rows(rng):
    labels = rng.integers(0, 6, 300)
    labels[::11] = -100
    return 4 * rng.standard_normal((300, 6)), labels


# ---- elementwise ---------------------------------------------------------------------------


def with_torch(torch, function, pred, target, **keywords):
    p = torch.tensor(pred, requires_grad=True)
    value = function(p, torch.tensor(target), **keywords)
    value.sum().backward()
    return value.detach().numpy(), p.grad.numpy()


def agree(got, want):
    for one, two in zip(got, want, strict=True):
        np.testing.assert_allclose(one, two, **CLOSE)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_torch_mse_and_huber(torch, functional, pair, reduction):
    p, y = pair
    want = with_torch(torch, functional.mse_loss, p, y, reduction=reduction)
    agree(fl.squared_error.value_and_grad(p, y, reduction=reduction), want)
    for delta in (0.3, 1.0, 1.345):
        want = with_torch(torch, functional.huber_loss, p, y, delta=delta, reduction=reduction)
        agree(fl.huber.value_and_grad(p, y, delta=delta, reduction=reduction), want)


@pytest.mark.parametrize("delta", [0.3, 1.0, 1.345])
def test_scipy_huber(pair, delta):
    special = importing("scipy.special")
    np.testing.assert_allclose(fl.huber(*pair, delta=delta), special.huber(delta, pair[0] - pair[1]), **CLOSE)


def test_sklearn_huber(pair):
    loss = importing("sklearn._loss.loss").HuberLoss()
    loss.closs.delta = 1.345
    p, y = pair
    agree(
        fl.huber.value_and_grad(p, y, delta=1.345),
        loss.loss_gradient(y_true=y, raw_prediction=p),
    )


def test_sklearn_half_squared_error(pair, rng):
    loss = importing("sklearn._loss.loss").HalfSquaredError()
    p, y = pair
    weights = rng.uniform(0, 2, 500)
    value, grad = fl.squared_error.value_and_grad(p, y, sample_weight=weights)
    want = loss.loss_gradient(y_true=y, raw_prediction=p, sample_weight=weights)
    agree((value / 2, grad / 2), want)


@pytest.mark.parametrize(("loss", "alpha", "stretch"), [("cauchy", 0.0, 2**0.5), ("soft_l1", 1.0, 1)])
def test_scipy_least_squares(rng, loss, alpha, stretch):
    """least_squares costs rho(x^2) / 2: log1p(x^2) / 2 and sqrt(1 + x^2) - 1."""
    least_squares = importing("scipy.optimize").least_squares
    for x in 3 * rng.standard_normal(20):
        cost = least_squares(lambda _, x=x: np.array([x]), [0.0], loss=loss, max_nfev=1).cost
        value = fl.robust(np.array([x * stretch]), alpha=alpha)[0]
        np.testing.assert_allclose(value, cost * stretch**2, rtol=1e-12)


# ---- cross-entropy -------------------------------------------------------------------------

OPTIONS = [
    {},
    {"label_smoothing": 0.1},
    {"class_weight": [0.2, 1.0, 3.0, 0.5, 1.5, 0.9]},
    {"label_smoothing": 0.3, "class_weight": [0.2, 1.0, 3.0, 0.5, 1.5, 0.9]},
    {"ignore_index": 3},
]


def torch_options(torch, options):
    options = dict(options)
    if "class_weight" in options:
        options["weight"] = torch.tensor(options.pop("class_weight"), dtype=torch.float64)
    return options


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_torch_cross_entropy(torch, functional, rows, options, reduction):
    logits, labels = rows
    if "ignore_index" in options:
        labels = np.where(labels < 0, 3, labels)
    want = with_torch(
        torch,
        functional.cross_entropy,
        logits,
        labels,
        reduction=reduction,
        **torch_options(torch, options),
    )
    agree(fl.cross_entropy.value_and_grad(logits, labels, reduction=reduction, **options), want)


@pytest.mark.parametrize("options", OPTIONS[:4], ids=str)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_torch_cross_entropy_of_probabilities(torch, functional, rng, rows, options, reduction):
    logits, target = rows[0], rng.dirichlet(np.ones(6), 300)
    want = with_torch(
        torch,
        functional.cross_entropy,
        logits,
        target,
        reduction=reduction,
        **torch_options(torch, options),
    )
    agree(fl.cross_entropy.value_and_grad(logits, target, reduction=reduction, **options), want)


def test_torch_axis_one(torch, functional, rng):
    logits, labels = rng.standard_normal((5, 6, 7, 8)), rng.integers(0, 6, (5, 7, 8))
    want = with_torch(torch, functional.cross_entropy, logits, labels, reduction="none")
    agree(fl.cross_entropy.value_and_grad(logits, labels, axis=1), want)


def test_torch_temperature(torch, functional, rows):
    logits, labels = rows
    want = functional.cross_entropy(torch.tensor(logits) / 3.5, torch.tensor(labels), reduction="none")
    np.testing.assert_allclose(fl.cross_entropy(logits, labels, temperature=3.5), want, **CLOSE)


def test_sklearn_multinomial(rows, rng):
    loss = importing("sklearn._loss.loss").HalfMultinomialLoss(n_classes=6)
    logits, labels = rows
    labels, weights = np.abs(labels) % 6, rng.uniform(0, 2, 300)
    want = loss.loss_gradient(y_true=labels.astype(float), raw_prediction=logits, sample_weight=weights)
    agree(fl.cross_entropy.value_and_grad(logits, labels, sample_weight=weights), want)
    _, want = loss.gradient_hessian(y_true=labels.astype(float), raw_prediction=logits, sample_weight=weights)
    np.testing.assert_allclose(fl.cross_entropy.hess(logits, labels, sample_weight=weights), want, **CLOSE)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_scipy_softmax_family(rng, axis):
    special = importing("scipy.special")
    x = 5 * rng.standard_normal((4, 5, 6))
    np.testing.assert_allclose(fl.logsumexp(x, axis=axis), special.logsumexp(x, axis=axis), **CLOSE)
    np.testing.assert_allclose(fl.softmax(x, axis=axis), special.softmax(x, axis=axis), **CLOSE)
    np.testing.assert_allclose(fl.log_softmax(x, axis=axis), special.log_softmax(x, axis=axis), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_torch_half_logits(torch, functional, rng, dtype):
    """torch rounds its result to half precision, so it is asked about the widened logits."""
    logits = torch.tensor(3 * rng.standard_normal((200, 10))).to(getattr(torch, dtype))
    labels = rng.integers(0, 10, 200)
    want = functional.cross_entropy(logits.float(), torch.tensor(labels), reduction="none")
    if dtype == "bfloat16":
        ml_dtypes = importing("ml_dtypes")
        stored = logits.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    else:
        stored = logits.numpy()
    np.testing.assert_allclose(fl.cross_entropy(stored, labels), want, rtol=1e-5, atol=1e-6)
