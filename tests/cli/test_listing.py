"""The catalogue in words and pictures: `fastloss losses`, `fastloss show`, docs/losses.md."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from catalogue import LOSSES

import fastloss as fl
from fastloss import cli
from fastloss.losses.curves import curves, evaluate, limits, panels

ROOT = Path(__file__).resolve().parents[2]
PNG = b"\x89PNG\r\n\x1a\n"
ONE_OF_EACH_AXIS = {curves(fl.get(name), points=2).range.label: name for name in LOSSES}.values()


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)

    def run(*args):
        code = cli.main(list(args))
        return (code, *capfd.readouterr())

    return run


def test_the_table_of_the_docs_is_up_to_date(run):
    code, out, _ = run("losses", "--markdown")
    assert code == 0
    text = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")
    assert out == text, "run: python tools/generate.py losses"


def test_losses_are_listed_with_parameters_domains_and_traits(run):
    code, out, err = run("losses")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert (code, err) == (0, "")
    assert set(LOSSES) < set(lines)
    words = {name: " ".join(line.split()) for name, line in lines.items()}
    assert words["hampel"] == "hampel residual a=2.0 (> 0), b=4.0 (> a), c=8.0 (> b) bounded, c1, even"
    assert words["gaussian_nll"] == "gaussian_nll residual var (> 0) c1, convex, even"


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_shown(run, name):
    loss = fl.get(name)
    code, out, err = run("show", name)
    titles = {line.split("  ")[0] for line in out.splitlines()}
    assert (code, err) == (0, "")
    assert out.startswith(f"{loss!r}\n")
    assert {"domain", "formula", "page", "traits", "reads", "outputs", "source", *loss.domains} <= titles
    assert f"/reference/{name}.html" in "".join(out.split())
    assert any("\u2801" <= character <= "\u28ff" for character in out)


def test_a_loss_is_shown_with_parameters(run):
    assert run("show", "huber", "-p", "delta=2")[1].startswith("huber(delta=2.0)")
    for args, words in [(("-p", "delta=0"), "delta must be > 0"), (("-p", "delta=1,2"), "does not broadcast")]:
        code, out, err = run("show", "huber", *args)
        assert (code, out, err.count("\n")) == (2, "", 1) and words in err


@pytest.mark.parametrize("name", ONE_OF_EACH_AXIS)
def test_a_loss_is_drawn_into_a_file(run, name):
    pytest.importorskip("matplotlib")
    code, out, _ = run("show", name, "--plot", "loss.png")
    assert code == 0 and out.endswith("written: loss.png\n")
    assert Path("loss.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(("file", "said"), [("loss.txt", "txt"), ("loss.gif", "does not move: give .png")])
def test_a_picture_of_no_known_kind(run, file, said):
    pytest.importorskip("matplotlib")
    code, out, err = run("show", "huber", "--plot", file)
    assert (code, out, err.count("\n")) == (2, "", 1) and said in err
    assert not Path(file).exists()


def test_python_without_docstrings():
    """PYTHONOPTIMIZE=2, as some images have it: losses are what they are, without the texts about them."""
    code = "import fastloss as fl; print(fl.huber.__doc__, fl.cross_entropy.__doc__, fl.arcface.__doc__, fl.huber)"
    done = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("None None None huber(delta=1.0)\n", "")
    for args, said in ((["losses"], ""), (["losses", "--markdown"], "-OO"), (["show", "huber"], "-OO")):
        done = subprocess.run([sys.executable, "-OO", "-m", "fastloss", *args], capture_output=True, text=True)
        assert (done.returncode, done.stderr.count("\n")) == ((2, 1) if said else (0, 0)) and said in done.stderr


@pytest.mark.parametrize("name", LOSSES)
def test_curves_are_those_of_the_loss(name):
    drawn = curves(fl.get(name))
    assert set(drawn.outputs) == {"value", "grad"} | ({"weight"} if drawn.loss.has_weight else set())
    for ys in drawn.outputs.values():
        assert len(ys) == len(drawn.range.targets)
        low, high = limits(ys)
        assert low <= 0 <= high and low < high
        assert all(np.isfinite(y).all() and np.mean((low <= y) & (y <= high)) > 0.9 for y in ys)


@pytest.mark.parametrize("name", fl.list_losses("embeddings"))
def test_the_gradient_of_embeddings_is_the_slope_of_the_value(name):
    loss, x, where, outputs = curves(fl.get(name), points=40)
    for target, grad in zip(where.targets, outputs["grad"], strict=True):
        (before,), (after,) = (evaluate(loss, x + step, target, ("value",)) for step in (-1e-5, 1e-5))
        np.testing.assert_allclose((after - before) / 2e-5, grad, rtol=1e-5, atol=1e-5)


def test_the_drawing_of_a_parabola():
    value, *_ = panels(curves(fl.squared_error)).values()
    dots = [[ord(character) - 0x2800 for character in line] for line in value[1:-1]]
    assert value[0] == "24.9" and value[-1] == "0"
    assert [len(line) for line in dots] == [24] * 7
    assert dots[0][0] and dots[0][-1] and not any(dots[0][4:-4])  # ends on top, nothing between them
    assert dots[-1][12] & 0xC0 and not any(line[12] for line in dots[:-1])  # the vertex at the bottom
