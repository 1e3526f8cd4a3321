"""Values that are picked are those that pyarrow takes, to the bytes."""

import datetime
import pickle
import subprocess
import sys
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from fastloss.exact import picked
from fastloss.exact.rows import chosen, chosen_runs, whole

ROWS = 50
VALUES = {
    "float16": pa.array(np.linspace(0, 1, ROWS).astype("f2")),
    "float32": pa.array(np.linspace(0, 1, ROWS).astype("f4")),
    "int8": pa.array(range(ROWS), pa.int8()),
    "uint64": pa.array(range(ROWS), pa.uint64()),
    "boolean": pa.array([i % 3 == 0 for i in range(ROWS)]),
    "text": pa.array(["a" * (i % 4) + "é" for i in range(ROWS)]),
    "large text": pa.array([str(i) for i in range(ROWS)], pa.large_string()),
    "bytes": pa.array([bytes([i]) for i in range(ROWS)]),
    "large bytes": pa.array([bytes(i) for i in range(ROWS)], pa.large_binary()),
    "bytes of a size": pa.array([bytes([i]) * 3 for i in range(ROWS)], pa.binary(3)),
    "day": pa.array([datetime.date(2026, 1, 1 + i % 28) for i in range(ROWS)]),
    "instant": pa.array(range(ROWS), pa.timestamp("ns", "Europe/Vienna")),
    "duration": pa.array(range(ROWS), pa.duration("ms")),
    "decimal": pa.array([Decimal(i) / 4 for i in range(ROWS)], pa.decimal128(9, 2)),
    "large decimal": pa.array([Decimal(i) / 4 for i in range(ROWS)], pa.decimal256(50, 2)),
    "interval": pa.array([(i, i, i) for i in range(ROWS)], pa.month_day_nano_interval()),
    "dictionary": pa.array([str(i % 4) for i in range(ROWS)]).dictionary_encode(),
    "list": pa.array([[i] * (i % 3) for i in range(ROWS)]),
    "struct": pa.array([{"a": i} for i in range(ROWS)]),
    "view": pa.array([str(i) for i in range(ROWS)], pa.string_view()),
    "null": pa.nulls(ROWS),
}


def stream(array):
    sink = pa.BufferOutputStream()
    batch = pa.RecordBatch.from_arrays([array], ["a"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def with_nulls(kind, share):
    """Values of a kind with this share of nulls, under which the values are still there."""
    array = VALUES[kind]
    if not share or kind in ("null", "view"):
        return array
    null = np.random.default_rng(0).random(ROWS) < share
    if array.type.num_fields or pa.types.is_dictionary(array.type):
        return pa.array([None if null[i] else value for i, value in enumerate(array.to_pylist())], array.type)
    bits = pa.py_buffer(np.packbits(~null, bitorder="little"))
    return pa.Array.from_buffers(array.type, len(array), [bits, *array.buffers()[1:]])


@pytest.mark.parametrize("nulls", [0, 0.3, 1])
@pytest.mark.parametrize("kind", VALUES)
def test_values_are_those_that_pyarrow_takes(kind, nulls):
    array = with_nulls(kind, nulls)
    for part in (array, array.slice(7), array.slice(3, 20), array.slice(0, 0)):
        rng = np.random.default_rng(len(part))
        for places in (np.sort(rng.permutation(len(part))[:9]), rng.permutation(len(part)), np.arange(0)):
            found = picked.take(part, places)
            found.validate(full=True)
            if kind == "view":  # which pyarrow does not take
                assert found.to_pylist() == [part[int(place)].as_py() for place in places]
            else:
                assert stream(found) == stream(part.take(pa.array(places, pa.int64())))


@pytest.mark.parametrize("kind", VALUES)
def test_places_behind_the_end_are_refused(kind):
    with pytest.raises(IndexError):
        picked.take(VALUES[kind].slice(0, 9), np.array([1, 9]))


@pytest.mark.parametrize("nulls", [0, 0.3, 1])
@pytest.mark.parametrize("kind", VALUES)
def test_runs_have_the_bytes_of_each_alone(kind, nulls):
    array = with_nulls(kind, nulls)
    places = np.random.default_rng(1).permutation(ROWS)
    ends = [0, 9, 9, 20, 21, ROWS]
    found = chosen_runs(pa.table({"a": array}), places, ends)
    for table, first, end in zip(found, [0, *ends[:-1]], ends, strict=True):
        run = whole(table.column(0))
        run.validate(full=True)
        alone = whole(chosen(pa.table({"a": array}), places[first:end]).column(0))
        assert stream(run) == stream(alone)
        assert len(pickle.dumps(run)) <= len(pickle.dumps(alone)) + 64
    assert list(map(len, chosen_runs(pa.table({"a": array}), places[:0], [0, 0]))) == [0, 0]


def test_columns_are_made_of_numbers_and_bytes():
    for dtype in ("f4", "f8", "i8", "u1"):
        values = np.arange(9)[::2].astype(dtype)
        assert picked.to_arrow(values).equals(pa.array(values))
    for type in (pa.string(), pa.large_binary()):
        assert picked.column([b"a", b"", "é".encode()], type).equals(pa.array(["a", "", "é"]).cast(type))
        assert picked.column([b"a", None, b""], type).equals(pa.array(["a", None, ""]).cast(type))
        assert picked.column([], type).equals(pa.array([], type))
    assert picked.repeated("é", 3).equals(pa.array(["é"] * 3))
    assert picked.repeated(None, 3).equals(pa.nulls(3, pa.string()))
    assert picked.column([b"\1", None, b"\0"], pa.bool_()).equals(pa.array([True, None, False]))
    assert picked.column([b"\2\1", None], pa.int16()).equals(pa.array([258, None], pa.int16()))
    assert picked.column([b"ab", b"cd"], pa.binary(2)).equals(pa.array([b"ab", b"cd"], pa.binary(2)))


def test_numbers_of_tables():
    parts = [pa.array([0.5, 1.5, 2.5]).slice(1), pa.array([3.5]), pa.array([], pa.float64())]
    table = pa.table({"a": pa.chunked_array(parts)})
    assert picked.stored_column(table, 0).tolist() == [1.5, 2.5, 3.5]
    assert picked.stored_column(table.slice(0, 0), 0).tolist() == []


def test_neither_pandas_nor_pyarrow_compute_is_imported():
    code = """
import sys, numpy as np, pyarrow as pa
from fastloss.exact import picked
column = picked.column([b"a", b"b"], pa.string())
assert picked.take(column, np.array([1])).to_pylist() == ["b"]
assert picked.take(picked.to_arrow(np.arange(3.0)), np.array([2])).to_pylist() == [2]
assert picked.stored_column(pa.table([picked.to_arrow(np.arange(3.0))], names=["a"]), 0).tolist() == [0, 1, 2]
print(*sys.modules.keys() & {"pandas", "pyarrow.compute"})
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "\n"
