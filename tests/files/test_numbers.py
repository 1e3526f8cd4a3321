"""Columns of numbers and dates of Parquet files are what pyarrow reads, whoever wrote them and however; of files that
lie, what pyarrow says of them."""

import io
import itertools
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastloss as fl
from fastloss.files import ScoringError, Spec
from fastloss.files.dataset import Fragment
from fastloss.files.parquet import footer, numbers, selected, thrift
from fastloss.files.parquet.footer import Footer
from fastloss.files.readers import tables
from fastloss.files.readers.sources import open_source

DTYPES = np.float32, np.float64, np.int32, np.int64
OPTIONS = {
    "compression": st.sampled_from(["none", "snappy", "zstd", "gzip", "brotli", "lz4"]),
    "use_dictionary": st.booleans(),
    "dictionary_pagesize_limit": st.sampled_from([40, 1 << 20]),
    "data_page_version": st.sampled_from(["1.0", "2.0"]),
    "data_page_size": st.sampled_from([64, 1000, 1 << 20]),
    "row_group_size": st.sampled_from([100, 333, 1 << 20]),
    "write_batch_size": st.sampled_from([7, 1024]),
    "write_page_checksum": st.booleans(),
    "write_statistics": st.booleans(),
}
OF_CODECS = "none", "snappy", "zstd"  # that are decoded


def column(rng, rows, kinds, nulls, is_sorted):
    """Numbers of one of the dtypes, or dates, many or few of them, with NaN and so many nulls."""
    dtype = DTYPES[rng.integers(len(DTYPES))]
    values = rng.normal(size=rows) * 1000 if kinds is None else rng.integers(0, kinds, rows)
    values = values.astype(dtype)
    if values.dtype.kind == "f":
        values[rng.random(rows) < 0.1] = np.nan
    missing = rng.random(rows) < nulls
    found = pa.array(values, mask=np.sort(missing) if is_sorted else missing)
    return found.cast(pa.date32()) if dtype is np.int32 and rng.random() < 0.5 else found


def by_pyarrow(data, names, size):
    """The batches of pyarrow, and its error if there is one; both None if it does not open the file."""
    found = []
    try:
        file = pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
    except (pa.ArrowException, OSError, ValueError):
        return None, None
    try:
        found.extend(file.iter_batches(size, columns=names, use_threads=False))
    except (pa.ArrowException, OSError, ValueError) as error:
        return found, error
    return found, None


def opened(data):
    """What reads of a file, and its footer."""
    file, read = pa.BufferReader(data), pq.ParquetFile(pa.BufferReader(data))
    return file.read_at, Footer(file, lambda: (read.schema_arrow, read.metadata.schema), "a file")


def decoded(data, names, size):
    """The batches that are decoded without pyarrow."""
    read, known = opened(data)
    return list(numbers.batches(read, known, known.schema, range(len(known.rows)), names, size))


def same(one, other):
    """Whether batches have the same schemas and, but for what lies under nulls, the same bits."""
    if not one.schema.equals(other.schema, check_metadata=True) or len(one) != len(other):
        return False
    for a, b in zip(one.columns, other.columns, strict=True):
        a.validate(full=True)
        if pa.types.is_date(a.type):
            a, b = a.cast(pa.int32()), b.cast(pa.int32())
        there = a.is_valid().to_numpy(zero_copy_only=False)
        bits = [
            np.frombuffer(c.fill_null(0).buffers()[1], f"u{c.type.bit_width // 8}", len(c)) for c in map(copied, (a, b))
        ]
        if not a.is_valid().equals(b.is_valid()) or not np.array_equal(*(array[there] for array in bits)):
            return False
    return True


def copied(array):
    return pa.concat_arrays([array, array.slice(0, 0)])


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_are_as_pyarrow_reads_them(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    rows = data.draw(st.sampled_from([0, 1, 8, 9, 100, 1000, 3000]))
    options = {name: data.draw(values) for name, values in OPTIONS.items()}
    kinds, nulls = st.sampled_from([None, 1, 2, 200]), st.sampled_from([0, 0.05, 0.5, 1])
    table = pa.table(
        {name: column(rng, rows, data.draw(kinds), data.draw(nulls), data.draw(st.booleans())) for name in "abc"}
    )
    if not any(c.null_count for c in table.columns) and data.draw(st.booleans()):
        table = table.cast(pa.schema([field.with_nullable(False) for field in table.schema]))
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"a": "key"}), file, **options)
    names, size = data.draw(st.sampled_from([["a", "b", "c"], ["c", "a"], ["b", "b"]])), data.draw(st.integers(1, 4000))
    found, (wanted, error) = decoded(file.getvalue(), names, size), by_pyarrow(file.getvalue(), names, size)
    assert error is None
    assert all(itertools.starmap(same, zip(found, wanted, strict=options["compression"] in OF_CODECS)))


