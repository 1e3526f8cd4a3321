"""`fastloss fit` and `fastloss plot`."""

import json
import shlex

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
import pytest

from fastloss import adaptive, cli

RESIDUALS = adaptive.sample(0.7, 2.0, 3000, rng=0)
WEIGHTS = np.random.default_rng(1).integers(0, 4, 3000).astype(float)


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Runs the command in this process, in a directory with data: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    y = np.random.default_rng(0).normal(size=3000)
    table = pa.table({"r": RESIDUALS, "p": RESIDUALS + y, "y": y, "nulls": pa.array(RESIDUALS, mask=y > 1)})
    table = table.append_column("zero", pa.array(np.zeros(3000))).append_column("w", pa.array(WEIGHTS, mask=y > 1))
    pa.parquet.write_table(table.append_column("minus", pa.array(-WEIGHTS)), "in.parquet")
    pa.csv.write_csv(table.select(["r"]), "in.csv")
    np.save("in.npy", RESIDUALS)

    def run(*args):
        code = cli.main(list(map(str, args)))
        return (code, *capfd.readouterr())

    return run


@pytest.mark.parametrize(
    "args",
    [
        ("in.parquet", "--residual", "r"),
        ("in.parquet", "--pred", "p", "--target", "y"),
        ("in.npy",),
        ("in.csv", "--residual", "r", "--threads", "1"),
    ],
)
def test_fit(run, args):
    code, out, err = run("fit", *args, "--json")
    want = adaptive.fit(RESIDUALS)
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["alpha"] == pytest.approx(want.alpha, rel=1e-9) and found["scale"] == pytest.approx(want.scale)
    assert set(found) == {"alpha", "scale", "nll", "n_iter", "converged", "alpha_stderr", "scale_stderr"}


def test_nulls_are_left_out(run):
    _, out, _ = run("fit", "in.parquet", "--residual", "nulls", "--json")
    y = pa.parquet.read_table("in.parquet")["y"].to_numpy()
    assert json.loads(out)["alpha"] == pytest.approx(adaptive.fit(RESIDUALS[y <= 1]).alpha, rel=1e-9)


@pytest.mark.parametrize("residual", [("--residual", "r"), ("--pred", "p", "--target", "y")])
def test_rows_that_do_not_meet_conditions_are_left_out(run, residual):
    where = ("--where", "y > -1.5", "--where", "w > 0")
    _, out, _ = run("fit", "in.parquet", *residual, *where, "--weight", "w", "--json")
    table = pa.parquet.read_table("in.parquet").filter(pa.compute.field("y") > -1.5)
    weights = table["w"].fill_null(0.0).to_numpy()
    want = adaptive.fit(table["r"].to_numpy(), sample_weight=weights)
    assert json.loads(out)["alpha"] == pytest.approx(want.alpha, rel=1e-7)
    code, out, _ = run("fit", "in.parquet", *residual, *where)
    assert code == 0 and run(*shlex.split(out.splitlines()[-1])[1:])[0] == 0
    assert out.count("--where") == 2
    code, _, err = run("fit", "in.parquet", *residual, "--where", "y > a")
    assert code == 2 and "expected a number" in err
    code, _, err = run("fit", "in.parquet", *residual, "--where", "y > 1e9")
    assert code == 2 and "in.parquet" in err


def test_a_column_of_weights(run):
    _, out, _ = run("fit", "in.parquet", "--residual", "r", "--weight", "w", "--json")
    there = pa.parquet.read_table("in.parquet")["y"].to_numpy() <= 1
    want = adaptive.fit(RESIDUALS[there], sample_weight=WEIGHTS[there])
    found = json.loads(out)
    for name in ("alpha", "scale", "nll", "alpha_stderr"):
        assert found[name] == pytest.approx(getattr(want, name), rel=1e-9)
    assert abs(found["alpha"] - adaptive.fit(RESIDUALS[there]).alpha) > 1e-3


