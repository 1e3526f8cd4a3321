"""Every wrong call of API.md: the exception, its words, and nothing written."""

import re

import numpy as np
import pytest
from catalogue import ELEMENTWISE, ROWWISE, WITH_TARGET, arrays, method, outputs, ready
from oracles.row_samples import target_of
from oracles.rows import ROWS as ROW_ORACLES

import fastloss as fl

ROWS = np.arange(20.0).reshape(4, 5)
LABELS = np.array([0, 1, 2, 3])
LABELLED = [name for name in ROWWISE if ROW_ORACLES[name].targets != "logits"]


def raises(error, *pieces):
    """The exception whose message has all these pieces, in any order."""
    return pytest.raises(error, match="".join(f"(?=.*{re.escape(piece)})" for piece in pieces))


# ---- parameters ----------------------------------------------------------------------------


UNBOUNDED = " and <= +inf"


def outside(domain):
    """Numbers that a domain of losses.def excludes."""
    yield np.nan
    if domain.endswith(UNBOUNDED):
        yield -np.inf
    elif domain != "any":
        yield from (np.inf, -np.inf)
    for comparison, bound in re.findall(r"([<>]=?) ([\d.]+)", domain):
        beyond = float(bound) + (0.5 if comparison[0] == "<" else -0.5)
        yield from (beyond,) if comparison[1:] else (float(bound), beyond)


def complaint(parameter, domain, value):
    if np.isnan(value):
        return parameter, "NaN"
    if np.isinf(value) and not domain.endswith(UNBOUNDED):
        return parameter, "finite", str(value)
    return f"{parameter} must be {domain.removesuffix(UNBOUNDED)}", str(value)


def bad_parameters():
    for name in ELEMENTWISE:
        for parameter, domain in fl.get(name).domains.items():
            for value in outside(domain):
                yield name, parameter, domain, value


@pytest.mark.parametrize(("name", "parameter", "domain", "value"), [*bad_parameters()])
def test_parameter_outside_its_domain(name, parameter, domain, value):
    loss, points = ready(name), arrays(name, (6, 3))
    wanted = complaint(parameter, domain, value)
    per_column = np.array([*[loss.parameters[parameter]] * 2, value], float)
    per_element = np.full((6, 3), loss.parameters[parameter], float)
    per_element[4, 1] = value
    for bad in (value, np.float32(value), per_column, per_element):
        for output in outputs(name):
            with raises(ValueError, *wanted):
                method(loss, output)(*points, **{parameter: bad})
    with raises(ValueError, *wanted):
        loss.bind(**{parameter: value})
    with raises(ValueError, *wanted):
        fl.get(name, **{parameter: value})


def test_messages_of_the_api_page():
    x = np.ones(3)
    with raises(ValueError, "scale must be > 0, got 0.0"):
        fl.robust(x, scale=0.0)
    with raises(ValueError, "alpha must not be NaN"):
        fl.robust(x, alpha=np.nan)
    with raises(IndexError, "target 7 at row 3 is out of bounds for 5 classes"):
        fl.cross_entropy(ROWS, np.array([0, 1, 2, 7]))
    with raises(ValueError, "expected at least one class"):
        fl.cross_entropy(np.ones((4, 0)), LABELS)
    with raises(TypeError, "unsupported dtype complex128 for 'pred'; expected"):
        fl.huber(x + 1j)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_parameter_of_a_shape_that_does_not_broadcast(name):
    for parameter, value in ready(name).parameters.items():
        with raises(ValueError, parameter, "(4,)", "(6, 3)"):
            ready(name)(*arrays(name, (6, 3)), **{parameter: np.full(4, value)})


@pytest.mark.parametrize("bad", ["1", None, 1j, [1.0, "x"]])
def test_parameter_that_is_no_number(bad):
    with raises(TypeError, "delta"):
        fl.huber(np.ones(3), delta=bad)


# ---- names ---------------------------------------------------------------------------------


def test_unknown_names_list_the_near_ones():
    with raises(ValueError, "hubr", "huber"):
        fl.get("hubr")
    with raises(TypeError, "dleta", "delta"):
        fl.huber(np.ones(3), dleta=1.0)
    with raises(TypeError, "dleta", "delta"):
        fl.huber.grad(np.ones(3), dleta=1.0)
    with raises(TypeError, "dleta", "delta"):
        fl.huber.bind(dleta=1.0)
    with raises(TypeError, "dleta", "delta"):
        fl.get("huber", dleta=1.0)
    with raises(TypeError, "temprature", "temperature"):
        fl.cross_entropy(ROWS, LABELS, temprature=1.0)


