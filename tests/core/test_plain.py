"""Plain calls of small arrays are answered at once, with the bits of the general way; all others go that way."""

import numpy as np
import pytest
from catalogue import DTYPES, ROWWISE, WITH_TARGET, arrays, assert_same_bits, cases, inputs, outputs, ready

import fastloss as fl
from fastloss.core.loss import ElementwiseLoss, ShiftedLoss
from fastloss.core.row_loss import RowLoss

EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
REDUCTIONS = ("none", "sum", "mean")
SHAPES = ((1,), (7,), (31, 33), (4096,), (2, 3, 2731))
MATRICES = ((1, 1), (32, 10), (5, 1000), (513, 7), (300, 129))
LABELS = ("int64", "int32", "uint8", "int16", "uint64")


@pytest.fixture
def agree(monkeypatch):
    """Asserts that a call of `evaluate` is plain, and that its results have the bits of the general way."""

    fl.set_num_threads(1)  # others are for the general way, which has threads

    def agree(loss, *arguments, outputs, out=None, **keywords):
        wanted = loss._general(*map(np.copy, arguments), outputs=outputs, **keywords)
        with monkeypatch.context() as patch:
            for kind in (ElementwiseLoss, RowLoss):
                patch.setattr(kind, "_general", None)
            got = loss.evaluate(*arguments, outputs=outputs, out=out, **keywords)
        assert [type(one) for one in got] == [type(one) for one in wanted]
        for one, other in zip(got, wanted, strict=True):
            assert_same_bits(one, other)
        return got

    return agree


def _has_float32(value):
    """Whether a number is 0 or infinite as float32 if it is so anyhow."""
    with np.errstate(over="ignore"):
        narrow = np.float32(value)
    return (narrow == 0) == (value == 0) and np.isinf(narrow) == np.isinf(value)


@EVERY_DTYPE
@pytest.mark.parametrize(("name", "parameters"), cases())
def test_elementwise(name, parameters, dtype, isa, agree):
    if any(np.ndim(value) for value in parameters.values()):
        return
    loss = fl.get(name, **parameters)
    if dtype == "float32" and not all(map(_has_float32, loss.parameters.values())):
        return
    points = inputs(name, dtype, parameters)
    for reduction in REDUCTIONS:
        agree(loss, *points, outputs=outputs(name), reduction=reduction)
        agree(loss, *points, outputs=("value",), reduction=reduction, num_threads=2)
        agree(loss, *points, outputs=("grad", "value"), reduction=reduction)
        agree(loss, *points, outputs=outputs(name), reduction=reduction, sample_weight=np.abs(points[0]))


@EVERY_DTYPE
@pytest.mark.parametrize("name", sorted({case.values[0] for case in cases()}))
def test_parameters_in_the_call(name, dtype, agree):
    loss = ready(name)
    given = {k: float(np.float32(v)) for k, v in loss.parameters.items()}
    points = arrays(name, 100, dtype)
    wanted = loss.bind(**given)(*points)
    assert_same_bits(loss(*points, **given), wanted)
    agree(loss.bind(**given), *points, outputs=("value",))
    if not (loss._relations or isinstance(loss, ShiftedLoss)):
        agree(loss, *points, outputs=("value", "grad"), **given)


@EVERY_DTYPE
@pytest.mark.parametrize("name", WITH_TARGET)
def test_shapes_and_targets(name, dtype, agree):
    for k, shape in enumerate(SHAPES):
        points = arrays(name, shape, dtype, seed=k)
        points = points if len(points) == 2 else (points[0], points[0][::-1].copy())
        agree(ready(name), *points, outputs=("value", "grad"), reduction=REDUCTIONS[k % 3])


@EVERY_DTYPE
@pytest.mark.parametrize("name", ROWWISE)
def test_rows(name, dtype, isa, agree):
    rng, loss = np.random.default_rng(1), ready(name)
    for k, (rows, classes) in enumerate(MATRICES):
        logits = (4 * rng.standard_normal((rows, classes))).astype(dtype)
        labels = rng.integers(0, min(classes, 127), rows).astype(LABELS[k])
        teacher = (4 * rng.standard_normal((rows, classes))).astype(dtype)
        target = teacher if loss.targets == "logits" else labels
        for names in (("value",), ("grad",), ("value", "grad"), ("hess", "value", "grad")):
            for reduction in REDUCTIONS:
                agree(loss, logits, target, outputs=names, reduction=reduction)
        if loss.targets == "labels or probabilities":
            shares = fl.softmax(teacher)
            agree(loss, logits, shares, outputs=("value", "grad"), reduction="mean")


def test_rows_with_parameters(agree):
    rng = np.random.default_rng(2)
    logits, labels = rng.standard_normal((32, 10)).astype("float32"), rng.integers(0, 10, 32)
    names = ("value", "grad")
    agree(fl.cross_entropy, logits, labels, outputs=names, label_smoothing=0.1, temperature=3)
    agree(fl.cross_entropy.bind(label_smoothing=0.3), logits, labels, outputs=names, reduction="mean")
    agree(fl.cross_entropy, logits, labels, outputs=names, sample_weight=None, reduction="mean")
    agree(fl.softmax_focal, logits, labels, outputs=names, gamma=1.7)
    agree(fl.multi_margin.bind(p=2), logits, labels, outputs=names, margin=0.5)
    agree(fl.top_k_error, logits, labels, outputs=("value",), k=3, reduction="mean")


