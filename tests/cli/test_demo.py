"""The demo runs end to end, its picture is one, and the command that it prints works."""

import shlex
import sys
from importlib import resources

import numpy as np
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss import cli


def test_the_demo(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    directory = "a demo"  # a name that the shell would take apart
    assert cli.main(["demo", directory]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert out.count("count") == 2 and "442" in out and "1,797" in out
    assert "\n\n1797 handwritten digits" in out

    scored = pyarrow.parquet.read_table(tmp_path / directory / "diabetes-scored.parquet")
    residual = scored["predicted"].to_numpy() - scored["progression"].to_numpy()
    loss = fl.robust.bind(alpha=-2.0, scale=57.0)
    (weight,) = loss.evaluate(residual, outputs=("weight",))
    np.testing.assert_array_equal(scored["weight"].to_numpy(), weight)

    image = pytest.importorskip("matplotlib.image").imread(tmp_path / directory / "residuals.png")
    assert min(image.shape[:2]) > 500
    assert len(np.unique(image.reshape(-1, image.shape[2]), axis=0)) > 100

    command = shlex.split(out.splitlines()[-1])
    assert command[0] == "fastloss"
    assert cli.main(command[1:]) == 0
    scored = pyarrow.parquet.read_table(tmp_path / directory / "huber.parquet")
    assert scored.column_names[-3:] == ["value", "grad", "weight"]
    assert cli.main(["demo", directory]) == 0  # again, over the same files


def test_the_demo_without_matplotlib(tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["demo", str(tmp_path)]) == 0
    assert "pip install 'fastloss[plot]'" in capfd.readouterr().out
    assert not (tmp_path / "residuals.png").exists()


def test_the_data_are_predictions_of_use():
    data = resources.files("fastloss.cli") / "demo_data"
    with resources.as_file(data / "digits.parquet") as file:
        table = pyarrow.parquet.read_table(file)
    logits = np.stack(table["logits"].to_numpy())
    assert logits.shape == (1797, 10) and logits.dtype == np.float32
    assert np.mean(logits.argmax(axis=1) == table["digit"].to_numpy()) > 0.95