def some_points(name):
    return (ROWS, target_of(name, ROWS, LABELS)) if fl.get(name).is_rowwise else arrays(name, 4)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *ROWWISE])
def test_unknown_reduction_and_outputs(name):
    loss, points = ready(name), some_points(name)
    with raises(ValueError, "reduction", "average"):
        loss(*points, reduction="average")
    with raises(ValueError, "outputs", "gradient", "grad"):
        loss.evaluate(*points, outputs=("gradient",))
    with raises(ValueError, "outputs"):
        loss.evaluate(*points, outputs=())


@pytest.mark.parametrize("name", [*ELEMENTWISE, *ROWWISE])
@pytest.mark.parametrize("count", [0, -1])
def test_threads_must_be_positive(name, count):
    points = some_points(name)
    with raises(ValueError, "num_threads must be", ">= 1", f"got {count}"):
        ready(name)(*points, num_threads=count)
    with raises(ValueError, str(count)):
        fl.set_num_threads(count)


def test_unknown_isa():
    with raises(ValueError, "avx9", fl.isas()[0]):
        fl.use_isa("avx9")


# ---- shapes --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_TARGET)
def test_shapes_of_pred_and_target_differ(name):
    for shape in ((5, 1), (1,), (4,), (5, 5)):
        with raises(ValueError, "target", str(shape)) as caught:
            ready(name)(np.ones(5), np.ones(shape))
        assert "(5,)" in str(caught.value)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_shape_of_sample_weight(name):
    for shape in ((3,), (2, 6), (6, 1, 1)):
        with raises(ValueError, "sample_weight", str(shape)) as caught:
            ready(name)(*arrays(name, (6, 2)), sample_weight=np.ones(shape))
        assert "(6, 2)" in str(caught.value)


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if fl.get(name).requires_target])
def test_target_is_required(name):
    with raises(TypeError, "target"):
        ready(name)(np.ones(3))


@pytest.mark.parametrize("name", ROWWISE)
def test_shapes_of_rows(name):
    cases = [
        ({"target": np.zeros(3, int)}, "target", "(3,)"),
        ({"target": np.zeros((4, 1), int)}, "target", "(4, 1)"),
        ({"class_weight": np.ones(4)}, "class_weight", "(4,)"),
        ({"sample_weight": np.ones(5)}, "sample_weight", "(5,)"),
    ]
    if ROW_ORACLES[name].targets != "labels":
        cases.append(({"target": np.zeros((4, 6))}, "target", "(4, 6)", "(4, 5)"))
    for arguments, *pieces in cases:
        if "class_weight" in arguments and "class_weight" not in fl.get(name).domains:
            continue
        with raises(ValueError, *pieces):
            fl.get(name)(ROWS, **{"target": target_of(name, ROWS, LABELS), **arguments})


def test_labels_of_another_axis_name_it():
    images = np.zeros((2, 3, 4, 4))
    with raises(ValueError, "expected (2, 3, 4)", "they fit axis=1"):
        fl.cross_entropy(images, np.zeros((2, 4, 4), int))
    fl.cross_entropy(images, np.zeros((2, 4, 4), int), axis=1)


def test_logits_need_an_axis_of_classes():
    with raises(ValueError, "axis", "2"):
        fl.cross_entropy(ROWS, LABELS, axis=2)
    with pytest.raises(ValueError, match=r"logits|pred"):
        fl.cross_entropy(np.float64(1), np.array(0))
    for function in (fl.logsumexp, fl.softmax, fl.log_softmax):
        with raises(ValueError, "expected at least one class"):
            function(np.ones((4, 0)))


# ---- dtypes --------------------------------------------------------------------------------

UNSUPPORTED = ("complex64", "complex128", "S3", "U3", "M8[s]", "m8[s]", "O")


