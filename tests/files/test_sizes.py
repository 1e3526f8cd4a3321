"""Batches are bounded by what their rows become, not by what they take in a file."""

import io
import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError, reading
from fastloss.files.arrow import sizes
from fastloss.files.arrow.declared import declared_bytes
from fastloss.files.readers import tables
from fastloss.files.readers.tables import ParquetSource
from fastloss.files.spec import Spec

RNG = np.random.default_rng(0)
WORDS = ["", "a", "bc" * 300, "d" * 1000, "ö"]
TEXTS = [None if number == 3 else WORDS[number % 5] for number in RNG.integers(0, 500, 400)]
LISTS = [None if number == 3 else ["x"] * (number % 4) for number in RNG.integers(0, 500, 400)]
VIEWS = pa.ListViewArray.from_arrays(
    pa.array(RNG.integers(0, 50, 400), pa.int32()), pa.array(RNG.integers(0, 50, 400), pa.int32()), pa.array(range(100))
)
ENCODED = pa.array(TEXTS).dictionary_encode()
TENSORS = pa.FixedSizeListArray.from_arrays(ENCODED, 2)
SHARING = {
    "dictionary": ENCODED,
    "dictionary of numbers": pa.array([7, 8] * 200).dictionary_encode(),
    "runs": pa.RunEndEncodedArray.from_arrays(pa.array(range(4, 401, 4), pa.int32()), pa.array(TEXTS[:100])),
    "views": pa.array(TEXTS, pa.string_view()),
    "binary views": pa.array(TEXTS, pa.binary_view()),
    "list views": VIEWS,
    "lists": pa.ListArray.from_arrays(pa.array(range(0, 401), pa.int32()), ENCODED),
    "struct": pa.StructArray.from_arrays([ENCODED, pa.array(range(400))], ["a", "b"]),
    "map": pa.MapArray.from_arrays(pa.array(range(0, 401), pa.int32()), pa.array(["k"] * 400), ENCODED),
    "tensors": TENSORS,
    "nothing": pa.nulls(400),
    "empty dictionary": pa.array([None] * 400, pa.dictionary(pa.int8(), pa.string())),
}