@EVERY_DTYPE
def test_out(dtype, agree):
    x, y = np.random.default_rng(3).standard_normal((2, 5000)).astype(dtype)
    for names, out in [
        (("value",), np.empty_like(x)),
        (("value", "grad"), (np.empty_like(x), np.empty_like(x))),
        (("value",), x.copy()),
    ]:
        got = agree(fl.huber, x, y, outputs=names, out=out)
        for one, other in zip(got, out if type(out) is tuple else (out,), strict=True):
            assert one is other
    for place in (x, y):  # exactly an input
        pred, target = x.copy(), y.copy()
        out = pred if place is x else target
        agree(fl.robust, pred, target, outputs=("grad",), out=out, reduction="sum")
    logits, labels = x[:320].reshape(32, 10).copy(), np.arange(32) % 10
    got = agree(fl.cross_entropy, logits, labels, outputs=("grad",), out=logits, reduction="mean")
    assert got[0] is logits


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_what_is_not_plain(reduction, monkeypatch):
    """The general way answers, on the arguments as they were given."""
    rng = np.random.default_rng(4)
    x, logits, labels = rng.standard_normal(24), rng.standard_normal((6, 4)), np.array([0, 1, 2, 3, -100, 1])
    memory, seen = np.zeros(48), []
    general = {kind: kind._general for kind in (ElementwiseLoss, RowLoss)}
    for kind, function in general.items():

        def watched(self, *arguments, function=function, **keywords):
            seen.append(arguments)
            return function(self, *arguments, **keywords)

        monkeypatch.setattr(kind, "_general", watched)
    calls = [
        lambda: fl.huber(x[::2], reduction=reduction),
        lambda: fl.huber(x.astype(">f8"), reduction=reduction),
        lambda: fl.huber(x.astype("float16"), reduction=reduction),
        lambda: fl.huber(list(x), reduction=reduction),
        lambda: fl.huber(x, 1.0, reduction=reduction),
        lambda: fl.huber(x, x.astype("float32"), reduction=reduction),
        lambda: fl.huber(x, delta=np.full(24, 2.0), reduction=reduction),
        lambda: fl.huber(x, sample_weight=2.0, reduction=reduction),
        lambda: fl.huber.grad(x, sample_weight=memory[:24], out=memory[:24], reduction=reduction),
        lambda: fl.huber(x, num_threads=np.int64(2), reduction=reduction),
        lambda: fl.huber(np.float64(3.0), reduction=reduction),
        lambda: fl.huber(x[:0], reduction=reduction),
        lambda: fl.huber(x.view(np.recarray), reduction=reduction),
        lambda: fl.huber.grad(memory[:24], out=memory[1:25], reduction=reduction),
        lambda: fl.cross_entropy(logits, labels, reduction=reduction),
        lambda: fl.cross_entropy(logits, np.array([0.0, 1, 2, 3, 0, 1]), reduction=reduction),
        lambda: fl.cross_entropy(logits, labels % 4, ignore_index=0, reduction=reduction),
        lambda: fl.cross_entropy(logits, labels % 4, class_weight=np.ones(4), reduction=reduction),
        lambda: fl.cross_entropy(logits, labels[:4] % 4, axis=0, reduction=reduction),
    ]
    for k, call in enumerate(calls):
        call()
        assert len(seen) == k + 1


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: fl.huber(), TypeError, "pred"),
        (lambda x: fl.huber(x, x, x), TypeError, "positional"),
        (lambda x: fl.huber(x, dleta=2.0), TypeError, "did you mean: delta"),
        (lambda x: fl.huber(x, delta=-1.0), ValueError, "delta must be > 0, got -1.0"),
        (lambda x: fl.huber(x, delta=True), None, ""),
        (lambda x: fl.huber(x, delta=float("nan")), ValueError, "delta must not be NaN"),
        (lambda x: fl.huber(x, delta=10**400), ValueError, "range of float64"),
        (lambda x: fl.huber(x, num_threads=0), ValueError, "num_threads must be an integer >= 1, got 0"),
        (lambda x: fl.huber(x, reduction="men"), ValueError, "reduction must be one of"),
        (lambda x: fl.huber(x, x[:3]), ValueError, "equal shapes"),
        (lambda x: fl.huber(x, out=x[:3]), ValueError, "out has shape"),
        (lambda x: fl.huber(x, out=(x, x)), ValueError, "out must hold 1 array"),
        (lambda x: fl.huber.value_and_grad(x, out=(x, x)), ValueError, "share memory"),
        (lambda x: fl.huber.value_and_grad(x, out=(x,)), ValueError, "out must hold 2 arrays"),
        (lambda x: fl.huber.evaluate(x), TypeError, "outputs"),
        (lambda x: fl.huber.evaluate(x, outputs=("value", "value")), ValueError, "each output once"),
        (lambda x: fl.hinge.evaluate(x, x, outputs=("weight",)), ValueError, "outputs must be among"),
        (lambda x: fl.hinge(x), TypeError, "requires a target"),
        (lambda x: fl.entropy(x, x), TypeError, "takes no target"),
        (lambda x: fl.gaussian_nll(x, x), TypeError, "requires var"),
        (lambda x: fl.huber.weight(x, reduction="sum"), TypeError, "reduction"),
        (lambda x: fl.cross_entropy(x.reshape(2, 12), np.array([3, 12])), IndexError, "target 12 at row 1"),
        (lambda x: fl.cross_entropy(x.reshape(2, 12)), TypeError, "target"),
    ],
)
def test_errors_are_those_of_the_general_way(call, kind, message):
    x = np.linspace(0.1, 0.9, 24)
    before = x.copy()
    if kind is None:
        call(x)
    else:
        with pytest.raises(kind, match=message):
            call(x)
    assert_same_bits(x, before)
