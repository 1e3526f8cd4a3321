"""Histograms, tables and texts of summaries, and `summarize`."""

import math

import numpy as np
import pytest

import fastloss as fl
from fastloss.exact.groups import GroupCollector
from fastloss.exact.summary import Summaries, Summary

VALUES = np.random.default_rng(0).lognormal(0, 2, 5000)


def grouped():
    collector = GroupCollector("<g>")
    collector.add(np.array([1.0, 3.0, 2.0, math.inf]), None, None, None, np.array([0, 0, 1, 2]), ["a<b", None, "c"])
    return collector.summary()


def test_a_summary_of_an_array():
    weights = np.arange(3.0)
    assert fl.summarize([1.0, 2.0, 6.0], weights) == Summary.of([1.0, 2.0, 6.0], sample_weight=weights)
    with pytest.raises(ValueError, match="sample_weight must be finite"):
        fl.summarize([1.0], sample_weight=[-1.0])


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("bins", [1, 7, 40])
def test_histograms_are_those_of_numpy_but_for_values_at_edges(bins, log):
    counts, edges = fl.summarize(VALUES).histogram(bins, log=log)
    between = np.geomspace if log else np.linspace
    assert edges == pytest.approx(between(VALUES.min(), VALUES.max(), bins + 1))
    assert (edges[0], edges[-1], counts.sum()) == (VALUES.min(), VALUES.max(), len(VALUES))
    for i in range(1, bins):  # all values but for those within 0.8% of the edge are on the right side of it
        assert (edges[i] * 0.992 > VALUES).sum() <= counts[:i].sum() <= (edges[i] * 1.008 > VALUES).sum()


def test_histograms_of_few_and_of_what_is_not_finite():
    counts, edges = fl.summarize([2.0, 2.0, math.nan]).histogram(2)
    assert counts.tolist() == [0, 2] and set(edges) == {2.0}
    counts, edges = fl.summarize([-math.inf, 1.0, 3.0, math.inf]).histogram(2)
    assert counts.tolist() == [1, 1] and edges == pytest.approx([1, 2, 3], rel=0.01)
    counts, edges = fl.summarize([-1.7e308, 1.7e308]).histogram(2)
    assert counts.tolist() == [1, 1] and np.isfinite(edges).all()
    assert fl.summarize([]).histogram(3, log=True)[0].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match=r"log needs values that are positive, the smallest is 0\.0"):
        fl.summarize([0.0, 1.0]).histogram(3, log=True)
    with pytest.raises(ValueError, match="bins"):
        fl.summarize([1.0]).histogram(0)


@pytest.mark.parametrize("values", [[-1.3447916148338865], [1.7e308], [5e-324], [1.1, math.nextafter(1.1, 2)]])
@pytest.mark.parametrize("bins", [2, 7, 10])
@pytest.mark.parametrize("log", [False, True])
def test_histograms_of_values_that_are_near_one_another(values, bins, log):
    if log and values[0] < 0:
        values = [-values[0]]
    counts, edges = fl.summarize(values).histogram(bins, log=log)
    assert counts.sum() == len(values) and (edges[0], edges[-1]) == (min(values), max(values))
    assert (edges[1:] >= edges[:-1]).all()  # as np.histogram asks of edges


def test_the_repr_has_mean_and_quantiles():
    assert repr(fl.summarize([1.0, 2.0, 6.0])) == "Summary(count=3, mean=3, p50=2, p99=5.92, max=6)"
    assert repr(fl.summarize([])) == "Summary(count=0, mean=-, p50=-, p99=-, max=-)"
    assert repr(grouped()).startswith("GroupedSummary(count=4, mean=inf, ")


def test_html_is_escaped():
    text = grouped().of_loss("<b>")._repr_html_()
    assert "a&lt;b" in text and "&lt;b&gt;" in text and "a<b" not in text and text.count("<tr>") == 4
    many = GroupCollector("g")
    many.add(np.ones(150), None, None, None, np.arange(150), list(range(150)))
    assert "and 50 more" in many.summary()._repr_html_()


