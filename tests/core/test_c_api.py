"""The functions of fastloss.h and cfunc, called through ctypes: the bits of Python, and a code for what is wrong."""

import ctypes
from pathlib import Path

import numpy as np
import pytest
from catalogue import DTYPES, EMBEDDINGS, LOSSES, assert_same_bits, cases, each_isa, inputs, outputs
from oracles.row_samples import logits_of_all_kinds, target_of
from oracles.rows import ROWS

import fastloss as fl

OUTPUTS = ("value", "grad", "hess", "weight")
HEADER = (Path(fl.get_include()) / "fastloss.h").read_text(encoding="utf-8")
VERSION = 1
OK, WRONG_VERSION, UNKNOWN_LOSS, WRONG_PARAMETER, WRONG_ARGUMENT = range(5)


class Prepared(ctypes.Structure):
    _fields_ = [("integers", ctypes.c_int * 4), ("parameters", ctypes.c_double * 8)]


def function(*arguments):
    return ctypes.CFUNCTYPE(ctypes.c_int, *arguments, ctypes.c_char_p)


ARRAY, LOSS, SIZE = ctypes.c_void_p, ctypes.POINTER(Prepared), ctypes.c_size_t
ARRAYS, NUMBERS = ctypes.POINTER(ARRAY), ctypes.POINTER(ctypes.c_double)


class Functions(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_int),
        ("find", function(ctypes.c_int, LOSS, ctypes.c_char_p, ctypes.c_int, NUMBERS, ctypes.c_int)),
        ("elementwise", function(LOSS, ARRAY, ARRAY, ARRAY, SIZE, ARRAYS)),
        ("rows", function(LOSS, ARRAY, ARRAY, ARRAY, ARRAY, SIZE, SIZE, ARRAYS)),
        ("at", ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, LOSS)),
    ]


pointer = ctypes.pythonapi.PyCapsule_GetPointer
pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
API = Functions.from_address(pointer(fl.C_API, b"fastloss.C_API"))


def find(name, dtype, parameters, version=VERSION):
    """(code, message, loss)"""
    loss, message = Prepared(), ctypes.create_string_buffer(256)
    numbers = (ctypes.c_double * 8)(*parameters)
    code = API.find(version, loss, name.encode(), DTYPES.index(dtype), numbers, len(parameters), message)
    return code, message.value.decode(), loss


def found(name, dtype, parameters):
    code, message, loss = find(name, dtype, parameters)
    assert (code, message) == (OK, "")
    return loss


def data(array):
    return None if array is None else array.ctypes.data


def call(run, *arguments, wanted):
    """(code, message) of a call that writes to the arrays {output: array}."""
    message = ctypes.create_string_buffer(256)
    code = run(*arguments, (ARRAY * 4)(*(data(wanted.get(output)) for output in OUTPUTS)), message)
    return code, message.value.decode()


def test_the_header_says_the_same():
    assert f"#define FASTLOSS_VERSION {VERSION}\n" in HEADER and API.version == VERSION


# ---- the bits of Python --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "case"), cases(name for name in LOSSES if name != "robust_nll"))
def test_elementwise(name, case, dtype):
    loss, points = fl.get(name, **case), inputs(name, dtype, case)
    pred, target = (*points, None)[:2]
    weights = np.linspace(0, 2, pred.size).astype(dtype)
    try:
        want = loss.evaluate(*points, outputs=outputs(name), sample_weight=weights)
    except ValueError:  # a parameter that float32 does not have
        assert find(name, dtype, loss.parameters.values())[0] == WRONG_PARAMETER
        return
    c = found(name, dtype, loss.parameters.values())
    got = {output: np.empty_like(pred) for output in outputs(name)}
    for _ in each_isa():
        want = loss.evaluate(*points, outputs=outputs(name), sample_weight=weights)
        assert call(API.elementwise, c, data(pred), data(target), data(weights), pred.size, wanted=got) == (OK, "")
        for array, exact in zip(got.values(), want, strict=True):
            assert_same_bits(array, exact)


