"""Column chunks that are made here: the bytes of pyarrow's writer."""

import inspect
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fastloss.files.writers import chunks
from fastloss.files.writers.chunks import PAGE_ROWS, FloatsWriter

OPTION = "max_rows_per_page"
ROWS = 1, 9, PAGE_ROWS, 3 * PAGE_ROWS + 7
VALUES = {
    "numbers": lambda rng, x: x,
    "some NaN": lambda rng, x: np.where(rng.random(len(x)) < 0.3, np.nan, x),
    "NaN": lambda rng, x: x * np.nan,
    "at least 0": lambda rng, x: np.maximum(x, 0.0),
    "at most -0": lambda rng, x: -np.maximum(x, 0.0),
    "infinite": lambda rng, x: x / 0.0,
    "nulls": lambda rng, x: pa.array(x, mask=rng.random(len(x)) < 0.3),
    "null": lambda rng, x: pa.array(x, mask=np.ones(len(x), bool)),
}


def written(writer, table, groups):
    file = io.BytesIO()
    made = writer(file, table.schema)
    for _ in range(groups):
        made.write_table(table, row_group_size=len(table))
    made.close()
    return file.getvalue()


@pytest.mark.skipif(
    OPTION not in inspect.signature(pq.ParquetWriter).parameters, reason="this pyarrow has longer pages"
)
@pytest.mark.filterwarnings("ignore:divide by zero")
@pytest.mark.parametrize("codec", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("values", VALUES)
def test_files_are_those_of_pyarrow(values, dtype, codec):
    rng = np.random.default_rng(0)
    for rows in ROWS:
        first, other = (pa.array(VALUES[values](rng, rng.standard_normal(rows).astype(dtype)), dtype) for _ in "ab")
        cut = pa.chunked_array([first[: rows // 3], first[rows // 3 : rows // 3], first[rows // 3 :]])
        schema = pa.schema([("value", dtype), ("weight", dtype)], metadata={"told": "kept"})
        table = pa.table([cut, other], schema=schema)
        for groups in (0, 1, 3):
            expected = written(
                lambda file, schema: pq.ParquetWriter(
                    file, schema, use_dictionary=False, compression=codec, **{OPTION: PAGE_ROWS}
                ),
                table,
                groups,
            )
            made = written(
                lambda file, schema: FloatsWriter(file, schema, dict.fromkeys(schema.names, codec)), table, groups
            )
            assert made == expected


def test_what_pyarrow_writes_of_a_column_is_let_go_where_it_fails():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "no space")

    column = pa.chunked_array([pa.array([1.0, None])])
    with pytest.raises(OSError, match="no space"):
        chunks.ChunkWriter(chunks.Placed(Full()), pa.schema([("value", "float64")]), {"value": "none"}).write(
            pa.table({"value": column})
        )