def drawn(data):
    """Random numbers, options of the writer, the share of nulls, and how many texts there are."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    options = {name: data.draw(values) for name, values in OPTIONS.items()}
    return rng, options, data.draw(st.sampled_from([0, 0.05, 0.5, 1])), data.draw(st.sampled_from([1, 2, 200]))


def written(table, options):
    """How a file of the table is read, and its footer."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return opened(file.getvalue())


def texts(rng, rows, kinds, nulls):
    named = np.array([f"text {i} " * (i % 3) for i in range(kinds)], object)
    return pa.array(named[rng.integers(0, kinds, rows)], mask=rng.random(rows) < nulls)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_places_in_the_dictionary_of_a_row_group(data):
    """Those of texts, of numbers and dates, and of what was a dictionary before it was written."""
    rng, options, nulls, kinds = drawn(data)
    type = data.draw(st.sampled_from([pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.date32()]))
    missing = rng.random(1000) < nulls
    table = pa.table({
        "t": texts(rng, 1000, kinds, nulls),
        "n": pa.array(rng.integers(0, kinds, 1000, np.int32), mask=missing).cast(type),
        "d": texts(rng, 1000, kinds, nulls).cast(pa.string()).dictionary_encode(),
        "a": np.arange(1000),
    })  # fmt: skip
    read, known = written(table, options)
    wanted = [pa.dictionary(pa.int32(), of) for of in (pa.string(), type, pa.string())]
    before = 0
    for group, rows in enumerate(known.rows):
        names = ["a", "t", "n", "d"]
        found = list(numbers.batches(read, known, known.schema, [group], names, 170, {"t", "n", "d"}))
        for batch in found:
            batch.validate(full=True)
            assert [column.type for column in batch.columns[1:]] == wanted
        given = table.slice(before, sum(map(len, found)))
        if found:
            read_here = pa.Table.from_batches(found).select(table.column_names)
            for here, there in zip(read_here.columns, given.columns, strict=True):
                assert here.to_pylist() == there.to_pylist()
        is_decoded = options["use_dictionary"] and options["compression"] in OF_CODECS
        if is_decoded and options["dictionary_pagesize_limit"] > 40 and nulls < 1:
            assert len(given) == rows
        before += rows


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_rows_that_are_picked(data):
    rng, options, nulls, kinds = drawn(data)
    table = pa.table({"t": texts(rng, 1000, kinds, nulls), "a": column(rng, 1000, kinds, nulls, False)})
    read, known = written(table, options)
    starts, share = np.cumsum([0, *known.rows]), data.draw(st.sampled_from([0.001, 0.01, 0.3, 1]))
    chances = {group: rng.random(count) for group, count in enumerate(known.rows)}
    picked = {group: np.flatnonzero(of <= max(share, of.min())) for group, of in chances.items()}
    wanted = np.concatenate([starts[group] + of_group for group, of_group in picked.items()])
    for name in table.column_names:
        found = selected.column(read, known, known.schema.field(name), picked)
        if found is None:
            assert options["compression"] not in OF_CODECS or known.schema.field(name).type == pa.null()
        else:
            found.validate(full=True)
            given = table.column(name).take(wanted)
            assert found.type == given.type and repr(found.to_pylist()) == repr(given.to_pylist())


def test_rows_behind_the_last_are_not_picked():
    file = io.BytesIO()
    pq.write_table(pa.table({"a": np.arange(9.0)}), file)
    read, known = opened(file.getvalue())
    for rows in ([9], [0, 9], [1, 0], [-1]):
        assert selected.column(read, known, known.schema.field("a"), {0: np.array(rows)}) is None


def written_by_polars(frame, path):
    pytest.importorskip("polars").from_arrow(frame).write_parquet(path, data_page_size=2000)


