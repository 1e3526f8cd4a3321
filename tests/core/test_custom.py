"""Losses of a user's functions: what they compute, their errors, their derivatives, and that they pickle."""

import copy
import ctypes
import doctest
import os
import pickle
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import own_losses
import pytest
from own_losses import half, on_target, rounded

import fastloss as fl

ROOT = Path(__file__).resolve().parents[2]
R = np.random.default_rng(6).standard_normal(40_000) * 3
DOUBLES = ctypes.CFUNCTYPE(*[ctypes.c_double] * 3)
squared = fl.custom("squared", DOUBLES(lambda r, c: c * r * r), DOUBLES(lambda r, c: 2 * c * r), parameters={"c": 2.0})


def made_in_a_function():
    return fl.custom("local", np.square)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64"])
@pytest.mark.parametrize("loss", [rounded, 2 * rounded.bind(c=2.0) - fl.huber / 3], ids=["alone", "in a sum"])
def test_functions_of_a_residual(loss, dtype):
    pred, target = R.astype(dtype), R[::-1].astype(dtype)
    computed = np.float32 if dtype in ("float32", "float16") else np.float64
    r = (pred.astype(float) - target.astype(float)).astype(computed)
    outputs = "value", "grad", "hess", "weight"
    for output, found in zip(outputs, loss.evaluate(pred, target, outputs=outputs), strict=True):
        want = sum(
            coefficient * (getattr(own_losses, output)(r, **term.parameters) if term.name == "rounded"
                           else term.evaluate(r, outputs=(output,))[0]).astype(float)
            for coefficient, term in loss.terms
        ).astype(computed)  # fmt: skip
        assert found.dtype == computed
        np.testing.assert_array_equal(found, want, err_msg=output)
    weight = abs(R)
    mean = (loss(pred, target).astype(float) * weight).sum() / weight.sum()
    assert loss(pred, target, sample_weight=weight, reduction="mean") == pytest.approx(mean, rel=1e-6)


def test_functions_of_pred_and_target():
    pred, target = abs(R), abs(R[::-1]) + 1
    np.testing.assert_array_equal(on_target(pred, target), (pred - target) ** 2 / target)
    np.testing.assert_array_equal(on_target(pred, 2), (pred - 2) ** 2 / 2)
    with pytest.raises(TypeError, match="on_target requires a target"):
        on_target(pred)
    here = pred.copy()
    assert on_target(here, target, out=here) is here
    np.testing.assert_array_equal(here, on_target(pred, target))


def test_a_function_may_change_what_it_is_given_and_keep_it():
    kept = []

    def value(r):
        kept.append(r)
        r *= r
        return r

    loss, given = fl.custom("inplace", value, grad=lambda r: 2 * r), R[:20_000].copy()
    found, grad = loss.value_and_grad(given)
    np.testing.assert_array_equal(given, R[:20_000])
    np.testing.assert_array_equal(found, given**2)
    np.testing.assert_array_equal(grad, 2 * given)
    np.testing.assert_array_equal(np.concatenate(kept), found)
    assert [len(block) for block in kept] == [16384, 3616]


def test_functions_of_python_run_in_the_thread_of_the_caller():
    threads = set()

    def value(r):
        threads.add(threading.get_ident())
        time.sleep(1e-3)  # while which another thread may run
        return r

    loss = fl.custom("seen", value)
    loss(np.tile(R, 10), num_threads=8)
    assert threads == {threading.get_ident()}


def test_compiled_functions():
    for dtype in (np.float64, np.float32):
        r = R[:5000].astype(dtype)
        value, grad = squared.value_and_grad(r, c=3.0, num_threads=3)
        np.testing.assert_array_equal(value, (3 * r.astype(float) * r.astype(float)).astype(dtype))
        np.testing.assert_array_equal(grad, (6 * r.astype(float)).astype(dtype))
    of_both = fl.custom("of_both", DOUBLES(lambda pred, target: pred - 2 * target), family="relative")
    np.testing.assert_array_equal(of_both(R, R[::-1]), R - 2 * R[::-1])
    assert squared.calls_python is False and rounded.calls_python is True


@pytest.mark.parametrize("count", range(1, 11))
def test_compiled_functions_of_up_to_ten_numbers(count):
    function = ctypes.CFUNCTYPE(*[ctypes.c_double] * (count + 1))(lambda *x: sum(k * v for k, v in enumerate(x, 1)))
    parameters = {f"p{k}": float(k) for k in range(2, count + 1)}
    found = fl.custom("weighted", function, parameters=parameters)([0.5, -1.0])
    np.testing.assert_array_equal(found, np.array([0.5, -1.0]) + sum(k * k for k in range(2, count + 1)))


