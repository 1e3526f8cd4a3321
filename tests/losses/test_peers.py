"""Agreement of the row losses with the libraries that have the same.

Run by `pytest -m peers`; each needs a library of the extra `peers`.
"""

import numpy as np
import pytest
from agreement import CLOSE, agree, importing, with_torch

import fastloss as fl

pytestmark = pytest.mark.peers


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
def rows(rng):
    labels = rng.integers(0, 6, 300)
    labels[::11] = -100
    return 4 * rng.standard_normal((300, 6)), labels


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


# ---- the other losses of rows --------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"class_weight": OPTIONS[2]["class_weight"]}, {"ignore_index": 3}], ids=str)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_torch_nll(torch, functional, rows, options, reduction):
    logits, labels = rows
    if "ignore_index" in options:
        labels = np.where(labels < 0, 3, labels)
    log_prob = fl.log_softmax(logits)
    want = with_torch(
        torch, functional.nll_loss, log_prob, labels, reduction=reduction, **torch_options(torch, options)
    )
    agree(fl.nll.value_and_grad(log_prob, labels, reduction=reduction, **options), want)


@pytest.mark.parametrize("options", [{}, {"class_weight": OPTIONS[2]["class_weight"]}, {"margin": 0.3}], ids=str)
@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_torch_multi_margin(torch, functional, rows, options, p, reduction):
    """torch's mean divides by the number of rows, with weights too."""
    logits, labels = rows[0], abs(rows[1]) % 6
    want = with_torch(
        torch, functional.multi_margin_loss, logits, labels, p=p, reduction=reduction, **torch_options(torch, options)
    )
    if reduction == "mean" and "class_weight" in options:
        share = np.take(options["class_weight"], labels).mean()
        want = tuple(output / share for output in want)
    agree(fl.multi_margin.value_and_grad(logits, labels, p=p, reduction=reduction, **options), want)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_torch_kl_div(torch, functional, rng, rows, temperature, reduction):
    def function(student, teacher, reduction):
        logs = (functional.log_softmax(x / temperature, -1) for x in (student, teacher))
        value = temperature**2 * functional.kl_div(*logs, reduction="none", log_target=True).sum(-1)
        return value if reduction == "none" else getattr(value, reduction)()

    teacher = 4 * rng.standard_normal((300, 6))
    want = with_torch(torch, function, rows[0], teacher, reduction=reduction)
    agree(fl.distillation.value_and_grad(rows[0], teacher, temperature=temperature, reduction=reduction), want)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_torch_focal_of_its_cross_entropy(torch, functional, rows, gamma):
    def function(logits, labels):
        entropy = functional.cross_entropy(logits, labels, reduction="none")
        return (-torch.expm1(-entropy)) ** gamma * entropy

    logits, labels = rows[0], abs(rows[1]) % 6
    agree(fl.softmax_focal.value_and_grad(logits, labels, gamma=gamma), with_torch(torch, function, logits, labels))