@pytest.mark.parametrize("dtype", UNSUPPORTED)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_unsupported_dtypes(name, dtype):
    loss, bad, good = ready(name), np.zeros(3, dtype), arrays(name, 3)
    with raises(TypeError, f"unsupported dtype {bad.dtype} for 'pred'; expected"):
        loss(bad, *good[1:])
    if loss.takes_target:
        with raises(TypeError, f"unsupported dtype {bad.dtype} for 'target'; expected"):
            loss(good[0], bad)
    with raises(TypeError, f"unsupported dtype {bad.dtype} for 'sample_weight'; expected"):
        loss(*good, sample_weight=bad)


class Sparse:
    def __repr__(self):
        return "a sparse matrix"

    def toarray(self):
        return np.eye(3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "None"),
        ({1, 2}, r"\{1, 2\}"),
        ({"a": 1}, r"\{'a': 1\}"),
        (Sparse(), r"a sparse matrix; give its toarray\(\)"),
    ],
)
def test_what_is_no_array(given, message):
    calls = {
        "pred": lambda: fl.huber(given, np.eye(3)),
        "logits": lambda: fl.cross_entropy(given, LABELS),
        "values": lambda: fl.summarize(given),
        "target": lambda: fl.log_cosh(np.eye(3), given),
    }
    for name, call in calls.items():
        if name != "target" or given is not None:  # which may be left out
            with pytest.raises(TypeError, match=f"^unsupported dtype object for '{name}', which is {message}"):
                call()


def test_long_double_is_not_narrowed():
    if np.finfo(np.longdouble).bits == 64:
        pytest.skip("long double is float64 here")
    with raises(TypeError, "unsupported dtype", "'pred'"):
        fl.huber(np.ones(3, np.longdouble))


@pytest.mark.parametrize("dtype", UNSUPPORTED)
def test_unsupported_dtypes_of_rows(dtype):
    for name in ROWWISE:
        with raises(TypeError, "unsupported dtype", "expected"):
            fl.get(name)(np.zeros((4, 5), dtype), LABELS)
        with raises(TypeError, "unsupported dtype", "target", "expected"):
            fl.get(name)(ROWS, np.zeros(4, dtype))
    for function in (fl.logsumexp, fl.softmax, fl.log_softmax):
        with raises(TypeError, "unsupported dtype", "expected"):
            function(np.zeros((4, 5), dtype))


@pytest.mark.parametrize("name", LABELLED)
def test_swapped_arguments(name):
    for logits in (LABELS, LABELS.astype(float), np.zeros((4, 5), int)):
        with raises(TypeError, "swapped"):
            fl.get(name)(logits, ROWS)


@pytest.mark.parametrize("name", [name for name in LABELLED if ROW_ORACLES[name].targets == "labels"])
def test_float_targets_where_only_labels_do(name):
    with raises(TypeError, "target must be integers, one label per row, got float64", "(4, 5)"):
        fl.get(name)(ROWS, ROWS)
    with raises(ValueError, "target", "(3,)", "(4,)", "labels"):
        fl.get(name)(ROWS, np.zeros(3))


NO_LABELS = {
    "a fraction": (1.5, ValueError, "1.5 at row 3 is not a whole number"),
    "nan": (np.nan, ValueError, "nan at row 3 is not a whole number, it is NaN or null"),
    "infinity": (np.inf, ValueError, "inf at row 3 is not a whole number"),
    "minus infinity": (-np.inf, ValueError, "-inf at row 3 is not a whole number"),
    "no class": (5.0, IndexError, "5 at row 3 is out of bounds for 5 classes"),
    "beyond int64": (1e300, IndexError, "1e+300 at row 3 is out of bounds for 5 classes"),
    "far below": (-(2.0**63), IndexError, "-9.223372036854776e+18 at row 3 is out of bounds for 5 classes"),
}


@pytest.mark.parametrize("kind", NO_LABELS)
@pytest.mark.parametrize("name", [*ROWWISE, "accuracy", "log_loss"])
def test_floats_that_are_no_labels(name, kind):
    label, error, message = NO_LABELS[kind]
    labels = np.append(LABELS[:3], label)
    call = getattr(fl, name)
    arguments = (ROWS, labels) if name not in ROWWISE or name in LABELLED else (ROWS, ROWS)
    keywords = {} if arguments[1] is labels else {"labels": labels}
    with raises(error, f"{'target' if not keywords else 'labels'} {message}"):
        call(*arguments, **keywords)


