"""Sums of losses and losses of a user's functions inside other libraries and in files: served, or refused by name."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from own_losses import half, rounded

import fastloss as fl

pytestmark = pytest.mark.integrations
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "support")])}

SUM = 2 * fl.huber.bind(delta=1.3) + 0.1 * rounded.bind(c=2.0)
VALUE = fl.custom("value_alone", lambda r: r * r)
RNG = np.random.default_rng(4)
X = RNG.standard_normal((200, 3))
COEF = np.array([1.0, 2.0, 3.0])
Y = X @ COEF + 0.1 * RNG.standard_normal(200)
Y[::20] += 20


def test_regression_and_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    from fastloss.adaptive import irls
    from fastloss.integrations.scipy import objective, rho

    for loss in (SUM, rounded, fl.absolute_error + fl.epsilon_insensitive.bind(epsilon=0.2) / 2):
        found = irls(X, Y, loss=loss, fit_intercept=False).coef
        np.testing.assert_allclose(found, COEF, atol=0.3)
        start = np.zeros(3)
        by_minimize = optimize.minimize(objective(loss, X, Y), start, jac=True).x
        assert loss(X @ found, Y, reduction="mean") <= loss(X @ by_minimize, Y, reduction="mean") + 1e-9
        if loss is not rounded:
            continue
        np.testing.assert_allclose(
            optimize.least_squares(lambda w: X @ w - Y, start, loss=rho(loss)).x, found, atol=1e-2
        )
    with pytest.raises(TypeError, match="half has no hess"):
        irls(X, Y, loss=half)
    with pytest.raises(TypeError, match=r"scipy.rho: half has no hess and no weight"):
        rho(half)
    with pytest.raises(TypeError, match=r"scipy.rho: .*half is not known to be even"):
        rho(fl.custom("half", *[np.square] * 4))
    with pytest.raises(TypeError, match=r"scipy.objective: value_alone has no grad"):
        objective(VALUE, X, Y)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosting(library):
    pytest.importorskip(library)
    import importlib

    adapter = importlib.import_module(f"fastloss.integrations.{library}")
    for loss, kind in ((SUM, "weight"), (half, "spread"), (2 * fl.squared_error, "exact"), (2 * fl.hinge, "unit")):
        objective = adapter.objective(loss)
        assert objective.derivatives.kind == kind
        grad, hess = objective(np.ones(3), np.array([0.5, 0.2, 3.0]))
        assert (hess >= 0).all() and np.isfinite(grad).all()
    for loss, message in (
        (VALUE, "value_alone has no grad"),
        (3 * fl.zero_one, "the gradient of 3.zero_one is 0 everywhere"),
        (2 * fl.binary_cross_entropy, "is of probabilities"),
    ):
        with pytest.raises(TypeError, match=message):
            adapter.objective(loss)
    with pytest.raises(TypeError, match="half has no weight"):
        adapter.objective(half, hessian="weight")


def test_torch():
    torch = pytest.importorskip("torch")
    from fastloss.integrations.torch import function

    pred, target = torch.tensor(X[:, 0], requires_grad=True), torch.tensor(Y)
    function(SUM)(pred, target).backward()
    np.testing.assert_array_equal(pred.grad, SUM.grad(X[:, 0], Y, reduction="mean"))
    logits = torch.tensor(X, dtype=torch.float32, requires_grad=True)
    rows, labels = fl.cross_entropy / 2 + fl.softmax_focal, torch.arange(200) % 3
    function(rows)(logits, labels).backward()
    np.testing.assert_array_equal(logits.grad, rows.grad(X.astype(np.float32), labels.numpy(), reduction="mean"))
    with pytest.raises(TypeError, match="value_alone has no grad"):
        function(VALUE)(pred, target)
    again = function(half)(pred, target)
    (grad,) = torch.autograd.grad(again, pred, create_graph=True)
    with pytest.raises(RuntimeError, match="it is not known to be 'c1'"):
        grad.sum().backward()


def test_jax():
    jax = pytest.importorskip("jax")
    from fastloss.integrations.jax import function

    pred, target = X[:9, 0].astype(np.float32), Y[:9].astype(np.float32)
    np.testing.assert_array_equal(
        jax.jit(jax.grad(lambda p: function(SUM)(p, target)))(pred), SUM.grad(pred, target, reduction="mean")
    )
    with pytest.raises(TypeError, match="value_alone has no grad"):
        jax.grad(lambda p: function(VALUE)(p, target))(pred)


def test_files(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pa.table({"p": [*X[:, 0], None], "t": [*Y, 1.0], "w": np.abs(RNG.standard_normal(201))})
    parquet.write_table(table, tmp_path / "in.parquet")
    columns = {"pred": "p", "target": "t"}
    for loss in (SUM, rounded, half):
        out = tmp_path / "out.parquet"
        summary = fl.score(
            tmp_path / "in.parquet", out, loss=loss, **columns, emit=("value", "grad"), sample_weight="w"
        )
        value, grad = loss.value_and_grad(X[:, 0], Y)
        assert (summary.count, summary.null) == (200, 1) and summary.mean == pytest.approx(value.mean(), rel=1e-12)
        found = parquet.read_table(out)
        np.testing.assert_array_equal(found["grad"].to_numpy()[:-1], grad)
        assert found["value"].to_pylist()[-1] is None
    with pytest.raises(fl.files.ScoringError, match="cannot emit 'hess': half has value, grad"):
        fl.score(tmp_path / "in.parquet", loss=half, **columns, emit="hess")
    text = fl.score(tmp_path / "in.parquet", loss="huber + 0.5*mse", **columns)
    assert text.mean == pytest.approx((fl.huber + fl.squared_error / 2)(X[:, 0], Y, reduction="mean"), rel=1e-12)


@pytest.mark.parametrize("engine", ["dask", "spark"])
def test_engines_of_processes_refuse_what_they_cannot_import(tmp_path, engine):
    pytest.importorskip("pyarrow")
    np.save(tmp_path / "r.npy", Y)
    local = fl.custom("local", np.square)
    assert fl.score(tmp_path / "r.npy", loss=local, workers=2).count == 200
    with pytest.raises(fl.files.ScoringError, match=r"local has no name in .*, which another process"):
        fl.score(tmp_path / "r.npy", loss=local, engine=engine)


def test_an_edited_function_is_another_loss_to_a_job_that_is_resumed():
    from fastloss.files import Spec

    def spec(function):
        return Spec.of(fl.custom("mine", function), pred="p", target="t").fingerprint

    assert spec(lambda r: r * r) != spec(lambda r: r * r + 1)
    sums = [Spec.of(a * fl.huber, pred="p", target="t") for a in (2, 2, 3)]
    assert sums[0].fingerprint == sums[1].fingerprint != sums[2].fingerprint
    assert sums[0].loss_text == "2*huber(delta=1.0)"


def test_compiled_functions_of_numba_and_scipy():
    numba, scipy = pytest.importorskip("numba"), pytest.importorskip("scipy")
    value = numba.cfunc("double(double, double)")(lambda r, c: c * r * r)
    low_level = scipy.LowLevelCallable(value.ctypes)
    for function in (value, value.ctypes, low_level):
        loss = fl.custom("compiled", function, parameters={"c": 3.0})
        np.testing.assert_array_equal(loss(X, num_threads=2), 3 * X * X)
    with pytest.raises(TypeError, match=r"must be double\(double\), got double \(double, double\)"):
        fl.custom("compiled", low_level)


def test_pictures_and_the_command(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from fastloss.cli.app import app

    assert len(fl.plot.curves(SUM).axes) == 3 and len(fl.plot.curves(VALUE).axes) == 1
    np.save(tmp_path / "r.npy", Y)
    for loss in ("huber + 0.5*mse", "own_losses:rounded"):
        done = CliRunner().invoke(app, ["score", str(tmp_path / "r.npy"), "--loss", loss, "--json"])
        assert done.exit_code == 0, done.output
    assert CliRunner().invoke(app, ["show", "2*huber - mse"]).exit_code == 0
    for loss in ("own_losses:value", "own_losses:nothing", "no_such_module:x"):
        assert "--loss" in str(CliRunner().invoke(app, ["score", str(tmp_path / "r.npy"), "--loss", loss]).exception)


def test_it_is_the_same_loss_to_the_next_process():
    code = "import own_losses; print(own_losses.rounded._identity())"
    run = {subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT | {"PYTHONHASHSEED": seed}, capture_output=True,
                          text=True, check=True).stdout for seed in "12"}  # fmt: skip
    assert run == {f"{rounded._identity()}\n"}