def test_tables_have_a_row_a_group():
    pytest.importorskip("pyarrow")
    summary = grouped()
    table = summary.to_arrow()
    assert table.column_names[:3] == ["<g>", "count", "null"] and table["<g>"].to_pylist() == ["a<b", "c", None]
    for name in ("count", "mean", "min", "max", "sum", "std", "stderr", "infinite"):
        assert table[name].to_pylist() == [getattr(summary.groups[key], name) for key in ("a<b", "c", None)]
    assert table["interval_low"][0].as_py() == summary.groups["a<b"].interval[0]
    one = fl.summarize(VALUES).of_loss("nll(ignore_index=-100)").to_arrow()
    assert one.num_rows == 1 and one["p99"][0].as_py() == fl.summarize(VALUES).quantile(0.99)
    assert one["perplexity"][0].as_py() == math.exp(one["mean"][0].as_py()) and "perplexity" not in table.column_names
    assert fl.summarize([]).to_arrow()["mean"].to_pylist() == [None]
    pytest.importorskip("pandas")
    assert summary.to_pandas()["count"].tolist() == [2, 1, 1]


def test_a_number_called_as_a_column_of_groups_does_not_take_its_place():
    pytest.importorskip("pyarrow")
    many = GroupCollector(("count", "mean"))
    many.add(np.array([1.0, 2.0, 4.0]), None, None, None, np.array([0, 0, 1]), [(7, "a"), (8, "b")])
    table = many.summary().to_arrow()
    assert table.column_names[:4] == ["count", "mean", "count_", "null"]
    found = [table[name].to_pylist() for name in ("count", "mean", "count_", "mean_")]
    assert found == [[7, 8], ["a", "b"], [2, 1], [1.5, 4.0]] and str(table.schema.field("count_").type) == "int64"


@pytest.mark.parametrize(
    ("keys", "type"),
    [
        ([2**63, 1], "uint64"),
        ([None, 2**64 - 1], "uint64"),
        ([2**63, -1], "string"),
        ([None, -1], "int64"),
        ([True, False], "bool"),
        ([True, 2], "string"),
        ([None, 1.5, 2**53 + 1], "double"),
    ],
)
def test_groups_have_a_type_that_holds_them_all(keys, type):
    pytest.importorskip("pyarrow")
    many = GroupCollector("g")
    many.add(np.arange(len(keys)) + 1.0, None, None, None, np.arange(len(keys)), keys)
    summary = many.summary()
    column = summary.to_arrow()["g"]
    expected = [
        None if k is None else str(k) if type == "string" else float(k) if type == "double" else k
        for k in summary.groups
    ]
    assert str(column.type) == type and column.to_pylist() == expected and set(summary.groups) == set(keys)


def test_several_losses():
    pytest.importorskip("pyarrow")
    one, other = fl.summarize([1.0, 2.0]).of_loss("nll()"), fl.summarize([3.0]).of_loss("huber(delta=1.0)")
    table = Summaries({"<a>": one, "b": other}).to_arrow()
    assert table["loss"].to_pylist() == ["<a>", "b"] and table["mean"].to_pylist() == [1.5, 3.0]
    assert table["bits"].to_pylist() == [one.bits, None]
    by_loss = GroupCollector("loss")
    by_loss.add(np.array([1.0, 2.0]), None, None, None, np.array([0, 1]), ["x", "y"])
    assert Summaries({"a": by_loss.summary()}).to_arrow().column_names[:2] == ["loss_", "loss"]
    pytest.importorskip("pandas")
    assert Summaries({"a": one, "b": other}).to_pandas()["count"].tolist() == [2, 1]
    text = Summaries({"<a>": one, "b": other})._repr_html_()
    assert "&lt;a&gt;" in text and text.count("<table>") == 2