def written_by_duckdb(frame, path):
    pytest.importorskip("duckdb").sql(f"COPY (SELECT * FROM frame) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize("write", [written_by_polars, written_by_duckdb])
def test_of_other_writers(tmp_path, write):
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "plain": rng.normal(size=5000),
            "few": rng.integers(0, 9, 5000).astype(np.float32),
            "nulls": pa.array(rng.normal(size=5000), mask=rng.random(5000) < 0.3),
        }
    )
    path = tmp_path / "in.parquet"
    write(table, path)
    found, (wanted, _) = (
        decoded(path.read_bytes(), table.schema.names, 700),
        by_pyarrow(path.read_bytes(), table.schema.names, 700),
    )
    assert found
    assert all(itertools.starmap(same, zip(found, wanted, strict=False)))


@pytest.mark.parametrize(
    "other",
    [
        pa.array([1, 2], pa.int8()),
        pa.array([1, 2], pa.uint32()),
        pa.array([1, 2], pa.timestamp("us")),
        pa.array([1, 2], pa.duration("s")),
        pa.array([1, 2], pa.float16()),
        pa.array([True, False]),
        pa.array(["a", "b"]),
        pa.array([[1.0], [2.0]]),
        pa.array([{"a": 1.0}, {"a": 2.0}]),
    ],
    ids=lambda array: str(array.type),
)
def test_other_types_are_left_to_pyarrow(other):
    file = io.BytesIO()
    pq.write_table(pa.table({"a": [1.0, 2.0], "b": other}), file)
    assert decoded(file.getvalue(), ["a", "b"], 2) == []
    assert [batch.num_rows for batch in decoded(file.getvalue(), ["a"], 2)] == [2]


@pytest.mark.parametrize("options", [{"use_byte_stream_split": True}, {"column_encoding": "DELTA_BINARY_PACKED"}])
def test_other_encodings_are_left_to_pyarrow(options):
    file = io.BytesIO()
    pq.write_table(pa.table({"a": np.arange(9)}), file, use_dictionary=False, **options)
    assert decoded(file.getvalue(), ["a"], 2) == []


def test_names_that_mean_two_columns_are_left_to_pyarrow():
    file = io.BytesIO()
    pq.write_table(pa.table({"a.b": [1.0], "a": [{"b": 2.0}]}), file)
    assert decoded(file.getvalue(), ["a.b"], 2) == []


PLAIN = {"use_dictionary": False, "compression": "none"}
WAYS = (
    PLAIN,
    PLAIN | {"data_page_version": "2.0"},
    {"compression": "none"},
    {"compression": "none", "data_page_version": "2.0"},
    {"compression": "snappy", "data_page_size": 200},
    {"compression": "zstd", "write_page_checksum": True},
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("options", WAYS, ids=str)
def test_of_changed_bytes(options, seed):
    """What is decoded is what pyarrow reads, and nothing where that fails."""
    rng, chance, size = np.random.default_rng(seed), random.Random(seed), 64
    table = pa.table({"a": column(rng, 700, None if seed == 1 else 5, 0.2 * seed, False)})
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=400, write_batch_size=100, **options)
    data = file.getvalue()
    end = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for _ in range(150):
        changed = bytearray(data)
        at = chance.randrange(4, chance.choice([40, end]))
        changed[at] = chance.choice([changed[at] ^ 1 << chance.randrange(8), chance.randrange(256), 0, 255])
        wanted, error = by_pyarrow(bytes(changed), ["a"], size)
        if error is None and sum(map(len, wanted)) < len(table):
            continue  # of which it has not noticed that pages are gone
        found = decoded(bytes(changed), ["a"], size)
        assert len(found) <= len(wanted)
        assert all(itertools.starmap(same, zip(found, wanted, strict=False)))


def test_batches_go_on_by_pyarrow_where_they_end(tmp_path, monkeypatch):
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"a": np.arange(3000.0)}), path, row_group_size=1000)
    monkeypatch.setattr(tables, "rows_per_batch", lambda row_bytes: 300)
    spec = Spec.of(fl.huber, residual="a")
    fewer = list(read_by(path, spec))
    given = numbers.batches

    def cut(*arguments):
        yield from itertools.islice(given(*arguments), 4)

    monkeypatch.setattr(numbers, "batches", cut)
    assert [len(batch) for batch in read_by(path, spec)] == [300] * 10
    assert pa.Table.from_batches(read_by(path, spec)).equals(pa.Table.from_batches(fewer))


def read_by(path, spec):
    with open_source(Fragment(str(path), "parquet"), spec) as source:
        yield from source.batches(["a"])


