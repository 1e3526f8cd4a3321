"""Values of rows of an Arrow file that are read where they lie, beside what pyarrow reads."""

import datetime
import io
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from fastloss.files.arrow.cells import Cells

ROWS = 40
NUMBERS = [None if i % 5 == 3 else i - 7 for i in range(ROWS)]
TEXTS = [None if i % 7 == 2 else "é" * (i % 4) for i in range(ROWS)]
ALONE = {
    "int8": pa.array(NUMBERS, pa.int8()),
    "uint64": pa.array(range(ROWS), pa.uint64()),
    "half": pa.array(np.arange(ROWS, dtype=np.float16)),
    "float": pa.array(NUMBERS, pa.float32()),
    "bool": pa.array([None if n is None else n % 2 == 0 for n in NUMBERS]),
    "decimal": pa.array([None if n is None else Decimal(n) / 4 for n in NUMBERS], pa.decimal128(9, 2)),
    "wide": pa.array([Decimal(i) for i in range(ROWS)], pa.decimal256(50, 0)),
    "date": pa.array([datetime.date(2020, 1, 1 + i % 28) for i in range(ROWS)]),
    "zoned": pa.array([datetime.datetime(2020, 1, 1)] * ROWS, pa.timestamp("us", "UTC")),
    "fixed": pa.array([bytes([i, 0, i]) for i in range(ROWS)], pa.binary(3)),
    "text": pa.array(TEXTS),
    "large": pa.array(TEXTS, pa.large_string()),
    "bytes": pa.array([bytes([i] * (i % 3)) for i in range(ROWS)], pa.binary()),
}
BETWEEN = {  # which are not read so, but take their places
    "null": pa.nulls(ROWS),
    "list": pa.array([[1] * (i % 3) for i in range(ROWS)]),
    "struct": pa.array([{"a": i, "b": str(i)} for i in range(ROWS)]),
    "map": pa.array([[("k", i)] for i in range(ROWS)], pa.map_(pa.string(), pa.int8())),
    "three": pa.array([[i, i, i] for i in range(ROWS)], pa.list_(pa.int8(), 3)),
    "dictionary": pa.array(["a", "b"] * (ROWS // 2)).dictionary_encode(),
}


def cells_of(table, sizes=(ROWS,), **options):
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for start, size in zip(np.cumsum([0, *sizes[:-1]]), sizes, strict=True):
            writer.write_table(table.slice(start, size).combine_chunks())
    data = sink.getvalue()
    return data, lambda data=data: Cells(table.schema, lambda start, count: data[start : start + count], len(data))


@pytest.mark.parametrize("rows", [[0], [ROWS - 1], [0, 3, 4, 9, 16, 17, 25, 39]])
def test_values_of_all_types(rows):
    """Each behind columns of other kinds, whose buffers are counted."""
    columns = [pair for pair in zip(ALONE.items(), [*BETWEEN.items()] * 3, strict=False)]
    table = pa.table(dict(item for pair in columns for item in pair))
    _, opened = cells_of(table, (17, 1, 22))
    cells = opened()
    assert cells.ends.tolist() == [0, 17, 18, ROWS]
    for name in table.column_names:
        found = cells.column(name, np.array(rows))
        if name in BETWEEN:
            assert found is None
        else:
            expected = table[name].take(rows).combine_chunks()
            assert found.type == expected.type
            assert found.equals(expected)


def test_views_and_what_is_behind_them_are_left_to_pyarrow():
    table = pa.table({"a": [1, 2], "view": pa.array(["x", "y"], pa.string_view()), "b": [3, 4]})
    cells = cells_of(table, (2,))[1]()
    assert cells.column("a", np.array([1])).to_pylist() == [2]
    assert cells.column("view", np.array([1])) is None
    assert cells.column("b", np.array([1])) is None


def test_compressed_buffers_are_left_to_pyarrow():
    assert cells_of(pa.table(ALONE), compression="lz4")[1]().column("int8", np.array([1])) is None


def test_no_byte_of_a_damaged_file_does_harm():
    """What is read is none, or of the type that it should be."""
    table = pa.table({"n": pa.array(NUMBERS, pa.int16()), "t": pa.array(TEXTS)})
    data, opened = cells_of(table, (20, 20))
    rng = np.random.default_rng(0)
    for place in rng.integers(len(data), size=400).tolist():
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        cells = opened(bytes(damaged))
        rows = np.array([row for row in (0, 7, 25) if row < cells.ends[-1]])
        if len(rows) and (np.diff(cells.ends) >= 0).all():
            for name in table.column_names:
                found = cells.column(name, rows)
                assert found is None or (found.type, len(found)) == (table.schema.field(name).type, len(rows))