@pytest.mark.parametrize("weighted", [(), ("--weight", "w")])
def test_the_printed_command_scores(run, weighted):
    code, out, _ = run("fit", "in.parquet", "--residual", "r", *weighted)
    assert code == 0
    if not weighted:
        assert out.split()[:3] == ["alpha", f"{adaptive.fit(RESIDUALS).alpha:.6g}", "+-"]
    assert " ".join(weighted) in out.strip().splitlines()[-1]
    command = shlex.split(out.strip().splitlines()[-1])
    assert command[:2] == ["fastloss", "score"]
    assert run(*command[1:])[0] == 0
    scored = pa.parquet.read_table("scored.parquet")
    assert scored.num_rows == 3000 and {"value", "weight"} <= set(scored.column_names)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("in.parquet", "--residual", "q"), "no column 'q'"),
        (("in.parquet", "--residual", "zero"), "in.parquet: all residuals are 0"),
        (("in.parquet", "--residual", "r", "--alpha", "-1"), "alpha must be >= 0"),
        (("in.parquet", "--residual", "r", "--weight", "minus"), "column 'minus': weight -"),
        (("in.parquet", "--residual", "r", "--weight", "v"), "no column 'v'"),
        (("in.parquet",), "in.parquet"),
        (("none.parquet", "--residual", "r"), "none.parquet"),
    ],
)
def test_fit_refuses(run, args, message):
    code, out, err = run("fit", *args)
    assert (code, out) == (2, "")
    assert err.startswith("fastloss: ") and err.count("\n") == 1 and (message in err or "residual" in err)


@pytest.mark.parametrize("args", [(), ("--pred", "r"), ("--target", "r")])
def test_fit_names_its_own_options(run, args):
    code, out, err = run("fit", "in.parquet", *args)
    assert (code, out) == (2, "")
    assert err == "fastloss: fit needs the column of residuals (--residual), or two columns (--pred and --target)\n"


@pytest.mark.parametrize(
    ("args", "file"),
    [
        (("curves",), "a.png"),
        (("curves", "--alphas=-2,1"), "a.pdf"),
        (("curves", "--loss", "huber", "-p", "delta=2"), "a.svg"),
        (("curves", "--loss", "huber(delta=2)", "--loss", "tukey", "--dark"), "a.png"),
        (("surface",), "a.png"),
        (("density", "--alphas", "0,1.5"), "a.png"),
        (("regression", "--seed", "3"), "a.png"),
    ],
)
def test_plot(run, tmp_path, args, file):
    pytest.importorskip("matplotlib")
    code, out, _ = run("plot", *args, "-o", file)
    assert (code, out) == (0, f"written: {file}\n")
    assert (tmp_path / file).stat().st_size > 5000


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("curve", "-o", "a.png"), "unknown picture 'curve'; there are curves, surface, density, regression"),
        (("curves", "-o", "a.gif"), "a.gif: curves does not move: give .png, .svg or .pdf"),
        (("surface", "--loss", "huber", "-o", "a.png"), "surface takes no loss: leave it out, or draw curves"),
        (
            ("regression", "--alphas=1", "-o", "a.png"),
            "regression takes no alphas: leave it out, or draw curves",
        ),
        (("curves", "--alphas=1", "--loss", "huber", "-o", "a.png"), "curves takes loss or alphas"),
        (("curves", "--loss", "huber", "--loss", "tukey", "-p", "delta=1", "-o", "a.png"), "-p delta=1 goes with one"),
        (("curves", "--loss", "huber", "--loss", "hinge", "-o", "a.png"), "draw them in pictures of their own"),
        (("density", "--alphas=-1", "-o", "a.png"), "alpha must be >= 0"),
        (("curves", "-o", "a.xyz"), "xyz"),
    ],
)
def test_plot_refuses(run, tmp_path, args, message):
    pytest.importorskip("matplotlib")
    code, _, err = run("plot", *args)
    assert code == 2 and message in err and err.count("\n") == 1
    assert not (tmp_path / "a.png").exists() and not (tmp_path / "a.gif").exists()


@pytest.mark.parametrize("file", ["a.png", "a.svg"])
def test_a_picture_on_a_full_disk(run, tmp_path, file):
    """The limit on the size of files fails a write half-way, as a full disk does."""
    pytest.importorskip("matplotlib")
    resource = pytest.importorskip("resource")
    (tmp_path / file).write_bytes(b"older")
    before = sorted(tmp_path.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        code, out, err = run("plot", "curves", "-o", file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out, err) == (2, "", f"fastloss: {file}: cannot be written: File too large\n")
    assert sorted(tmp_path.iterdir()) == before and (tmp_path / file).read_bytes() == b"older"
