"""The worst rows of summaries: merged in any order, in JSON, and as state that may be damaged."""

import base64
import datetime
import functools
import itertools
import json
import operator
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from fastloss.exact.rows import compact, plain, together
from fastloss.exact.summary import Summary
from fastloss.exact.worst import Worst


def summary_of(values, file, count=3, **columns):
    """A summary with its worst rows, which a stable sort of the values finds."""
    values = np.array(values, float)
    order = [i for i in np.argsort(-values, kind="stable") if not np.isnan(values[i])][:count]
    table = {
        "file": pa.array([file] * len(order), pa.string()),
        "row": pa.array(order, pa.int64()),
        "value": pa.array(values[order]),
    }
    table |= {name: pa.array(column).take(pa.array(order, pa.int64())) for name, column in columns.items()}
    return replace(Summary.of(values), worst_rows=Worst(count, (pa.table(table),), (0,)))


def test_merging_keeps_the_largest_in_any_order():
    parts = [
        summary_of([1, 5, np.nan, 9], "a", text=["p", "q", "r", "s"]),
        summary_of([9, np.inf, -np.inf], "b", text=["t", "u", "v"]),
        summary_of([9, 9, 0.5], "c", text=["w", "x", "y"]),
        summary_of([np.nan], "d", text=["z"]),
        Summary(),
    ]
    merged = {
        functools.reduce(operator.or_, order).to_json(state=True) for order in itertools.permutations(parts)
    }  # the bytes
    assert len(merged) == 1
    worst = Summary.from_json(merged.pop()).worst
    assert worst.to_pylist() == [
        {"file": "b", "row": 1, "value": np.inf, "text": "u"},
        {"file": "a", "row": 3, "value": 9.0, "text": "s"},
        {"file": "b", "row": 0, "value": 9.0, "text": "t"},
    ]


@pytest.mark.parametrize("file", [None, "preds.csv"])
def test_equal_losses_of_files_of_one_name_are_in_one_order(file):
    parts = [
        summary_of([1, 0, 1], file, day=[day] * 3, r=[r, 0.5, np.nan])
        for day, r in (("fri", 2.0), ("mon", np.inf), ("mon", 1.0), (None, 3.0))
    ]
    for some in itertools.combinations(parts, 3):
        merged = {functools.reduce(operator.or_, order).to_json(state=True) for order in itertools.permutations(some)}
        assert len(merged) == 1
    merged = functools.reduce(operator.or_, parts).worst
    assert merged["row"].to_pylist() == [0, 0, 0]
    assert set(merged["value"].to_pylist()) == {1.0}


def test_dictionaries_are_the_same_bytes_however_they_came_together():
    def part(texts, file):
        summary = summary_of(np.arange(len(texts)), file, text=texts)
        table = summary.worst
        return replace(summary, worst_rows=Worst(3, (table.set_column(3, "text", _encoded(table["text"])),), (0,)))

    a, b = part(["x", "y", "z"], "a"), part(["z", "unused", "y", "x"], "b")
    assert (a | b).to_json(state=True) == (b | a).to_json(state=True)
    assert (a | b).worst["text"].type == pa.dictionary(pa.int8(), pa.string())
    assert (a | b).worst["text"].to_pylist() == ["x", "z", "y"]


def _encoded(column):
    return column.combine_chunks().dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string()))


def test_fewer_of_two_numbers():
    merged = summary_of([3, 2, 1], "a", 2) | summary_of([2.5, 2.4, 2.3], "b", 3)
    assert merged.worst_rows.count == 2
    assert merged.worst["value"].to_pylist() == [3.0, 2.5]


def test_not_merged_with_what_is_not_known():
    with pytest.raises(ValueError, match="with worst rows and without"):
        summary_of([1], "a") | Summary.of(np.array([2.0]))
    assert Summary.of(np.array([2.0])).worst is None
    assert "worst" not in json.loads(Summary.of(np.array([2.0])).to_json(state=True))


def test_columns_of_several_types():
    tables = [pa.table({"a": [1, 2]}), pa.table({"a": [0.5], "b": ["x"]}), pa.table({"b": [{"c": 1}], "a": [None]})]
    whole = together(tables)
    assert whole.to_pylist() == [
        {"a": 1.0, "b": None},
        {"a": 2.0, "b": None},
        {"a": 0.5, "b": "x"},
        {"a": None, "b": '{"c": 1}'},
    ]