def plain(value):
    """Bytes of the texts and numbers in a value."""
    if isinstance(value, str | bytes):
        return len(value.encode() if isinstance(value, str) else value)
    if isinstance(value, dict):
        return sum(map(plain, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(plain, value))
    return 0 if value is None else 8


@pytest.mark.parametrize("name", SHARING)
@pytest.mark.parametrize("bounds", [(0, None), (37, 100), (399, 1), (5, 0)])
def test_rows_count_as_what_they_become(name, bounds):
    batch = pa.RecordBatch.from_arrays([SHARING[name].slice(*bounds)], ["x"])
    found = np.broadcast_to(sizes.row_bytes(batch), len(batch))
    expected = np.array([plain(row) for row in batch.column(0).to_pylist()], float)
    # Offsets, indices and elements under nulls may count, short texts as the longest; what is there may not be missed.
    if name in ("dictionary of numbers", "nothing", "empty dictionary"):
        assert (found <= 16).all() and (found >= expected).all()
    else:
        assert (found >= expected).all() and (found <= expected + 1016).all()
        assert found.sum() <= 1.2 * expected.sum() + 20 * len(batch) + 1016


@pytest.mark.parametrize("type", [pa.string(), pa.string_view()])
def test_buffers_may_be_longer_than_their_elements(type):
    """As padding makes them, by any number of bytes."""
    _, numbers, data = pa.array(["some text", "and some more of it"], type).buffers()
    longer = pa.py_buffer(numbers.to_pybytes() + b"abc")
    array = pa.Array.from_buffers(type, 2, [None, longer, data])
    found = sizes.row_bytes(pa.record_batch([pa.DictionaryArray.from_arrays(pa.array([1, 0]), array)], ["x"]))
    assert (np.broadcast_to(found, 2) >= [19, 9]).all()


@pytest.mark.parametrize("name", SHARING)
def test_batches_are_cut_into_all_of_their_rows(monkeypatch, name):
    monkeypatch.setattr(reading, "BATCH_BYTES", 3000)
    batch = pa.RecordBatch.from_arrays([SHARING[name], pa.array(range(len(SHARING[name])))], ["x", "r"])
    parts = list(reading.cut(batch))
    assert pa.Table.from_batches(parts).combine_chunks().equals(pa.Table.from_batches([batch]).combine_chunks())
    becomes = [sum(map(plain, part.column(0).to_pylist())) for part in parts]
    assert all(size <= 3000 or len(part) == 1 for size, part in zip(becomes, parts, strict=True))
    assert (len(parts) > 10) == (sum(becomes) > 40_000)


@pytest.fixture
def decoded(monkeypatch):
    """The sizes of what Parquet batches are before they are cut."""
    found = []
    monkeypatch.setattr(tables, "cut", lambda batch: found.append(batch.nbytes) or reading.cut(batch))
    return found


def repeated(count, type=None):
    """Texts that take a thousandth of what they become."""
    texts = pa.array([f"{number:05}" * 100 for number in range(40)], type or pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(np.arange(count) % 40, pa.int32()), texts)


@pytest.mark.parametrize("type", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
@pytest.mark.parametrize("column", ["text", "text.with a dot"])
def test_repeated_texts_of_parquet(tmp_path, decoded, type, column):
    """They are read as indices, cut, and are texts again: schema and values are those of the file."""
    table = pa.table({"r": np.arange(140_000.0), column: pc.cast(repeated(140_000, type), type)})
    table = table.set_column(1, pa.field(column, type, metadata={"kept": "yes"}), table.column(1))
    pa.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=135_000)
    with open(tmp_path / "in.parquet", "rb") as file:
        source = ParquetSource("in.parquet", file, Spec.of(fl.huber, residual="r"))
        batches = list(source.batches(["r", column]))
    assert max(decoded) <= 2 << 20  # indices
    assert max(batch.nbytes for batch in batches) <= 1.1 * reading.BATCH_BYTES
    assert pa.Table.from_batches(batches).equals(table, check_metadata=True)
    fl.score(tmp_path / "in.parquet", tmp_path / "out.parquet", loss=fl.huber, residual="r")
    assert pa.parquet.read_table(tmp_path / "out.parquet").drop_columns(["value"]).equals(table)


@pytest.mark.parametrize("options", [{}, {"use_dictionary": False, "column_encoding": {"t": "DELTA_BYTE_ARRAY"}}])
@pytest.mark.parametrize("nested", [False, True])
def test_other_texts_of_parquet_that_take_less_than_they_become(tmp_path, decoded, nested, options):
    """Texts of dictionaries inside structs, and those that begin like the ones before: the first batches tell."""
    texts = pa.array(["x" * 20_000 + f"{number % 300:04}" for number in range(8_000)])
    arrays = [pa.array(np.ones(8_000)), pa.StructArray.from_arrays([texts], ["f"]) if nested else texts]
    if nested and options:
        options = {**options, "column_encoding": {"t.f": "DELTA_BYTE_ARRAY"}}
    table = pa.Table.from_arrays(arrays, ["r", "t"])
    pa.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=8_000, **options)
    with open(tmp_path / "in.parquet", "rb") as file:
        source = ParquetSource("in.parquet", file, Spec.of(fl.huber, residual="r"))
        batches = list(source.batches(["r", "t"]))
    assert max(decoded) <= 1.1 * reading.BATCH_BYTES
    assert sum(map(len, batches)) == 8_000 and pa.Table.from_batches(batches).equals(table)


def test_many_columns_of_parquet(tmp_path, decoded):
    table = pa.table({f"c{i}": np.zeros(40_000) for i in range(300)})
    pa.parquet.write_table(table, tmp_path / "in.parquet")
    with open(tmp_path / "in.parquet", "rb") as file:
        source = ParquetSource("in.parquet", file, Spec.of(fl.huber, residual="c0"))
        assert len(list(source.batches(table.column_names))) > 2
        assert max(decoded) <= 1.1 * reading.BATCH_BYTES
        assert max(map(len, source.batches(["c0"]))) == 40_000  # columns that are not read do not count


def zeros(compression, stream=False, encoded=False, batches=1):
    """An IPC file or stream of record batches of a million bytes each, in dictionaries or not."""
    numbers = pa.array(np.zeros(1 << 17))
    array = pa.DictionaryArray.from_arrays(pa.array([1, 0, 2]), numbers) if encoded else numbers
    schema = pa.schema([("r", array.type)])
    file = io.BytesIO()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(file, schema, options=pa.ipc.IpcWriteOptions(compression=compression, unify_dictionaries=False)) as writer:
        for _ in range(batches):
            writer.write_batch(pa.RecordBatch.from_arrays([array], schema=schema))
    return file.getvalue()