@pytest.mark.parametrize(("name", "case"), cases(name for name in LOSSES if name != "robust_nll"))
def test_cfunc(name, case):
    loss, points = fl.get(name, **case), [array[::7] for array in inputs(name, "float64", case)]
    parameters = loss.parameters.values()
    got = np.array([loss.cfunc(*point, *parameters) for point in zip(*points, strict=True)])
    if loss.requires_target or not loss.takes_target or len(points) == 1:
        assert_same_bits(got, loss(*points))
    if loss.has_weight or not loss.takes_target:
        prepared = found(name, "float64", parameters)
        assert_same_bits(np.array([API.at(x, prepared) for x in points[0]]), loss(points[0]))
    assert len(loss.cfunc.argtypes) == 1 + loss.requires_target + len(loss.domains)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (700, 10), (300, 129), (3, 40000)])
@pytest.mark.parametrize("name", ROWS)
def test_rows(name, shape, dtype):
    loss, (logits, labels) = fl.get(name), logits_of_all_kinds(*shape, dtype)
    target, labels = target_of(name, logits, labels), np.array(labels, np.int64)
    labels[::5] = -100
    weights = np.linspace(0, 2, shape[0]).astype(dtype)
    has_target = loss.targets == "logits"
    options = {"sample_weight": weights, **({"labels": labels} if has_target else {})}
    want = loss.evaluate(logits, target if has_target else labels, outputs=OUTPUTS[:3], **options)
    parameters = [value for key, value in loss.parameters.items() if key not in ("class_weight", "ignore_index")]
    got = {"value": np.empty(shape[0], dtype), "grad": np.empty_like(logits), "hess": np.empty_like(logits)}
    arrays = data(logits), data(labels), data(target if has_target else None), data(weights)
    assert call(API.rows, found(name, dtype, parameters), *arrays, *shape, wanted=got) == (OK, "")
    for array, exact in zip(got.values(), want, strict=True):
        assert_same_bits(array, exact)


def test_rows_of_probabilities():
    rng = np.random.default_rng(1)
    logits, target = rng.standard_normal((40, 7)), rng.dirichlet(np.ones(7), 40)
    got = np.empty(40)
    loss = found("cross_entropy", "float64", (0.1, 2.0))
    assert call(API.rows, loss, data(logits), None, data(target), None, 40, 7, wanted={"value": got}) == (OK, "")
    assert_same_bits(got, fl.cross_entropy(logits, target, label_smoothing=0.1, temperature=2.0))


# ---- what is wrong -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "arguments"),
    [
        (WRONG_VERSION, "fastloss.h has version 2, and this fastloss serves 1", ("huber", "float64", [1.0], 2)),
        (WRONG_VERSION, "version 0", ("huber", "float64", [1.0], 0)),
        (UNKNOWN_LOSS, "unknown loss 'hubr'", ("hubr", "float64", [1.0])),
        (UNKNOWN_LOSS, "unknown loss '" + "x" * 64 + "'", ("x" * 300, "float64", [])),
        (UNKNOWN_LOSS, "take robust", ("robust_nll", "float64", [1.0, 1.0])),
        (WRONG_PARAMETER, "huber has 1 parameters, got 0: delta > 0", ("huber", "float64", [])),
        (WRONG_PARAMETER, "has 3 parameters, got 2: a > 0; b > a; c > b", ("hampel", "float64", [1.0, 2.0])),
        (WRONG_PARAMETER, "has 0 parameters, got 1", ("log_cosh", "float32", [1.0])),
        (WRONG_PARAMETER, "huber must be delta > 0, got -1", ("huber", "float64", [-1.0])),
        (WRONG_PARAMETER, "got nan", ("huber", "float64", [np.nan])),
        (WRONG_PARAMETER, "got inf", ("huber", "float64", [np.inf])),
        (WRONG_PARAMETER, "in float32, got 1e+300", ("huber", "float32", [1e300])),
        (WRONG_PARAMETER, "in float32, got 1e-300", ("huber", "float32", [1e-300])),
        (WRONG_PARAMETER, "q > 0 and < 1", ("quantile", "float64", [1.0])),
        (WRONG_PARAMETER, "eps >= 0 and < 0.5", ("binary_cross_entropy", "float64", [0.5])),
        (WRONG_PARAMETER, "c > b", ("hampel", "float64", [1.0, 2.0, 2.0])),
        (WRONG_PARAMETER, "power 0 or >= 1", ("tweedie_deviance", "float64", [0.5])),
        (WRONG_PARAMETER, "k integer >= 1", ("top_k_error", "float64", [1.5])),
        (WRONG_PARAMETER, "p 1 or 2", ("multi_margin", "float64", [3.0, 1.0])),
        (OK, "", ("robust", "float32", [-np.inf, 1.0])),
        (OK, "", ("tweedie_deviance", "float64", [0.0])),
    ],
)
def test_a_loss_that_is_not_found(code, text, arguments):
    got, message, loss = find(*arguments)
    assert got == code and text in message and bool(message) == bool(code)
    assert code == OK or not bytes(loss).strip(b"\0"), "nothing is written"