INSTANT = datetime.datetime(2026, 11, 1, 3, 4, 5, 600000)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([INSTANT, None]), ["2026-11-01T03:04:05.6", None]),
        (pa.array([INSTANT.date()]), ["2026-11-01"]),
        (pa.array([INSTANT], pa.timestamp("ns", "UTC")), ["2026-11-01T03:04:05.6Z"]),
        (pa.array([datetime.timedelta(seconds=-90)]), ["-PT90S"]),
        (pa.array([Decimal("1.50"), Decimal("3.00")]), [1.5, 3]),
        (pa.array([1.0, np.inf, -np.inf, np.nan]), [1.0, "inf", "-inf", None]),
        (pa.array([1.5], pa.float16()), [1.5]),
        (pa.array([[1.0, np.inf], None, []]), [[1.0, "inf"], None, []]),
        (pa.array([[1, 2], None], pa.list_(pa.int64(), 2)), [[1, 2], None]),
        (pa.array([[1], None, [2, 3]], pa.list_view(pa.int64())), [[1], None, [2, 3]]),
        (pa.array([[(1, "a")], None], pa.map_(pa.int64(), pa.string())), [[[1, "a"]], None]),
        (pa.array([{"a": [INSTANT], "b": None}, None]), [{"a": ["2026-11-01T03:04:05.6"], "b": None}, None]),
        (pa.array([b"a\xff"]), ["a\\xff"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), ["a", None, "a"]),
        (pa.array(["a"], pa.string_view()), ["a"]),
        (pa.nulls(2), [None, None]),
        (pa.array([True, None]), [True, None]),
        (pa.array([2**63], pa.uint64()), [2**63]),
    ],
)
def test_values_as_json(array, expected):
    assert plain(array) == expected
    assert json.loads(json.dumps(plain(array), allow_nan=False)) == expected
    assert (compact(array).type, plain(compact(array))) == (array.type, expected)
    assert plain(array.slice(1)) == expected[1:]


def test_compact_leaves_out_what_is_not_used():
    few = pa.array([str(i) for i in range(1000)]).dictionary_encode().slice(10, 2)
    assert compact(few).dictionary.to_pylist() == ["10", "11"]
    levels = pa.DictionaryArray.from_arrays([3, None, 1, 3], ["bad", "fair", "good", "best"], ordered=True)
    assert compact(levels).to_pylist() == levels.to_pylist()
    assert compact(levels).dictionary.to_pylist() == ["fair", "best"]
    long = pa.array(["a text that is longer than twelve bytes"] * 1000, pa.string_view())
    assert compact(long.slice(0, 2)).nbytes < long.nbytes / 10


def _damaged(change):
    state = summary_of([1, 5, 9], "a", 2).to_dict()
    change(state["worst"])
    return state


def _table_of(**columns):
    return Worst(2, (pa.table(columns),), (0,)).to_dict()["tables"]


def _texts(spelling):
    table = pa.table({"file": ["a", "a"], "row": [2, 1], "value": [9.0, 5.0], "x": ["1", "2"]})
    field = pa.field("x", pa.string(), metadata={b"spelling": spelling})
    return Worst(2, (table.cast(table.schema.set(3, field)),), (0,)).to_dict()["tables"]


def test_texts_are_typed_by_all_rows():
    spelling = b'{"decimal": ".", "thousands": null, "null": []}'
    assert Worst.from_dict({"count": 2, "tables": _texts(spelling)}).table["x"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        lambda worst: worst.update(count=0),
        lambda worst: worst.update(count=3),
        lambda worst: worst.update(tables=[]),
        lambda worst: worst.update(tables=["?"]),
        lambda worst: worst.update(tables=[base64.b64encode(b"no stream").decode()]),
        lambda worst: worst.update(tables=[worst["tables"][0][:200]]),
        lambda worst: worst.update(tables=_table_of(file=["a", "a"], row=[1, 2], value=[5.0, 9.0])),
        lambda worst: worst.update(tables=_table_of(file=["a", "a"], row=[1, 2], value=[8.0, 5.0])),
        lambda worst: worst.update(tables=_table_of(file=["a", "a"], row=[1, 2], value=["9", "5"])),
        lambda worst: worst.update(tables=_table_of(file=["a", "a"], row=[1, None], value=[9.0, 5.0])),
        lambda worst: worst.update(tables=_texts(b'{"decimal": ".", "thousands": null}')),
        lambda worst: worst.update(tables=_texts(b'{"decimal": 1, "thousands": null, "null": []}')),
        lambda worst: worst.update(tables=_texts(b'{"decimal": "", "thousands": null, "null": []}')),
        lambda worst: worst.update(tables=_texts(b"?")),
        lambda worst: worst.update(more=1),
    ],
)
def test_damaged_state(change):
    Summary.from_dict(_damaged(lambda worst: None))
    with pytest.raises(ValueError, match=r"worst|count"):
        Summary.from_dict(_damaged(change))