def test_pages_that_are_gone(tmp_path):
    """pyarrow leaves out what a page of an unknown kind has, and says nothing."""
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"a": np.arange(100.0)}), path, use_dictionary=False, compression="none", row_group_size=50)
    data = bytearray(path.read_bytes())
    data[5] = 2  # the kind of the first page: of an index
    path.write_bytes(data)
    assert pq.read_table(path).num_rows == 50
    with pytest.raises(
        ScoringError, match=r"in\.parquet: cannot be read as Parquet: its pages have other rows than it"
    ):
        fl.score(path, loss=fl.huber, residual="a")


def test_a_bit_that_was_flipped_is_told_as_by_pyarrow(tmp_path):
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table({"a": np.arange(1000.0)}), path, use_dictionary=False, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[500] ^= 4
    path.write_bytes(data)
    with pytest.raises(ScoringError, match=r"column 'a' is corrupt: .*CRC checksum verification failed"):
        fl.score(path, loss=fl.huber, residual="a")


def outcome(path):
    """What is read of a file, or why it is not."""
    try:
        return [batch.to_pydict() for batch in read_by(path, Spec.of(fl.huber, residual="a"))]
    except ScoringError as error:
        return str(error)


@pytest.mark.parametrize(
    "options", [{}, {"row_group_size": 20, "write_page_index": True, "store_schema": False}], ids=str
)
def test_a_changed_footer_is_read_as_if_there_were_none_like_it(tmp_path, options):
    """pyarrow is not asked about a footer that says the same of its columns as one before."""
    path, chance = tmp_path / "in.parquet", random.Random(0)
    pq.write_table(pa.table({"a": np.arange(50.0), "b": ["a", "b"] * 25}), path, **options)
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for _ in range(300):
        path.write_bytes(data)
        assert outcome(path)[0]["a"][:2] == [0, 1]
        changed = bytearray(data)
        at = chance.randrange(start, len(data))
        changed[at] = chance.choice([changed[at] ^ 1 << chance.randrange(8), chance.randrange(256), 0, 255])
        path.write_bytes(changed)
        found = outcome(path)
        footer._known.clear()
        assert repr(found) == repr(outcome(path))


def test_pyarrow_is_asked_about_the_first_of_files_with_the_same_columns(tmp_path, monkeypatch):
    opened = []
    given = tables.ParquetSource._open
    monkeypatch.setattr(
        tables.ParquetSource, "_open", staticmethod(lambda *of, **how: opened.append(of) or given(*of, **how))
    )
    footer._known.clear()
    for number in range(5):
        pq.write_table(pa.table({"a": np.arange(50.0) + number}), tmp_path / f"{number}.parquet")
    assert fl.score(tmp_path, loss=fl.huber, residual="a", workers=1).rows == 250
    assert len(opened) == 1


# ---- pages made by hand ----------------------------------------------------------------------------------------------

DATA, DICTIONARY, DATA_V2 = 0, 2, 3  # kinds of pages
FIELD = {DATA: 5, DICTIONARY: 7, DATA_V2: 8}
PLAIN_VALUES, LEVELS, BY_PLACE = 0, 3, 8  # encodings


def page(kind, head, body, **changed):
    whole = {"becomes": len(body), "takes": len(body)} | changed
    struct = {n: (thrift.I32, value) for n, value in enumerate([kind, *whole.values()], 1)}
    struct[FIELD[kind]] = thrift.STRUCT, {n: (thrift.I32, value) for n, value in enumerate(head, 1)}
    return thrift.write(struct) + body


def taken(column, count):
    found, bits = column.take(count)
    return found, bits and bits.to_pybytes()


def picked(column, count):
    _, defined, found = column.pick(list(range(count)))
    there = np.frombuffer(defined or b"\1" * count, bool)
    spread = np.zeros(count, "f4")
    spread[there] = np.frombuffer(found, "f4")
    return spread, None if there.all() else np.packbits(there, bitorder="little").tobytes()


def values(way, *pages, count=8, size=4, is_nullable=False):
    data = b"".join(pages)
    chunk = 0, len(data), count, 1000, None
    found, bits = way(numbers.Values(lambda n, start: data[start : start + n], iter([chunk]), size, is_nullable), count)
    return np.frombuffer(found, f"f{size}").tolist(), bits


ABC = page(DICTIONARY, (3, PLAIN_VALUES), np.array([1, 2, 3], "f4").tobytes())