@pytest.mark.parametrize("name", EMBEDDINGS[:1])
def test_losses_of_embeddings_are_not_found(name):
    assert find(name, "float64", [])[0] == UNKNOWN_LOSS


def test_calls_that_are_wrong():
    x, labels, logits = np.ones(3), np.array([0, 1, 2]), np.zeros((3, 2))
    ones, value = np.ones(3), {"value": np.full(3, 7.0)}
    huber, hinge = found("huber", "float64", [1.0]), found("hinge", "float64", [1.0])
    entropy, nll, rows = (found(name, "float64", p) for name, p in (("entropy", []), ("nll", []), ("kl_logits", [1.0])))
    cross_entropy = found("cross_entropy", "float64", [0.0, 1.0])

    def elementwise(loss, *arrays, wanted=value):
        return call(API.elementwise, loss, *map(data, arrays), 3, wanted=wanted)

    def by_row(loss, *arrays, classes=2, wanted=value):
        return call(API.rows, loss, *map(data, arrays), 3, classes, wanted=wanted)

    refused = {
        "hinge requires a target": elementwise(hinge, x, None, None),
        "huber: pred is NULL": elementwise(huber, None, x, None),
        "huber: outputs has no array": elementwise(huber, x, x, None, wanted={}),
        "hinge has no weight": elementwise(hinge, x, ones, None, wanted={"weight": x}),
        "entropy is a function of pred alone": elementwise(entropy, x, x, None),
        "no elementwise loss that was found": elementwise(nll, x, None, None),
        "this is no loss of rows": by_row(huber, logits, labels, None, None),
        "label 2 at row 2 is out of bounds for 2 classes": by_row(nll, logits, labels, None, None),
        "nll requires labels": by_row(nll, logits, None, None, None),
        "nll takes labels": by_row(nll, logits, labels, logits, None),
        "labels or a target, not both": by_row(cross_entropy, logits, labels, logits, None),
        "kl_logits requires a target": by_row(rows, logits, labels, None, None),
        "one class at least": by_row(nll, logits, labels, None, None, classes=0),
        "nll: logits is NULL": by_row(nll, None, labels, None, None),
        "nll has no weight": by_row(nll, logits, labels, None, None, wanted={"weight": logits}),
    }
    for text, (code, message) in refused.items():
        assert code == WRONG_ARGUMENT and text in message
    assert (value["value"] == 7).all() and (x == 1).all(), "nothing is written"
    assert call(API.elementwise, huber, None, None, None, 0, wanted=value) == (OK, "")
    assert np.isnan(API.at(1.0, hinge)) and np.isnan(API.at(1.0, found("huber", "float32", [1.0])))
    assert API.find(VERSION, huber, b"huber", 2, None, 0, None) == WRONG_ARGUMENT, "without room for a message"
    assert API.find(VERSION, huber, None, 1, None, 0, None) == WRONG_ARGUMENT


def test_cfunc_outside_the_domain():
    assert np.isnan([fl.huber.cfunc(1.0, -1.0), fl.huber.cfunc(1.0, np.nan), fl.hampel.cfunc(1.0, 1.0, 1.0, 3.0)]).all()
    assert fl.huber.cfunc(0.5, 1.0) == 0.125, "after a call that failed"
