"""A few rows of nested columns are what pyarrow reads, whoever wrote them and however; damaged files are errors."""

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import fastloss as fl
from fastloss.files import ScoringError, Spec
from fastloss.files.dataset import Fragment
from fastloss.files.parquet import selected
from fastloss.files.readers.sources import open_source

SPEC = Spec.of(fl.huber, "p", "y")
DEEPEST = 3
OPTIONS = {
    "compression": st.sampled_from(["none", "snappy", "zstd"]),
    "use_dictionary": st.booleans(),
    "dictionary_pagesize_limit": st.sampled_from([40, 1 << 20]),
    "data_page_version": st.sampled_from(["1.0", "2.0"]),
    "data_page_size": st.sampled_from([30, 300, 1 << 20]),
    "row_group_size": st.sampled_from([50, 333, 1 << 20]),
    "write_batch_size": st.sampled_from([3, 64, 1024]),
    "write_page_checksum": st.booleans(),
    "write_page_index": st.booleans(),
    "store_schema": st.booleans(),
}


def numbers(rng, count, null):
    return pa.array(rng.normal(size=count), mask=null)


def shorts(rng, count, null):
    return pa.array(rng.integers(-9, 9, count).astype(np.int8), mask=null)


def flags(rng, count, null):
    return pa.array(rng.random(count) < 0.5, mask=null)


def texts(rng, count, null):
    return pa.array([f"täxt {i}" for i in rng.integers(0, 99, count)], pa.string(), mask=null)


def keys(rng, count, null):
    return pa.array([bytes(i) for i in rng.integers(0, 9, (count, 5), np.uint8)], pa.binary(5), mask=null)


def decimals(rng, count, null):
    return pa.array(rng.integers(-(10**9), 10**9, count), mask=null).cast(pa.decimal128(20, 0))


def instants(rng, count, null):
    return pa.array(rng.integers(0, 10**9, count), pa.timestamp("us", "UTC"), mask=null)


def lengths(rng, null):
    sizes = np.where(null, 0, rng.integers(0, 4, len(null)))
    ends = np.cumsum([0, *sizes]).astype(np.int32)
    return pa.array(ends, mask=np.append(null, False)), int(ends[-1])


def lists(rng, count, null, deep=0):
    ends, inside = lengths(rng, null)
    return pa.ListArray.from_arrays(ends, column(rng, inside, deep + 1))


def maps(rng, count, null, deep=0):
    ends, inside = lengths(rng, null)
    named = pa.array([f"key {i}" for i in range(inside)], pa.string())
    return pa.MapArray.from_arrays(ends, named, column(rng, inside, deep + 1))


def structs(rng, count, null, deep=0):
    columns = [column(rng, count, deep + 1) for _ in range(rng.integers(1, 4))]
    return pa.StructArray.from_arrays(columns, list("abc"[: len(columns)]), mask=pa.array(null))


FLAT, NESTED = (numbers, shorts, flags, texts, keys, decimals, instants), (lists, maps, structs)


def column(rng, count, deep):
    null = rng.random(count) < rng.choice([0, 0.2, 0.9])
    kind = int(rng.integers(len(FLAT) + (len(NESTED) if deep < DEEPEST else 0)))
    return FLAT[kind](rng, count, null) if kind < len(FLAT) else NESTED[kind - len(FLAT)](rng, count, null, deep)


def taken(path, names, wanted):
    with open_source(Fragment(str(path), "parquet"), SPEC) as source:
        return source.taken(names, np.array(wanted))


@pytest.fixture
def watched(monkeypatch):
    """What `as_file` gives."""
    found, as_file = [], selected.as_file
    monkeypatch.setattr(selected, "as_file", lambda *given: found.append(as_file(*given)) or found[-1])
    return found


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_nested_columns(tmp_path_factory, data):
    rng, count = np.random.default_rng(data.draw(st.integers(0, 1 << 32))), data.draw(st.integers(1, 700))
    kinds = [data.draw(st.sampled_from(NESTED)) for _ in range(2)]
    nested = [kind(rng, count, rng.random(count) < rng.choice([0, 0.3])) for kind in kinds]
    path = tmp_path_factory.mktemp("nested") / "in.parquet"
    whole = pa.table({"p": np.zeros(count), "a": nested[0], "b": nested[1], "c": column(rng, count, 0)})
    pq.write_table(whole, path, **data.draw(st.fixed_dictionaries(OPTIONS)))
    try:
        types = pq.read_table(path).schema.types
    except (pa.ArrowInvalid, OSError):  # some of the smallest pages of lists pyarrow writes so that it cannot read them
        reject()
    wanted = np.sort(rng.choice(count, rng.integers(1, min(count, 40) + 1), replace=False))
    found = taken(path, whole.column_names, wanted)
    assert found.schema.types == types
    assert repr(found.to_pylist()) == repr(whole.take(wanted).to_pylist())


def test_only_these_rows_are_decoded(tmp_path, watched):
    path, wanted = tmp_path / "in.parquet", [3, 4, 999]
    whole = pa.table({"p": np.zeros(1000), "a": [[{"x": i, "y": [str(i)] * (i % 3)}] * (i % 4) for i in range(1000)]})
    pq.write_table(whole, path, row_group_size=500, data_page_size=300, write_batch_size=8)
    assert taken(path, ["a"], wanted).to_pylist() == whole.select(["a"]).take(wanted).to_pylist()
    (small,) = watched
    assert pq.read_table(pa.BufferReader(small)).to_pylist() == whole.select(["a"]).take(wanted).to_pylist()


def test_a_row_that_is_longer_than_pages(tmp_path, watched):
    path = tmp_path / "in.parquet"
    whole = pa.table({"p": np.zeros(4), "a": [[1.0], list(range(50_000)), [], list(range(9))]})
    pq.write_table(whole, path, data_page_size=1000, write_batch_size=100, use_dictionary=False)
    for wanted in ([1], [2], [3], [0, 1, 2, 3]):
        assert taken(path, ["a"], wanted).to_pylist() == whole.select(["a"]).take(wanted).to_pylist()
    assert all(small is not None for small in watched)


def test_other_encodings_are_left_to_pyarrow(tmp_path, watched):
    path, wanted = tmp_path / "in.parquet", [3, 77]
    whole = pa.table({"p": np.zeros(99), "a": [list(range(i % 5)) for i in range(99)]})
    pq.write_table(whole, path, use_dictionary=False, column_encoding="BYTE_STREAM_SPLIT")
    assert taken(path, ["a"], wanted).to_pylist() == whole.select(["a"]).take(wanted).to_pylist()
    assert watched == [None]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_damaged_pages_are_an_error(tmp_path, version):
    """Of all bytes of small files but their footers: no fault of the process, and errors in one line."""
    path = tmp_path / "in.parquet"
    columns = {"p": np.zeros(40), "a": [[{"x": i, "y": [str(i)] * (i % 3)}] * (i % 4) for i in range(40)]}
    options = {"use_dictionary": ["a.list.element.y.list.element"], "compression": "none", "data_page_size": 100}
    pq.write_table(pa.table(columns), path, data_page_version=version, write_batch_size=8, **options)
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    for at, value in itertools.product(range(4, footer, 3), (1, 0x55, 0xFF)):
        path.write_bytes(content[:at] + bytes([content[at] ^ value]) + content[at + 1 :])
        try:
            assert len(taken(path, ["a"], [7, 33])) == 2
        except (ScoringError, pa.ArrowException, OSError) as error:
            assert "\n" not in str(error)  # noqa: PT017
