"""Several losses in one pass: as if each had been scored alone."""

import itertools
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.cli import main
from fastloss.exact.summary import Summaries
from fastloss.files import ScoringError, Summary

LOSSES = {"huber": fl.huber.bind(delta=1.345), "b": fl.huber, "absolute_error": fl.absolute_error}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    r = pa.array(rng.standard_normal(400), mask=rng.random(400) < 0.1)
    table = pa.table({"r": r, "g": rng.integers(0, 3, 400), "w": rng.random(400)})
    pa.parquet.write_table(table, tmp_path / "x.parquet", row_group_size=50)
    return "x.parquet"


@pytest.mark.parametrize("options", [{}, {"by": ["g"], "sample_weight": "w"}, {"emit": ("grad", "value")}])
def test_each_is_what_it_is_alone(file, options):
    options = {"residual": "r", **options}
    found = fl.score(file, "all.parquet", loss=LOSSES, **options)
    assert isinstance(found, Summaries) and list(found) == list(LOSSES)
    written = pa.parquet.read_table("all.parquet")
    emit = options.get("emit", ("value",))
    names = [name if output == "value" else f"{name}_{output}" for name in LOSSES for output in emit]
    assert written.column_names == ["r", "g", "w", *names]
    for name, loss in LOSSES.items():
        one = fl.score(file, "one.parquet", loss=loss, **options)
        assert found[name].to_json(state=True) == one.to_json(state=True)
        alone = pa.parquet.read_table("one.parquet")
        for output in emit:
            assert written[name if output == "value" else f"{name}_{output}"].equals(alone[output])
    cut = fl.score(file, loss=LOSSES, workers=2, fragment_rows=50, **options)
    assert cut.to_json(state=True) == found.to_json(state=True)
    assert Summary.from_json(found.to_json(state=True)) == Summaries.from_json(found.to_json(state=True)) == found
    assert json.loads(found.to_json()) == {"losses": {n: json.loads(s.to_json()) for n, s in found.items()}}


def test_resumed_is_uninterrupted(file):
    options = {"residual": "r", "fragment_rows": 50, "by": "g"}
    first = fl.score(file, "out/", loss=LOSSES, **options)
    scored = []
    again = fl.score(file, "out/", loss=LOSSES, resume=True, on_fragment=scored.append, **options)
    assert again.to_json(state=True) == first.to_json(state=True) and len(scored) == 8
    others = LOSSES | {"b": fl.cauchy}, dict(reversed(LOSSES.items())), {"huber": LOSSES["huber"]}, LOSSES["huber"]
    for losses in others:  # nothing of what is there is taken
        redone = fl.score(file, "out/", loss=losses, resume=True, **options)
        assert redone.to_json(state=True) == fl.score(file, loss=losses, **options).to_json(state=True)


def test_parts_merge_in_any_order(file):
    table = pa.parquet.read_table(file)
    for i in range(3):
        pa.parquet.write_table(table[i * 150 : (i + 1) * 150], f"{i}.parquet")
    whole = fl.score(file, loss=LOSSES, residual="r").to_json(state=True)
    parts = [fl.score(f"{i}.parquet", loss=LOSSES, residual="r") for i in range(3)]
    for a, b, c in itertools.permutations(parts):
        assert (a | b | c).to_json(state=True) == whole
        a |= b
        assert (c | a).to_json(state=True) == whole
    with pytest.raises(ValueError, match="summaries of huber, b, absolute_error and of huber do not merge"):
        parts[0] | Summaries(huber=parts[0]["huber"])
    for a, b in ((parts[0], parts[0]["huber"]), (parts[0]["huber"], parts[0])):
        with pytest.raises(ValueError, match="do not merge with that of a single loss"):
            a | b


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ([], "loss is empty"),
        ({}, "loss is empty"),
        ([fl.huber, "huber(delta=2.0)"], "two losses are called huber: give"),
        (["huber", "hubber"], "unknown loss 'hubber'"),
        (["huber", "cross_entropy"], "cross_entropy"),
        ({"huber": 3}, "loss must be a loss"),
        (3, "loss must be a loss"),
        ({"": "huber"}, "has no name"),
        ({"r": "huber", "s": "cauchy"}, "the input has a column 'r' already"),
    ],
)
def test_what_does_not_go_together_is_refused(file, loss, message):
    with pytest.raises(ValueError, match=message):
        fl.score(file, "out.parquet", loss=loss, residual="r")


def test_the_loss_that_does_not_take_the_columns_is_named():
    table = pa.table({"logits": [[0.0, 1.0]], "label": [1]})
    with pytest.raises(ScoringError, match="'logits', 'label': disagreement: target of int64 has shape"):
        fl.score(table, loss=["cross_entropy", "disagreement"], pred="logits", target="label")


def test_names_of_columns_that_clash(file):
    with pytest.raises(ScoringError, match="two columns would have one name: a, a_grad, a_grad, a_grad_grad"):
        fl.score(file, loss={"a": fl.huber, "a_grad": fl.cauchy}, residual="r", emit=("value", "grad"))
    assert fl.score(file, loss=["huber"], residual="r") == fl.score(file, loss="huber", residual="r")


def test_the_command(file, capsys):
    command = ["score", file, "--residual", "r", "--loss", "huber(delta=1.345)"]
    found = fl.score(file, loss=["huber(delta=1.345)", "absolute_error"], residual="r")
    two = [*command, "--loss", "absolute_error"]
    assert main([*two, "--json", "--summary", "a.json"]) == 0
    assert capsys.readouterr().out == found.to_json() + "\n"
    assert main(["merge", "a.json", "a.json"]) == 0
    assert capsys.readouterr().out == (found | found).to_json(state=True) + "\n"
    assert main([*command, "--loss", "huber", "--as", "a", "--as", "b", "-o", "out.parquet"]) == 0
    assert pa.parquet.read_table("out.parquet").column_names == ["r", "g", "w", "a", "b"]
    capsys.readouterr()
    low, high = sorted(one.mean for one in found.values())
    between = (low + high) / 2  # huber is the lower one
    for gate, code in (
        (f"mean>{between}", 1),
        (f"huber.mean>{between}", 0),
        (f"absolute_error.mean>{between}", 1),
        ("cauchy.mean>0", 2),
    ):
        assert main([*two, "--fail-if", gate]) == code
    capsys.readouterr()
    for options, message in (
        ([*two, "-p", "delta=2"], "-p is for a single loss"),
        ([*command, "--loss", "huber"], "two losses of one name, huber, huber: give --as NAME for each"),
        ([*two, "--as", "a"], "--as names 1 losses, --loss gives 2"),
    ):
        assert main(options) == 2
        said = capsys.readouterr()
        assert message in said.err and said.err.count("\n") == 1 and said.out == ""