def places(body, count=8):
    return page(DATA, (count, BY_PLACE, LEVELS, LEVELS), body)


def nullable(body, levels, nulls=2, count=8):
    return page(DATA_V2, (count, nulls, count, PLAIN_VALUES, len(levels), 0), levels + body)


SIX = np.arange(6, dtype="f4").tobytes()


@pytest.mark.parametrize("way", [taken, picked])
def test_pages_are_decoded(way):
    assert values(way, ABC, places(b"\2\3\x24\x49"))[0] == [1, 2, 3, 1, 2, 3, 1, 2]  # one group of two bits each
    assert values(way, ABC, places(b"\2\x08\0\x08\2"))[0] == [1] * 4 + [3] * 4  # runs
    assert values(way, nullable(SIX, b"\3\xf3"), is_nullable=True) == ([0, 1, 0, 0, 2, 3, 4, 5], b"\xf3")
    assert values(way, nullable(SIX, b"\4\1\4\0\x08\1"), is_nullable=True) == ([0, 1, 0, 0, 2, 3, 4, 5], b"\xf3")
    assert values(way, page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), SIX + SIX[:8]))[0] == [0, 1, 2, 3, 4, 5, 0, 1]


WRONG = {
    "places of 33 bits": (ABC, places(b"\x21\3" + bytes(40))),
    "places of 255 bits": (ABC, places(b"\xff\3" + bytes(400))),
    "a place behind the dictionary": (ABC, places(b"\2\x10\3")),
    "a packed place behind it": (ABC, places(b"\2\3\x24\xc9")),
    "a place that is large": (ABC, places(b"\x20\x10\xff\xff\xff\xff")),
    "places that end": (ABC, places(b"\2\3\x24")),
    "too few places": (ABC, places(b"\2\x08\0")),
    "a run of none": (ABC, places(b"\2\0\0\x10\0")),
    "a count that does not end": (ABC, places(b"\2" + b"\xff" * 9)),
    "a count of too many": (ABC, places(b"\2\xff\xff\xff\xff\x0f\0\0")),
    "no places": (ABC, places(b"")),
    "no dictionary": (places(b"\2\x10\0"),),
    "two dictionaries": (ABC, ABC, places(b"\2\x10\0")),
    "a dictionary of more values": (page(DICTIONARY, (4, PLAIN_VALUES), bytes(12)), places(b"\2\x10\0")),
    "fewer bytes than values": (page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), bytes(28)),),
    "more values than the chunk": (page(DATA, (9, PLAIN_VALUES, LEVELS, LEVELS), bytes(36)),),
    "less than no values": (page(DATA, (-1, PLAIN_VALUES, LEVELS, LEVELS), b""),),
    "less than no bytes": (page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), bytes(32), takes=-32),),
    "bytes of another chunk": (page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), bytes(32), takes=33),),
    "other bytes than it has": (page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), bytes(32), becomes=31),),
    "another encoding": (page(DATA, (8, 9, LEVELS, LEVELS), bytes(32)),),
    "a cut header": (page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), bytes(32))[:9],),
}
WRONG_NULLABLE = {
    "other nulls than it says": nullable(SIX, b"\3\xf3", nulls=1),
    "levels of 2": nullable(SIX, b"\4\1\4\2\x08\1"),
    "levels that end": nullable(SIX, b"\4\1\4\0"),
    "levels that are longer than the page": page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), b"\xff\xff\xff\xff\3\xf3"),
    "no room for levels": page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), b"\0\0\0"),
    "levels of another encoding": page(DATA, (8, PLAIN_VALUES, 4, LEVELS), b"\2\0\0\0\3\xff" + bytes(32)),
}


@pytest.mark.parametrize("way", [taken, picked])
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_pages_are_refused(wrong, way):
    with pytest.raises((numbers.Refused, thrift.Malformed)):
        values(way, *WRONG[wrong])


def test_pages_without_rows_that_are_picked_are_not_decoded():
    data = b"".join(page(DATA, (8, encoding, LEVELS, LEVELS), SIX + SIX[:8]) for encoding in (PLAIN_VALUES, 9, 0))

    def of(rows):
        chunk = 0, len(data), 24, 1000, None
        _, _, found = numbers.Values(lambda n, start: data[start : start + n], iter([chunk]), 4, False).pick(rows)
        return np.frombuffer(found, "f4").tolist()

    assert of([1, 7, 16, 21, 23]) == [1, 1, 0, 5, 1] and of([20]) == [4]
    for rows in ([8], [3, 15], [24], [4, 4]):
        with pytest.raises(numbers.Refused):
            of(rows)


