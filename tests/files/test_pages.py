"""Rows taken out of a Parquet file by single pages are those of the file, however it was written."""

import datetime
import itertools
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fastloss as fl
from fastloss.files import ScoringError, Spec
from fastloss.files.dataset import Fragment
from fastloss.files.parquet import pages
from fastloss.files.readers import tables
from fastloss.files.readers.sources import open_source

ROWS = 3000
SPEC = Spec.of(fl.huber, "p", "y")


def table():
    rng = np.random.default_rng(0)
    null = rng.random(ROWS) < 0.2
    instants = np.datetime64("2026-11-01", "us") + rng.integers(0, 10**12, ROWS)
    columns = {
        "p": rng.normal(size=ROWS),
        "y": pa.array(rng.normal(size=ROWS).astype(np.float32), mask=null),
        "whole": pa.array(rng.integers(0, 50, ROWS).astype(np.int16), mask=null),
        "counted": np.arange(ROWS, dtype=np.uint64),
        "flag": pa.array(rng.random(ROWS) < 0.5, mask=null),
        "text": [None if null[i] else f"row {i}" for i in range(ROWS)],
        "few": pa.array(rng.choice(["a", "b", "c"], ROWS)).dictionary_encode(),
        "large": pa.array([str(i) * 5 for i in range(ROWS)], pa.large_string()),
        "bytes": pa.array([bytes([i % 256]) * 4 for i in range(ROWS)], pa.binary(4)),
        "decimal": pa.array([Decimal(i) / 4 for i in range(ROWS)], pa.decimal128(12, 2)),
        "instant": pa.array(instants, pa.timestamp("us", "UTC")),
        "day": pa.array([datetime.date(2026, 1, 1 + i % 28) for i in range(ROWS)]),
        "second": pa.array(rng.integers(0, 10**9, ROWS), pa.timestamp("s")),
        "nanosecond": pa.array(rng.integers(0, 10**9, ROWS) * 1000, pa.timestamp("ns"), mask=null),
        "time": pa.array(rng.integers(0, 10**4, ROWS).astype(np.int32), mask=null).cast(pa.time32("s")),
        "lasting": pa.array(rng.integers(0, 10**9, ROWS), pa.duration("ms")),
        "small": pa.array(rng.integers(200, 256, ROWS).astype(np.uint8), mask=null),
        "large bytes": pa.array([None if null[i] else bytes(i % 4) for i in range(ROWS)], pa.large_binary()),
        "half": pa.array(rng.normal(size=ROWS).astype(np.float16)),
        "nothing": pa.nulls(ROWS),
        "struct": [{"a": i, "b": str(i)} for i in range(ROWS)],
        "list": [[i] * (i % 3) for i in range(ROWS)],
    }
    return pa.table(columns)


def taken(path, names, rows, **options):
    with open_source(Fragment(str(path), "parquet", **options), SPEC) as source:
        return source.taken(names, np.array(rows))


CHOICES = ([0], [ROWS - 1], [0, 1, 699, 700, 701, 2999], list(range(5, ROWS, 97)), list(range(ROWS)))
WAYS = (
    {},
    {"use_dictionary": False},
    {"data_page_version": "2.0", "compression": "zstd"},
    {"compression": "none", "write_page_checksum": True},
    {"use_dictionary": False, "column_encoding": {"counted": "DELTA_BINARY_PACKED", "large": "DELTA_BYTE_ARRAY"}},
    {"use_dictionary": False, "use_byte_stream_split": ["p", "y"]},
    {"store_schema": False, "write_page_index": True},
    {"dictionary_pagesize_limit": 1000},  # given up in the middle
)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_of_all_ways_to_write(tmp_path, way):
    path = tmp_path / "in.parquet"
    pq.write_table(table(), path, row_group_size=700, max_rows_per_page=64, data_page_size=500, **way)
    whole = pq.read_table(path)
    for rows in CHOICES:
        found = taken(path, whole.column_names, rows)
        assert found.schema.types == whole.schema.types
        assert found.to_pylist() == whole.take(rows).to_pylist()


def test_timestamps_of_96_bits(tmp_path):
    path = tmp_path / "in.parquet"
    instants = pa.array([datetime.datetime(1200 + i, 1, 1) for i in range(900)], pa.timestamp("us"))
    columns = pa.table({"p": np.zeros(900), "y": np.zeros(900), "t": instants})
    pq.write_table(columns, path, use_deprecated_int96_timestamps=True, row_group_size=500, max_rows_per_page=50)
    assert (
        taken(path, ["t"], [3, 600])["t"].cast(pa.timestamp("us")).equals(pa.chunked_array([instants.take([3, 600])]))
    )


def test_few_pages_are_read(tmp_path, monkeypatch):
    path = tmp_path / "in.parquet"
    coded = {"use_dictionary": False, "column_encoding": {"counted": "DELTA_BINARY_PACKED"}}
    pq.write_table(table(), path, max_rows_per_page=100, **coded)
    sizes = []
    with_rows = pages.with_rows

    def watched(*args):
        found = with_rows(*args)
        sizes.append(pq.read_metadata(pa.BufferReader(found[0])).num_rows)
        return found

    monkeypatch.setattr(tables, "with_rows", watched)
    taken(path, ["p", "text", "decimal", "list", "counted"], [5, 6, 250])
    assert sizes == [200]  # of what is coded otherwise; the rest is taken out of its pages


def test_row_groups_that_are_not_of_the_fragment_count(tmp_path):
    path = tmp_path / "in.parquet"
    pq.write_table(table(), path, row_group_size=700)
    assert taken(path, ["counted"], [800, 2200], row_groups=(1, 3))["counted"].to_pylist() == [800, 2200]


def test_damaged_pages_are_an_error(tmp_path):
    """Of all bytes of a small file but its footer: what is found is right, or there is an error in one line."""
    path = tmp_path / "in.parquet"
    columns = table().select(["p", "y", "counted", "few", "list"]).slice(0, 60)
    pq.write_table(columns, path, max_rows_per_page=20, write_page_checksum=True)
    content, expected = path.read_bytes(), columns.select(["counted", "few", "list"]).take([7, 45]).to_pylist()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for at, value in itertools.product(range(4, footer, 3), (1, 0x55, 0xFF)):
        path.write_bytes(content[:at] + bytes([content[at] ^ value]) + content[at + 1 :])
        try:
            found = taken(path, ["counted", "few", "list"], [7, 45]).to_pylist()
        except (ScoringError, pa.ArrowException, OSError) as error:
            found = str(error)
        assert found == expected or "\n" not in found