def of_libc(argtypes):
    function = ctypes.CDLL(None)["labs"]
    function.argtypes, function.restype = argtypes, ctypes.c_double
    return function


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: fl.custom("huber", np.square), ValueError, "'huber' is a loss of the catalogue: give another name"),
        (lambda: fl.custom("mse", np.square), ValueError, "'mse' is a loss of the catalogue"),
        (lambda: fl.custom("HuberLoss", np.square), ValueError, "'HuberLoss' is a loss of the catalogue"),
        (
            lambda: fl.custom("my loss", np.square),
            ValueError,
            "name must be an identifier, such as 'mine', got 'my loss'",
        ),
        (lambda: fl.custom("x", None), TypeError, "the function value of x must be a function, got None"),
        (lambda: fl.custom("x", 3), TypeError, "the function value of x must be a function, got 3"),
        (lambda: fl.custom("x", lambda r: r, family="rows"), ValueError, "family must be one of residual, "),
        (
            lambda: fl.custom("x", np.add, weight=np.add, family="margin"),
            TypeError,
            "weight is of losses of a residual",
        ),
        (lambda: fl.custom("x", lambda r: r, traits=("smooth",)), ValueError, "traits must be among convex, c1"),
        (lambda: fl.custom("x", lambda r: r, parameters={"c": 1}), TypeError, r"is called with \(r, c=1.0\): .*'c'"),
        (
            lambda: fl.custom("x", lambda r: r, parameters=["c"]),
            TypeError,
            r"must be a mapping of names to defaults, got",
        ),
        (lambda: fl.custom("x", lambda r: r, family="margin"), TypeError, r"is called with \(pred, target\): too many"),
        (lambda: fl.custom("x", lambda r, out: r, parameters={"out": 1}), ValueError, "names that calls do not use"),
        (
            lambda: fl.custom("x", lambda r, c: r, parameters={"c": "1"}),
            TypeError,
            "must be a number, its default, got",
        ),
        (
            lambda: fl.custom("x", DOUBLES(lambda a, b: a)),
            TypeError,
            r"value of x must be double\(double\), got double\(",
        ),
        (lambda: fl.custom("x", of_libc(None)), TypeError, "has no types: set its argtypes and restype"),
        (lambda: fl.custom("x", of_libc([ctypes.c_int])), TypeError, r"must be double\(double\), got \w+\(int\)"),
        (lambda: half.hess([1.0]), TypeError, r"half has no hess: give fl.custom\('half', ...\) the function hess="),
        (lambda: half.weight([1.0]), TypeError, "half has no weight"),
        (lambda: half.evaluate([1.0], outputs=("value", "hess")), TypeError, "half has no hess"),
        (lambda: (half + fl.huber).hess([1.0]), TypeError, "half has no hess"),
        (lambda: half.evaluate([1.0], outputs=("valu",)), ValueError, "outputs must be among"),
        (lambda: half([1.0], c=1), TypeError, "half has no parameter 'c'"),
        (lambda: rounded([1.0], c=[1.0, 2.0]), TypeError, "c must be a number"),
        (lambda: rounded([1.0], c=np.nan), ValueError, "c must not be NaN"),
        (lambda: rounded.param_grad([1.0]), TypeError, "no derivatives with respect to its parameters"),
        (
            lambda: fl.custom("x", lambda r: r.sum())([1.0, 2.0]),
            ValueError,
            r"value of x returned shape \(\) for an array",
        ),
        (lambda: fl.custom("x", lambda r: 1j * r)([1.0, 2.0]), TypeError, "returned complex128: numbers are needed"),
        (lambda: fl.custom("x", lambda r: None)([1.0]), TypeError, "value of x returned None: numbers are needed"),
        (lambda: fl.custom("x", lambda r: np.ma.array(r))([1.0]), TypeError, "masked array"),
        (lambda: fl.custom("x", lambda r: 1 // 0)(R, out=np.empty_like(R)), ZeroDivisionError, "division"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


# ---- derivatives ---------------------------------------------------------------------------


ELEMENTWISE = [name for name in fl.list_losses() if fl.get(name).family not in ("rows", "embeddings")]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_derivatives_of_the_catalogue_are_right_and_others_are_found(name):
    loss = fl.get(name)
    loss = loss.bind(**{parameter: 1.0 for parameter in loss.domains if parameter not in loss.parameters})
    assert all(error < 1e-5 for error in fl.check_derivatives(loss).values())
    if not loss.takes_target or loss.reads_as in ("binary_cross_entropy_with_logits", "sigmoid_focal", "kl_div"):
        return
    outputs = ("grad", "hess", "weight") if loss.has_weight else ("grad", "hess")
    functions = {k: lambda *a, k=k: loss.evaluate(*a, outputs=(k,))[0] for k in ("value", *outputs)}
    for output in outputs:
        wrong = functions | {output: lambda *a, right=functions[output]: right(*a) + 0.01}
        with pytest.raises(ValueError, match=f"^{output} of wrong is .* at .*, where finite differences"):
            fl.check_derivatives(fl.custom("wrong", family=loss.family, **wrong))


def test_check_derivatives():
    assert set(fl.check_derivatives(rounded, c=3.0)) == {"grad", "hess"}
    assert set(fl.check_derivatives(half)) == {"grad"}
    assert set(fl.check_derivatives(2 * rounded + fl.huber)) == {"grad", "hess"}
    assert set(fl.check_derivatives("huber", delta=2.0)) == {"grad", "hess"}
    assert set(fl.check_derivatives("huber", pred=[0.0])) == {"grad", "hess"}
    with pytest.raises(
        ValueError, match=r"grad of typo is 1\.5 at r = -1\.5, where finite differences of its value give -3"
    ):
        fl.check_derivatives(fl.custom("typo", np.square, grad=np.abs), pred=[-1.5])
    with pytest.raises(ValueError, match="hess of typo is "):
        fl.check_derivatives(fl.custom("typo", np.square, hess=lambda r: r))
    with pytest.raises(ValueError, match="grad of typo is nan"):
        fl.check_derivatives(fl.custom("typo", np.square, grad=lambda r: r * np.nan))
    with pytest.raises(ValueError, match="settle nowhere: give other points, pred="):
        fl.check_derivatives(fl.custom("noise", lambda r: np.random.default_rng().random(r.size), grad=np.sin))
    with pytest.raises(ValueError, match=r"weight of typo is 1 at r = -2, where finite .* its value over r give 2"):
        fl.check_derivatives(fl.custom("typo", np.square, grad=lambda r: 2 * r, weight=np.ones_like), pred=[0.0, -2.0])
    with pytest.raises(ValueError, match="target is given without pred"):
        fl.check_derivatives("huber", target=[1.0])
    with pytest.raises(TypeError, match="only has neither grad nor hess to check"):
        fl.check_derivatives(fl.custom("only", np.square))
    with pytest.raises(TypeError, match="one value an element, got cross_entropy"):
        fl.check_derivatives("cross_entropy")
    with pytest.raises(ValueError, match="unknown loss 'hubr'; did you mean: huber"):
        fl.check_derivatives("hubr")


# ---- identity ------------------------------------------------------------------------------


def test_a_loss_of_a_module_pickles():
    bound = rounded.bind(c=3.0)
    assert pickle.loads(pickle.dumps(bound)) == bound != rounded
    assert pickle.loads(pickle.dumps(2 * bound + fl.huber)) == 2 * bound + fl.huber
    code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read())([3.0]))"
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(bound), capture_output=True, check=True,
        env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    assert done.stdout.decode().strip() == str(bound([3.0]))


def test_a_loss_that_others_cannot_import_does_not():
    local = made_in_a_function()
    for loss in (local, local.bind(), 2 * local):
        with pytest.raises(
            pickle.PicklingError, match=r"local has no name in .*test_custom, which another process cannot"
        ):
            pickle.dumps(loss)
        assert copy.deepcopy(loss) is loss is copy.copy(loss)
    code = "import fastloss as fl, pickle; mine = fl.custom('mine', lambda r: r); pickle.dumps(mine)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "PicklingError: mine is made in __main__" in done.stderr


def test_losses_are_equal_where_their_functions_are():
    functions = (getattr(own_losses, name) for name in ("value", "grad", "hess", "weight"))
    assert rounded != fl.custom("rounded", *functions, parameters={"c": 1.0})  # of another module
    assert made_in_a_function() == made_in_a_function()
    assert fl.custom("local", np.abs) != made_in_a_function()
    assert "local" not in fl.list_losses()
    with pytest.raises(ValueError, match="unknown loss 'rounded'"):
        fl.get("rounded")


def test_the_examples_of_docstrings():
    for name in ("fastloss.core.custom", "fastloss.derivatives"):
        assert doctest.testmod(sys.modules[name], optionflags=doctest.ELLIPSIS).failed == 0