def test_labels_beside_a_teacher():
    for labels in (LABELS[:3], LABELS[:, None]):
        with raises(ValueError, "labels", str(labels.shape), "(4,)"):
            fl.distillation(ROWS, ROWS, labels=labels)
    with raises(IndexError, "labels 5 at row 0 is out of bounds for 5 classes"):
        fl.distillation(ROWS, ROWS, labels=LABELS + 5)
    with raises(TypeError, "labels", "label_smoothing"):
        fl.cross_entropy(ROWS, LABELS, labels=LABELS)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_masked_arrays(name):
    """Their mask would be ignored."""
    masked = np.ma.masked_array(np.ones(3), mask=[0, 1, 0])
    loss, plain = ready(name), arrays(name, 3)
    with raises(TypeError, "mask"):
        loss(masked, *plain[1:])
    if loss.takes_target:
        with raises(TypeError, "mask"):
            loss(plain[0], masked)
    with raises(TypeError, "mask"):
        loss(*plain, sample_weight=masked)


@pytest.mark.parametrize("thing", [None, object(), "1.0", {"a": 1}, {1.0}, (x for x in [1.0])])
def test_things_without_numbers(thing):
    with raises(TypeError, "pred"):
        fl.huber(thing)


# ---- rows ----------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan])
def test_temperature(temperature):
    for call in (
        lambda: fl.cross_entropy(ROWS, LABELS, temperature=temperature),
        lambda: fl.logsumexp(ROWS, temperature=temperature),
        lambda: fl.softmax(ROWS, temperature=temperature),
        lambda: fl.log_softmax(ROWS, temperature=temperature),
    ):
        with raises(ValueError, "temperature"):
            call()


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, np.nan, np.inf])
def test_label_smoothing(smoothing):
    with raises(ValueError, "label_smoothing", str(smoothing).replace("nan", "")):
        fl.cross_entropy(ROWS, LABELS, label_smoothing=smoothing)


WIDTHS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fl.softmax_focal(ROWS, LABELS, gamma=-1), "gamma must be >= 0, got -1"),
        (lambda: fl.softmax_focal(ROWS, LABELS, gamma=np.float64(-1)), "gamma must be >= 0, got -1"),
        (lambda: fl.softmax_focal(ROWS, LABELS, gamma=np.nan), "gamma must not be NaN"),
        (lambda: fl.softmax_focal(ROWS, LABELS, gamma=[1.0, 2.0]), "gamma must be a number"),
        (lambda: fl.multi_margin(ROWS, LABELS, p=3), "p must be 1 or 2, got 3"),
        (lambda: fl.multi_margin(ROWS, LABELS, margin=np.inf), "margin must be finite, got inf"),
        (lambda: fl.multi_margin(np.float32(ROWS), LABELS, margin=-1e300), "margin must be finite in float32"),
        (lambda: fl.distillation(ROWS, ROWS, temperature=0), "temperature must be > 0, got 0"),
        (lambda: fl.nll(ROWS, LABELS, class_weight=[-1.0] * 5), "class_weight must be >= 0, got -1"),
    ],
)
def test_parameters_of_rows(call, message):
    with raises((ValueError, TypeError), message):
        call()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("how", ["__call__", "grad", "hess", "value_and_grad"])
@pytest.mark.parametrize("name", LABELLED)
def test_labels_out_of_range(name, width, how):
    call = getattr(fl.get(name), how)
    for bad in (5, 100, -1) if width[0] == "i" else (5, 255):
        labels = LABELS.astype(width)
        labels[2] = bad
        with raises(IndexError, f"target {bad} at row 2 is out of bounds for 5 classes"):
            call(ROWS, labels)


def test_huge_unsigned_label_does_not_wrap_to_ignore_index():
    labels = LABELS.astype("uint64")
    labels[1] = 2**64 - 100
    with raises(IndexError, f"target {2**64 - 100} at row 1"):
        fl.cross_entropy(ROWS, labels)


def test_first_bad_label_of_many_is_named_by_any_number_of_threads():
    labels = np.zeros(100_000, int)
    labels[[40_321, 80_000]] = (9, 8)
    for threads in (1, 2, 5):
        with raises(IndexError, "target 9 at row 40321"):
            fl.cross_entropy(np.zeros((100_000, 3)), labels, num_threads=threads)


# ---- out -----------------------------------------------------------------------------------


