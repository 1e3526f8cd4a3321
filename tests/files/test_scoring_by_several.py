"""Groups by several columns, and the order of the table."""

import itertools
import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.cli import main
from fastloss.exact.groups import GroupCollector
from fastloss.files import ScoringError, Summary, reading

DAYS = np.array(["2026-11-01", "2026-11-02"], "datetime64[D]")
OPTIONS = {"loss": fl.huber, "residual": "r"}


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "r": rng.standard_normal(300),
            "day": DAYS[rng.integers(0, 2, 300)],
            "model": pa.array([f"m{i}" for i in rng.integers(0, 40, 300)], mask=rng.random(300) < 0.1),
            "ok": rng.random(300) < 0.5,
        }
    )
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    return table


@pytest.mark.parametrize("batch_rows", [7, 1000])
@pytest.mark.parametrize("by", [["day", "model"], ("ok", "day"), ["model", "ok", "day"]])
def test_a_summary_a_combination(tmp_path, monkeypatch, data, batch_rows, by):
    monkeypatch.setattr(reading, "MAX_ROWS", batch_rows)
    summary = fl.score(tmp_path / "x.parquet", f"{tmp_path}/scored/", by=by, **OPTIONS)
    columns = [[str(v) if name == "day" else v for v in data[name].to_pylist()] for name in by]
    labels, losses = list(zip(*columns, strict=True)), fl.huber(data["r"])
    assert summary.by == tuple(by) and set(summary.groups) == set(labels)
    for key, group in summary.groups.items():
        assert group == Summary.of(losses[[label == key for label in labels]])
    shown = json.loads(summary.to_json())
    assert shown["by"] == list(by) and {tuple(group["value"]) for group in shown["groups"]} == set(labels)
    again = fl.score(tmp_path / "x.parquet", f"{tmp_path}/scored/", by=by, resume=True, **OPTIONS)
    restored = Summary.from_json(summary.to_json(state=True))
    assert again.to_json() == summary.to_json() and restored == summary and type(restored) is type(summary)
    assert summary.to_arrow().column_names[: len(by)] == list(by)


def test_a_list_of_one_column_is_that_column(tmp_path, data):
    one, other = (fl.score(tmp_path / "x.parquet", by=by, **OPTIONS) for by in ("day", ["day"]))
    assert one == other and one.to_json() == other.to_json()
    two = fl.score(tmp_path / "x.parquet", by=["day", "model"], **OPTIONS)
    with pytest.raises(ValueError, match=r"by 'day' and by \('day', 'model'\) do not merge"):
        one | two
    turned = fl.score(tmp_path / "x.parquet", by=["model", "day"], **OPTIONS)
    with pytest.raises(ValueError, match=r"\('model', 'day'\) do not merge: score both by .* in one order$"):
        two | turned
    for wrong in ([], ["day", "day"], [3.5, None]):
        with pytest.raises(ScoringError, match=r"^by must be"):
            fl.score(tmp_path / "x.parquet", by=wrong, **OPTIONS)


def test_booleans_beside_numbers_are_numbers_in_their_column_alone():
    parts = [([(True, True), (None, False)], [1.0, 2.0]), ([(1, True), (0, None)], [3.0, 4.0]), ([("a", 1)], [5.0])]

    def collected(parts):
        collector = GroupCollector(("a", "b"))
        for keys, values in parts:
            collector.add(np.array(values), None, None, None, np.arange(len(keys)), keys)
        return collector

    whole = collected(parts).summary()
    expected = {(1, 1): 2, (None, 0): 1, (0, None): 1, ("a", 1): 1}
    assert {key: group.count for key, group in whole.groups.items()} == expected
    assert not any(type(part) is bool for key in whole.groups for part in key)
    first = collected(parts[:2]).summary()
    assert first.groups[1, True].count == 2 and type(next(k for k in first.groups if k[0] == 1)[1]) is bool
    for order in itertools.permutations(parts):
        one, two, three = (collected([part]).summary() for part in order)
        assert (one | two | three).to_json(state=True) == whole.to_json(state=True)
        taken = collected(order[:1])
        taken.take(collected(order[1:]))
        assert taken.summary().to_json(state=True) == whole.to_json(state=True)


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: s.update(by=["a"]),
        lambda s: s.update(by=["a", 1]),
        lambda s: s.update(by="a"),
        lambda s: s["groups"][0].__setitem__(0, ["b"]),
        lambda s: s["groups"][0].__setitem__(0, "b"),
        lambda s: s["groups"][0].__setitem__(0, ["b", []]),
    ],
)
def test_states_of_no_groups_by_several_are_refused(edit):
    collector = GroupCollector(("a", "b"))
    collector.add(np.array([1.0]), None, None, None, np.zeros(1, int), [("x", 2)])
    state = json.loads(json.dumps(collector.summary().to_dict()))
    assert type(collector.summary()).from_dict(state) == collector.summary()
    edit(state)
    with pytest.raises(ValueError, match=r"by is|value of a group is"):
        type(collector.summary()).from_dict(state)


def test_the_table_has_the_worst_mean_first(tmp_path, capsys):
    means = {"g10": 1.0, "g2": 9.0, "g1": 1.0, "g3": None}
    table = pa.table({"r": [mean or np.nan for mean in means.values()], "g": list(means), "h": [1, 2, 1, 1]})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    command = ["score", str(tmp_path / "x.parquet"), "--loss", "absolute_error", "--residual", "r"]
    for options, expected in (
        (["--by", "g"], ["g2", "g1", "g10", "g3"]),
        (["--by", "g", "--sort", "key"], ["g1", "g10", "g2", "g3"]),
        (["--by", "h", "--by", "g"], ["2, g2", "1, g1", "1, g10", "1, g3"]),
    ):
        assert main([*command, *options]) == 0
        assert re.findall(r"^((?:\d, )?g\d+) ", capsys.readouterr().out, re.M) == expected
    assert main([*command, "--by", "g", "--sort", "size"]) == 2
    assert capsys.readouterr().err == "fastloss: unknown sort 'size'; there are mean, key\n"


def test_with_weights_the_table_has_the_worst_weighted_mean_first(tmp_path, capsys):
    table = pa.table({"r": [1.0, 8.0, 4.0, 2.0], "g": ["a", "a", "b", "b"], "w": [7.0, 0.0, 1.0, 1.0]})
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    command = ["score", str(tmp_path / "x.parquet"), "--loss", "absolute_error", "--residual", "r", "--by", "g"]
    assert main([*command, "--weight", "w"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[-3:]]
    assert lines[0] == ["g", "count", "mean", "weighted", "mean", "p50", "p99", "max"]
    assert [line[:4] for line in lines[1:]] == [["b", "2", "3", "3"], ["a", "2", "4.5", "1"]]
    summary = fl.score(table, loss="absolute_error", residual="r", by="g", sample_weight="w")
    assert summary.worst_first() == ["b", "a"]