def declared(data):
    return list(declared_bytes(lambda start, count: data[start : start + count], len(data)))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_what_compressed_buffers_become_is_told(stream, compression):
    assert [becomes for _, becomes in declared(zeros(compression, stream, batches=3))] == [1 << 20] * 3
    assert declared(zeros(compression, stream, encoded=True))[0][1] == 1 << 20
    assert declared(zeros(None, stream)) == []
    assert all(taken < becomes / 100 for taken, becomes in declared(zeros(compression, stream)))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("compression", ["lz4", "zstd"])
@pytest.mark.parametrize("place", ["", "memory://"])
def test_buffers_that_become_too_much_are_refused(tmp_path, monkeypatch, stream, encoded, compression, place):
    fsspec = pytest.importorskip("fsspec", reason="addresses need fsspec")
    data = zeros(compression, stream, encoded)
    path = place + str(tmp_path / "in.arrow")
    with fsspec.open(path, "wb") as file:
        file.write(data)
    assert fl.score(path, loss=fl.huber, residual="r").rows == (3 if encoded else 1 << 17)
    monkeypatch.setattr(reading, "EXPANDED_BYTES", 1 << 19)
    with pytest.raises(ScoringError, match=r"in.arrow: \d+ compressed bytes become 1048576 or more, over 100 times"):
        fl.score(path, loss=fl.huber, residual="r")
    (tmp_path / "in.arrow").write_bytes(zeros(None, stream, encoded))
    assert fl.score(tmp_path / "in.arrow", loss=fl.huber, residual="r").rows  # what is not compressed is there


def test_dictionaries_count_together(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "EXPANDED_BYTES", 5 << 19)
    values = [pa.array(np.zeros((1 << 17) + number)) for number in range(3)]
    batch = pa.record_batch([pa.DictionaryArray.from_arrays(pa.array([1]), each) for each in values], ["r", "s", "t"])
    with pa.ipc.new_file(
        tmp_path / "in.arrow", batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as file:
        file.write_batch(batch)
    with pytest.raises(ScoringError, match=f"become {(3 << 20) + 24} or more"):
        fl.score(tmp_path / "in.arrow", loss=fl.huber, residual="r")


def test_rows_of_parquet_that_become_too_much_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "EXPANDED_BYTES", 1 << 20)
    table = pa.table({"r": [1.0], "nulls": pa.array([[None] * (1 << 18)], pa.list_(pa.float64()))})
    pa.parquet.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(ScoringError, match=r"in.parquet: \d+ compressed bytes become 209.* or more, over 100 times"):
        fl.score(tmp_path / "in.parquet", tmp_path / "out.arrow", loss=fl.huber, residual="r")
    assert fl.score(tmp_path / "in.parquet", tmp_path / "out.parquet", loss=fl.huber, residual="r").rows == 1
    zeros = pa.table({"r": np.zeros(1 << 19)})  # rows that are small may repeat
    pa.parquet.write_table(zeros, tmp_path / "zeros.parquet")
    assert fl.score(tmp_path / "zeros.parquet", loss=fl.huber, residual="r").rows == 1 << 19


@pytest.mark.parametrize("name", ["in.arrow.zst", "in.csv.gz", "in.csv.zst"])
def test_files_that_become_too_much_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(reading, "EXPANDED_BYTES", 1 << 22)
    with pa.CompressedOutputStream(tmp_path / name, "gzip" if name.endswith("gz") else "zstd") as file:
        for _ in range(9):
            file.write(b"r\n" * (1 << 19))
    with pytest.raises(ScoringError, match=f"{name}: .* or more, over 100 times as many: .*decompress it first"):
        fl.score(tmp_path / name, tmp_path / "out.parquet", loss=fl.huber, residual="r")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_metadata_that_are_malformed_declare_nothing_or_something():
    rng = random.Random(0)
    files = [zeros("zstd"), zeros("zstd", stream=True), zeros("lz4", encoded=True), zeros(None, stream=True)[:4000]]
    for _ in range(4000):
        data = bytearray(rng.choice(files))
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data))
            value = rng.choice([0, 1, 255, 1 << 31, (1 << 32) - 1, rng.randrange(1 << 32)])
            data[at : at + 4] = value.to_bytes(4, "little")
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        for taken, becomes in declared(bytes(data)):
            assert taken >= 0 and becomes >= 0