def test_wrong_out():
    x = np.ones((3, 2))
    for out, error in (
        (np.empty((2, 3)), ValueError),
        (np.empty(6), ValueError),
        (np.empty((3, 2), np.float32), (TypeError, ValueError)),
        (np.empty((3, 2), int), (TypeError, ValueError)),
        ([0.0] * 6, TypeError),
    ):
        with pytest.raises(error, match="out"):
            fl.huber(x, out=out)
    read_only = np.empty((3, 2))
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match=r"out.*read-only|read-only.*out"):
        fl.huber(x, out=read_only)


def test_wrong_tuples_of_outs():
    x = np.ones(3)
    for out in (np.empty(3), (np.empty(3),), (np.empty(3),) * 3, (np.empty(3), np.empty(4))):
        with pytest.raises((TypeError, ValueError), match="out"):
            fl.huber.value_and_grad(x, out=out)
    shared = np.empty(3)
    with pytest.raises(ValueError, match="out"):
        fl.huber.value_and_grad(x, out=(shared, shared))


def test_out_beside_a_reduction():
    """A reduced value is a Python float; there is nothing to write it to."""
    with pytest.raises((TypeError, ValueError), match="out"):
        fl.huber(np.ones(3), reduction="sum", out=np.empty(3))


# ---- nothing is written --------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nothing_is_written_before_an_error(name):
    loss, points, out = ready(name), arrays(name, 10_000), np.full(10_000, 77.0)
    bad_weight = np.ones(9_999)
    last_is_nan = np.append(np.ones(9_999), np.nan)
    for keyword, wrong in (
        ("sample_weight", bad_weight),
        ("reduction", "average"),
        ("num_threads", 0),
        *((parameter, np.nan) for parameter in loss.parameters),
        *((parameter, last_is_nan) for parameter in loss.parameters),
    ):
        with raises(ValueError, keyword):
            loss(*points, out=out, **{keyword: wrong})
        assert (out == 77.0).all()


def test_nothing_is_written_before_an_error_of_rows():
    logits, labels = np.zeros((50_000, 3)), np.zeros(50_000, int)
    labels[-1] = 3
    values, grads = np.full(50_000, 77.0), np.full((50_000, 3), 77.0)
    with pytest.raises(IndexError):
        fl.cross_entropy.value_and_grad(logits, labels, out=(values, grads), num_threads=2)
    assert (values == 77.0).all()
    assert (grads == 77.0).all()


# ---- arguments by position -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["huber", "robust_nll", "hinge", "cross_entropy"])
def test_parameters_by_position(name):
    loss = fl.get(name)
    pred, target = (ROWS, LABELS) if loss.is_rowwise else (np.ones(3), np.ones(3))
    for call in (loss, loss.grad, loss.value_and_grad, lambda *given: loss.evaluate(*given, outputs=("value",))):
        with raises(TypeError, f"{name} takes positional arguments", "target, got 3 of them: give ", min(loss.domains)):
            call(pred, target, 1.0)
    with raises(TypeError, f"{name} takes positional arguments", "target, got 4 of them"):
        (2 * loss)(pred, target, 1.0, 2.0)


@pytest.mark.parametrize(
    ("loss", "missing", "text"),
    [
        (fl.cross_entropy, "cfunc", "cross_entropy has no cfunc, which losses of one number an element have"),
        (2 * fl.cross_entropy, "cfunc", "call it with arrays"),
        (fl.arcface, "cfunc", "arcface has no cfunc, which"),
        (fl.triplet, "cfunc", "triplet has no cfunc, which"),
        (fl.robust_nll, "cfunc", "robust_nll has no cfunc, as Python computes a part of it: call it with arrays"),
        (fl.huber + fl.cauchy, "cfunc", "take those of its terms"),
        (fl.custom("half", np.abs), "cfunc", "half has no cfunc: take the function of its value"),
        (fl.hinge, "weight", "hinge has no weight, which losses of a residual have"),
        (fl.info_nce, "weight", "info_nce has no weight, which"),
        (fl.nll, "param_grad", "nll has no derivatives with respect to its parameters, which student_t_nll, robust, "),
        (fl.huber, "nothing", "'ResidualLoss' object has no attribute 'nothing'"),
    ],
)
def test_what_a_loss_does_not_have(loss, missing, text):
    assert not hasattr(loss, missing)
    with pytest.raises(AttributeError) as caught:
        getattr(loss, missing)
    assert text in str(caught.value)
