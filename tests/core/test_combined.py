"""Sums of multiples of losses: what they compute, and what cannot be added."""

import copy
import pickle

import numpy as np
import pytest

import fastloss as fl

RNG = np.random.default_rng(5)
R = np.concatenate([RNG.standard_normal(9000) * 3, [0.0, -0.0, np.nan, np.inf, -1e300, 1.345, 1e-300]])
T = RNG.permutation(R)
SCALED = fl.huber.bind(delta=np.linspace(0.5, 2, R.size))
SUMS = {
    "one": 3 * fl.huber,
    "two": 2 * fl.huber.bind(delta=1.345) + 0.1 * fl.squared_error,
    "four": fl.huber - fl.cauchy / 3 + 0.5 * fl.absolute_error - 1e-3 * fl.welsch,
    "six": sum([fl.huber, fl.cauchy, fl.welsch, fl.fair, fl.robust.bind(alpha=0.3), fl.gaussian_nll.bind(var=2.0)]),
    "array": SCALED + 2 * fl.squared_error,
}
ROWS = 0.9 * fl.cross_entropy.bind(label_smoothing=0.1) - fl.softmax_focal / 7
MARGIN = 0.5 * fl.logistic + 2 * fl.hinge


def expected(loss, output, pred, target):
    """The documented sum: in float64, in order, rounded once."""
    total = None
    for coefficient, term in loss.terms:
        (x,) = term.evaluate(pred, target, outputs=(output,))
        multiple = coefficient * x.astype(np.float64)
        total = multiple if total is None else total + multiple
    return total.astype(x.dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64"])
@pytest.mark.parametrize("name", SUMS)
def test_a_sum_is_the_sum_of_its_losses(name, dtype, isa):
    loss = SUMS[name]
    with np.errstate(all="ignore"):
        pred, target = ((np.clip(np.nan_to_num(a), -9, 9) if dtype == "int64" else a).astype(dtype) for a in (R, T))
        outputs = ("value", "grad", "hess", "weight")
        for output, found in zip(outputs, loss.evaluate(pred, target, outputs=outputs), strict=True):
            np.testing.assert_array_equal(found, expected(loss, output, pred, target), err_msg=output)
        np.testing.assert_array_equal(loss(pred), expected(loss, "value", pred, None))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_weights_reductions_and_threads(dtype):
    loss, pred = SUMS["two"], np.nan_to_num(R[:9000], posinf=4).astype(dtype)
    target, weight = pred[::-1], np.where(pred > 1, 0, abs(pred)).astype(dtype)
    value, grad, hess, irls = loss.evaluate(pred, target, outputs=("value", "grad", "hess", "weight"))
    keywords = {"sample_weight": weight, "reduction": "mean"}
    outputs = "value", "grad", "hess", "weight"
    total = float(weight.astype(float).sum())
    mean, *derivatives = loss.evaluate(pred, target, outputs=outputs, **keywords)
    weighed = (value * weight).astype(dtype)
    assert mean == pytest.approx(weighed.astype(float).sum() / total, rel=1e-14)
    for found, plain in zip(derivatives, (grad, hess), strict=False):
        np.testing.assert_array_equal(found, (plain.astype(float) * weight * (1 / total)).astype(dtype))
    np.testing.assert_array_equal(derivatives[2], irls)
    np.testing.assert_array_equal(loss(pred, target, sample_weight=weight), weighed)
    big = np.tile(pred, 30)
    one, many = (loss.evaluate(big, outputs=("value", "grad"), reduction="sum", num_threads=n) for n in (1, 5))
    assert one[0] == many[0] == fl.get(repr(loss))(big, reduction="sum")
    np.testing.assert_array_equal(one[1], many[1])
    with np.errstate(invalid="ignore"):
        infinite = loss([np.inf, 2.0], sample_weight=[0.0, 1.0], reduction="sum")
    assert infinite == loss(2.0)


def test_layouts_and_out():
    loss, table = SUMS["two"], RNG.standard_normal((70, 90))
    expected = loss(table.copy())
    np.testing.assert_array_equal(loss(table.T), expected.T)
    np.testing.assert_array_equal(loss(table[::-1, ::2]), expected[::-1, ::2])
    out = np.zeros((90, 140))[:, ::2]
    assert loss(table.T, out=out) is out
    np.testing.assert_array_equal(out, expected.T)
    grad, here = loss.grad(table.copy()), table.copy()
    loss.value_and_grad(here, out=(here, other := np.empty_like(here)))
    np.testing.assert_array_equal(here, expected)
    np.testing.assert_array_equal(other, grad)
    assert loss(np.float32(2)).dtype == np.float32 and loss(2.0) == 2 * fl.huber(2.0, delta=1.345) + 0.4
    assert loss([]).shape == (0,) and np.isnan(loss([], reduction="mean"))


def test_losses_of_a_margin():
    pred, target = R[:100], np.where(R[:100] > 0, 1, -1)
    np.testing.assert_array_equal(MARGIN(pred, target), 0.5 * fl.logistic(pred, target) + 2 * fl.hinge(pred, target))
    assert (MARGIN.family, MARGIN.traits) == ("margin", frozenset({"convex"}))
    with pytest.raises(TypeError, match="requires a target"):
        MARGIN(pred)
    assert not hasattr(MARGIN, "weight")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_losses_of_rows(dtype, reduction):
    logits, labels = R[:700].reshape(100, 7).astype(dtype), np.arange(100) % 7
    labels[5] = -100
    keywords = {"sample_weight": abs(R[:100]).astype(dtype), "reduction": reduction, "axis": 0}
    outputs = "value", "grad", "hess"
    results = ROWS.evaluate(logits.T, labels, outputs=outputs, **keywords)
    parts = [term.evaluate(logits.T, labels, outputs=outputs, **keywords) for _, term in ROWS.terms]
    (a, _), (b, _) = ROWS.terms
    for found, one, other in zip(results, *parts, strict=True):
        expected = a * np.asarray(one, np.float64) + b * np.asarray(other, np.float64)
        np.testing.assert_array_equal(
            found, expected if reduction != "none" and found is results[0] else expected.astype(dtype)
        )
    out = tuple(np.empty_like(x) for x in results if isinstance(x, np.ndarray))
    again = ROWS.evaluate(logits.T, labels, outputs=outputs, out=out, **keywords)
    assert [x for x in again if isinstance(x, np.ndarray)][-1] is out[-1]
    for one, other in zip(again, results, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="out has shape"):
        ROWS.grad(logits, labels, out=np.empty(3, dtype))
    assert pickle.loads(pickle.dumps(ROWS)) == ROWS


def test_what_a_sum_is():
    loss = SUMS["two"]
    assert repr(loss) == "2*huber(delta=1.345) + 0.1*squared_error()"
    assert loss.traits == {"convex", "c1", "even"}
    assert "convex" not in (fl.huber - fl.squared_error).traits
    assert loss == 0.1 * (20 * fl.huber.bind(delta=1.345)) + 0.1 * fl.squared_error
    assert loss != 2 * fl.huber + 0.1 * fl.squared_error and hash(loss) == hash(fl.get(repr(loss)))
    assert pickle.loads(pickle.dumps(loss)) == copy.deepcopy(loss) == copy.copy(loss) == loss.bind() == loss
    assert sum([fl.huber]) is fl.huber is +fl.huber
    assert repr(-fl.huber / np.float32(2)) == "-0.5*huber(delta=1.0)"
    assert repr(fl.huber + 0 * fl.absolute_error) == "huber(delta=1.0)"
    assert (0 * fl.huber)(3.0) == 0
    assert repr(np.float64(2) * (fl.huber - fl.cauchy)) == "2*huber(delta=1.0) - 2*cauchy(scale=1.0)"
    assert "2*huber" not in fl.list_losses()


@pytest.mark.parametrize(
    "loss",
    [
        *SUMS.values(),
        ROWS,
        MARGIN,
        fl.get("-huber"),
        fl.get("robust(alpha=-inf)/3"),
        fl.robust.bind(alpha=[[1 / 3, -np.inf, 2.0]], scale=0.1),
        fl.cross_entropy.bind(class_weight=np.linspace(0, 1, 1000)),
        fl.arcface.bind(beyond="none", straight_through=True),
        *map(fl.get, fl.list_losses()),
    ],
    ids=lambda loss: repr(loss)[:50],
)
def test_its_text_is_read_back(loss):
    if loss is not SUMS["array"]:  # of too many numbers
        assert fl.get(repr(loss)) == loss


def test_a_text_has_a_thousand_numbers_at_most():
    many = fl.cross_entropy.bind(class_weight=np.arange(1001.0))
    assert "..." in repr(many) and len(repr(many)) < 300
    with pytest.raises(ValueError, match="cannot be read"):
        fl.get(repr(many))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2*", "cannot be read: invalid syntax"),
        ("2*3", "is a number"),
        ("2*nope", "unknown loss 'nope'"),
        ("huber(1.0)", "it is no sum of multiples of losses"),
        ("__import__('os')", "it is no sum of multiples of losses"),
        ("huber.__class__+1", "it is no sum of multiples of losses"),
        ("2**huber", "it is no sum of multiples of losses"),
        ("huber(delta=cauchy)", "cauchy is no number"),
        ("huber(delta=[1, cauchy])", "cauchy is no number"),
        ("'huber'*2", "it is no sum of multiples of losses"),
        ("huber/0", "division by zero"),
        ("(" * 4000, "cannot be read"),
        ("-" * 20000 + "huber", "cannot be read"),
        ("huber + " * 20000 + "huber", "it is too long"),
    ],
)
def test_a_text_that_cannot_be_read(text, message):
    with pytest.raises(ValueError, match="loss") as caught:
        fl.get(text)
    assert message in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: fl.huber + fl.hinge, TypeError, "huber is a loss of residual and hinge one of margin"),
        (lambda: fl.sigmoid_focal + fl.binary_cross_entropy, TypeError, "a loss of logits and .* one of probability"),
        (lambda: fl.cross_entropy + fl.huber, TypeError, "cross_entropy is a loss of rows and huber one of residual"),
        (lambda: fl.cross_entropy + fl.nll, TypeError, "nll one of rows of log-probabilities"),
        (lambda: fl.cross_entropy + fl.distillation, TypeError, "distillation one of two rows of logits"),
        (lambda: fl.cross_entropy - fl.nll.bind(ignore_index=1), TypeError, "a loss of rows and nll"),
        (lambda: fl.poly1_cross_entropy - fl.softmax_focal.bind(ignore_index=1), TypeError, "ignores label -100 and"),
        (lambda: ROWS([[0.0, 1.0]], [1], temperature=2.0), TypeError, "no parameter 'temperature': bind those"),
        (
            lambda: fl.triplet + fl.triplet,
            TypeError,
            "triplet is one of embeddings: sums are of losses of numbers or of r",
        ),
        (lambda: 2 * fl.gaussian_nll, TypeError, "gaussian_nll requires var: give it in the call, or bind it"),
        (lambda: fl.huber * np.nan, ValueError, "huber is multiplied by nan: give a finite number"),
        (lambda: fl.huber * True, TypeError, "unsupported operand"),
        (lambda: fl.huber * "2", TypeError, "can't multiply"),
        (lambda: fl.huber * fl.cauchy, TypeError, "unsupported operand"),
        (lambda: fl.huber + 1, TypeError, "unsupported operand"),
        (lambda: np.ones(2) * fl.huber, TypeError, "unsupported operand"),
        (lambda: SUMS["two"]([1.0], delta=2), TypeError, "no parameter 'delta': bind those of its losses before"),
        (lambda: SUMS["two"].bind(delta=2), TypeError, "no parameter 'delta'"),
        (lambda: SUMS["two"].param_grad([1.0]), TypeError, "no derivatives with respect to its parameters"),
        (lambda: MARGIN.evaluate([1.0], [1], outputs=("weight",)), ValueError, "outputs must be among"),
        (lambda: SUMS["array"]([1.0, 2.0]), ValueError, "delta of shape"),
        (
            lambda: (2 * fl.huber.bind(delta=1e-60))(np.ones(3, "f")),
            ValueError,
            "delta must be > 0 and finite in float32",
        ),
    ],
)
def test_what_cannot_be_added(make, error, message):
    with pytest.raises(error, match=message):
        make()