def test_places_that_are_not_picked_are_not_looked_at():
    data = ABC + places(
        b"\2\x04\0\3\x24\xc9\x0c\3", 16
    )  # two alike; eight, the last behind the dictionary; six behind it

    def of(rows):
        chunk = 0, len(data), 16, 1000, None
        _, _, found = numbers.Values(lambda n, start: data[start : start + n], iter([chunk]), 4, False).pick(rows)
        return np.frombuffer(found, "f4").tolist()

    assert of([1, 2, 3, 4, 8]) == [1, 1, 2, 3, 1]
    for rows in ([9], [10], [15]):
        with pytest.raises(numbers.Refused):
            of(rows)


def test_texts_of_dictionaries():
    abc = page(DICTIONARY, (3, PLAIN_VALUES), b"\1\0\0\0a" + b"\0\0\0\0" + b"\2\0\0\0bc")
    data = abc + places(b"\2\x10\2")
    column = numbers.Values(lambda n, start: data[start : start + n], iter([(0, len(data), 8, 1000, None)]), 0, False)
    assert np.frombuffer(column.take(8)[0], "i4").tolist() == [2] * 8
    assert (np.frombuffer(column.texts[0], "i4").tolist(), column.texts[1]) == ([0, 1, 1, 3], b"abc")


WRONG_TEXTS = {
    "a text that is cut": (1, b"\2\0\0\0a"),
    "a length that is cut": (2, b"\1\0\0\0a\0\0\0"),
    "a length that is huge": (1, b"\xff\xff\xff\xffa"),
    "fewer texts": (1, b"\1\0\0\0a\1\0\0\0b"),
    "more texts": (3, b"\1\0\0\0a\1\0\0\0b"),
    "less than no texts": (-1, b""),
}


@pytest.mark.parametrize("wrong", WRONG_TEXTS)
def test_wrong_texts_are_refused(wrong):
    count, body = WRONG_TEXTS[wrong]
    with pytest.raises(numbers.Refused):
        values(taken, page(DICTIONARY, (count, PLAIN_VALUES), body), places(b"\2\x10\0"), size=0)


def test_texts_that_are_picked():
    good = (
        page(DICTIONARY, (2, PLAIN_VALUES), b"\1\0\0\0a\2\0\0\0bc")
        + places(b"\1\x10\1")
        + page(DATA, (3, PLAIN_VALUES, LEVELS, LEVELS), b"\3\0\0\0def\0\0\0\0\1\0\0\0g")
    )

    def of(rows, data=good):
        chunk = 0, len(data), 11, 1000, None
        return numbers.Values(lambda n, start: data[start : start + n], iter([chunk]), 0, False).pick(rows)[2]

    assert of([0, 7, 8, 9, 10]) == [b"bc", b"bc", b"def", b"", b"g"] and of([10]) == [b"g"]
    for cut in (b"\4", b"\xff"):
        wrong = good[:-5] + cut + good[-4:]
        assert of([9], wrong) == [b""]
        with pytest.raises(numbers.Refused):
            of([10], wrong)


def test_plain_values_have_no_places():
    plain = page(DATA, (8, PLAIN_VALUES, LEVELS, LEVELS), bytes(32))
    for size in (0, 4):
        with pytest.raises(numbers.Refused):
            numbers.Values(
                lambda n, at: plain[at : at + n], iter([(0, len(plain), 8, 99, None)]), size, 0, 0, True
            ).take(8)


def test_places_in_place_of_numbers():
    data = page(DICTIONARY, (2, PLAIN_VALUES), np.array([7, 9]).tobytes()) + places(b"\1\x10\1")
    column = numbers.Values(lambda n, at: data[at : at + n], iter([(0, len(data), 8, 99, None)]), 8, 0, 0, True)
    assert np.frombuffer(column.take(8)[0], "i4").tolist() == [1] * 8
    assert np.frombuffer(column.dictionary).view("i8").tolist() == [7, 9]


@pytest.mark.parametrize("way", [taken, picked])
@pytest.mark.parametrize("wrong", WRONG_NULLABLE)
def test_wrong_levels_are_refused(wrong, way):
    with pytest.raises((numbers.Refused, thrift.Malformed)):
        values(way, WRONG_NULLABLE[wrong], is_nullable=True)
