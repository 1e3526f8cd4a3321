"""Parquet columns that are copied into outputs: what other readers see in them, and what a footer may not say."""

import gc
import hashlib
import io
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fastloss as fl
from fastloss.files import ScoringError, fragment
from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.carried import Carried
from fastloss.files.readers.tables import ParquetSource
from fastloss.files.writers.sinks import ParquetSink

OPTIONS = {"loss": fl.huber, "residual": "r"}
ROWS = 1000
WHOLE = {fields.FILE_SCHEMA: [{}], fields.FILE_GROUPS: [fields.GROUP], fields.FILE_ORDERS: [{}]}


@pytest.fixture
def decoded():
    """For tests of what is not copied."""


@pytest.fixture(autouse=True)
def spliced(request, monkeypatch):
    """Nothing else is written by decoding."""

    def refused(*arguments):
        raise AssertionError("the columns are decoded")

    if "decoded" not in request.fixturenames:
        monkeypatch.setattr(ParquetSink, "__init__", refused)


def mixed(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    words = pa.array([None, "", *(f"word {i}" * (i % 5) for i in range(60))])
    texts = words.take(pa.array(rng.integers(0, len(words), rows)))
    lists = pa.array([None if i % 7 == 0 else list(range(i % 4)) for i in range(rows)], pa.list_(pa.int32()))
    return pa.table({
        "before": rng.integers(0, 1 << 40, rows),
        "r": rng.standard_normal(rows),
        "texts": texts,
        "encoded": texts.dictionary_encode(),
        "large": texts.cast(pa.large_string()).dictionary_encode(),
        "lists": lists,
        "structs": pa.array([{"a": i, "b": [{"c": str(i)}]} if i % 3 else None for i in range(rows)]),
        "maps": pa.array([[("k", i)] for i in range(rows)], pa.map_(pa.string(), pa.int64())),
        "times": pa.array(rng.integers(0, 1 << 40, rows)).cast(pa.timestamp("us", "Europe/Paris")),
        "fine": pa.array(rng.integers(0, 86_400 * 10**9, rows)).cast(pa.time64("ns")),
        "flags": pa.array([i % 2 == 0 or None for i in range(rows)]),
        "nothing": pa.nulls(rows),
    })  # fmt: skip


def score(source, out, **options):
    return fl.score(source, out, **OPTIONS | options)


def chunks(path, names=None):
    """The bytes of column chunks, by pyarrow's reading of the footer, and what it says of them."""
    metadata, data, found = pq.read_metadata(path), path.read_bytes(), []
    for group in range(metadata.num_row_groups):
        for i in range(metadata.num_columns if metadata.row_group(group).num_rows else 0):
            chunk = metadata.row_group(group).column(i)
            if names is None or chunk.path_in_schema.split(".")[0] in names:
                start = chunk.dictionary_page_offset or chunk.data_page_offset
                told = [
                    getattr(chunk, name) for name in ("physical_type", "num_values", "path_in_schema", "compression")
                ]
                told += [chunk.encodings, chunk.total_compressed_size, chunk.total_uncompressed_size]
                if (stats := chunk.statistics) is not None:
                    told += [stats.null_count, stats.distinct_count, stats.num_values, stats.has_min_max]
                    told += [stats.min_raw, stats.max_raw]
                found.append((data[start : start + chunk.total_compressed_size], str(told)))
    return found


def footer(path, shape=WHOLE):
    data = path.read_bytes()
    size = int.from_bytes(data[-8:-4], "little")
    return thrift.read(data[-8 - size : -8], shape)[0]


def with_footer(path, struct):
    """The file with another footer."""
    data = path.read_bytes()
    size, text = int.from_bytes(data[-8:-4], "little"), thrift.write(struct)
    path.write_bytes(data[: -8 - size] + text + len(text).to_bytes(4, "little") + b"PAR1")


def chunk_of(struct, group, column):
    return struct[fields.FILE_GROUPS][1][group][fields.GROUP_CHUNKS][1][column]


def check(source, out, carried=None):
    """That the columns are there, as bytes and as pyarrow, polars and DuckDB read them."""
    duckdb, polars = pytest.importorskip("duckdb"), pytest.importorskip("polars")
    expected, scored = pq.read_table(source), pq.read_table(out)
    names = expected.column_names if carried is None else carried
    assert scored.column_names == [*names, "value"]
    assert scored.select(names).equals(expected.select(names), check_metadata=carried is None)
    residuals = np.array(expected["r"], float)
    np.testing.assert_array_equal(scored["value"], fl.huber(residuals))
    assert chunks(out, names) == chunks(source, names)
    assert pq.ParquetFile(out).metadata.num_rows == len(expected)
    ours, theirs = polars.read_parquet(out), polars.read_parquet(source)
    assert ours.select(names).equals(theirs.select(names)) and ours.schema["value"] == polars.Float64
    np.testing.assert_array_equal(ours["value"].to_numpy(), fl.huber(residuals))
    columns = ", ".join(f'"{name}"' for name in names)
    rows = [duckdb.sql(f"select {columns} from '{path}'").fetchall() for path in (source, out)]
    assert rows[0] == rows[1]
    assert duckdb.sql(f"select sum(value) from '{out}'").fetchall()[0][0] == pytest.approx(np.sum(scored["value"]))


# ---- Thrift ---------------------------------------------------------------------------------------------------------


def test_flat_structs():
    struct = {
        1: (thrift.I32, -7),
        3: (thrift.STRUCT, {2: (thrift.I64, 1 << 40)}),
        5: (thrift.TRUE, True),
        9: (thrift.LIST, [{1: (thrift.I16, 3)}, {}]),
    }
    text, flat = b"before" + thrift.write(struct) + b"behind", thrift.Flat()
    assert flat.read(text, 6) == len(text) - 6
    assert [flat.number(field) for field in (1, 2, 3)] == [-7, -1, -1]
    assert flat.is_of(1 << 1 | 1 << 3 | 1 << 5 | 1 << 9) and not flat.is_of(1 << 1 | 1 << 3 | 1 << 5)
    assert flat.has_any(1 << 9) and not flat.has_any(1 << 8)
    assert flat.has(bytes([0, thrift.I32])) and not flat.has(bytes([0, thrift.I64])) and not flat.has(bytes([0, 0, 5]))
    size, place = thrift.list_of_structs(text, flat.start(9, thrift.LIST))
    assert (size, thrift.read(text, {}, place)[0]) == (2, {1: (thrift.I16, 3)})
    inner = thrift.Flat()
    inner.read(text, flat.start(3, thrift.STRUCT))
    assert inner.number(2) == 1 << 40 and flat.value(3) == (thrift.STRUCT, thrift.write(struct[3][1]))
    assert flat.start(4, thrift.STRUCT) == -1
    with pytest.raises(thrift.Malformed):
        flat.start(3, thrift.LIST)
    for number in (-1, 32, 40):
        flat.read(thrift.write({number: (thrift.I32, 1)}), 0)
        assert not flat.is_of((1 << 32) - 1) and not flat.has_any((1 << 32) - 1)
    for cut in range(1, len(text) - 12):
        with pytest.raises(thrift.Malformed):
            flat.read(text[6 : 6 + cut], 0)


@pytest.mark.parametrize("shape", [{}, WHOLE])
@pytest.mark.parametrize("columns", [1, 20, 300])
def test_a_footer_that_is_read_and_written_is_the_same(columns, shape):
    table = mixed(40)
    table = pa.table({f"c{i}": table.column(i % table.num_columns) for i in range(columns)})
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=7, write_page_index=True, compression="zstd")
    size = int.from_bytes(file.getvalue()[-8:-4], "little")
    data = file.getvalue()[-8 - size : -8]
    struct, end = thrift.read(data, shape)
    assert end == size and thrift.write(struct) == data


NUMBERS = [0, 1, -1, 63, 64, -64, -65, 1 << 31, -(1 << 31), (1 << 63) - 1, -(1 << 63)]


def test_values_of_a_form_are_told_later():
    values = {"small": -3, "large": (1 << 62) + 1, "text": thrift.binary(b"text")[1], "places": b"\x26\0\2"}
    inside = {1: (thrift.I64, "large"), 2: (thrift.LIST, "places")}
    form = thrift.Form({
        1: (thrift.I32, "small"),
        2: (thrift.TRUE, True),
        30: (thrift.STRUCT, inside),
        31: (thrift.LIST, [{4: (thrift.BINARY, "text")}, {}]),
        40: (thrift.I16, "small"),
    })  # fmt: skip
    expected = {
        1: (thrift.I32, -3),
        2: (thrift.TRUE, True),
        30: (thrift.STRUCT, {1: (thrift.I64, values["large"]), 2: (thrift.LIST, values["places"])}),
        31: (thrift.LIST, [{4: (thrift.BINARY, values["text"])}, {}]),
        40: (thrift.I16, -3),
    }
    assert form.write(values) == form.write(values | {"other": 1}) == thrift.write(expected)
    assert form.write(values | {"small": 1}) != thrift.write(expected)
    with pytest.raises(KeyError, match="places"):
        form.write({name: value for name, value in values.items() if name != "places"})


def test_structs_of_every_kind():
    struct = {1: (thrift.TRUE, True), 2: (thrift.FALSE, False), 20: (thrift.BYTE, b"\x07"), 300: thrift.binary(b"text")}
    struct |= {400 + i: (thrift.I64, number) for i, number in enumerate(NUMBERS)}
    struct = struct | {
        500: (thrift.DOUBLE, b"12345678"),
        501: (thrift.LIST, [struct, {}] * 20),
        502: (thrift.STRUCT, struct),
    }
    data = thrift.write(struct)
    assert thrift.read(data, {501: [{}], 502: {}}) == (struct, len(data))
    plain, end = thrift.read(data + b"more", {})
    assert end == len(data) and thrift.write(plain) == data and thrift.content(plain[300]) == b"text"


@pytest.mark.parametrize(
    "data",
    [b"", b"\x15", b"\x15\x80", b"\x15" + b"\x80" * 50, b"\x15" + b"\xff" * 9 + b"\x7f\x00", b"\x1d\x00", b"\x1b\x00",
     b"\x18\x05ab", b"\x19\xf8\xff\xff\xff\xff\x0f", b"\x1c" * 100_000,
     b"\x19\x19" * 100_000, b"\x05\x80\x80\x80\x80\x10\x00\x00"],
)  # fmt: skip
def test_what_is_no_struct(data):
    for shape in ({}, {1: [{}]}, {1: {}}):
        with pytest.raises(thrift.Malformed):
            thrift.read(data, shape)


# ---- what comes out -------------------------------------------------------------------------------------------------

WRITTEN = {
    "plain": {},
    "index": {"write_page_index": True, "data_page_size": 1000},
    "v2": {"data_page_version": "2.0", "write_page_index": True},
    "checksums": {"write_page_checksum": True, "use_dictionary": False},
    "old": {"version": "1.0", "use_deprecated_int96_timestamps": True},
    "no schema of Arrow": {"store_schema": False},
    "no bounds": {"write_statistics": False},
    "delta": {
        "use_dictionary": False,
        "column_encoding": {"before": "DELTA_BINARY_PACKED", "texts": "DELTA_BYTE_ARRAY"},
    },
} | {codec: {"compression": codec} for codec in ("none", "gzip", "zstd", "lz4", "brotli")}


@pytest.mark.parametrize("written", WRITTEN)
def test_chunks_are_copied(tmp_path, written):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = mixed() if written != "old" else mixed().drop_columns(["fine"])
    pq.write_table(table, source, row_group_size=300, **WRITTEN[written])
    digest = hashlib.sha256(source.read_bytes()).digest()
    summary = score(source, out)
    assert summary == score(source, None) and summary.rows == ROWS
    check(source, out)
    assert hashlib.sha256(source.read_bytes()).digest() == digest
    size = out.stat().st_size - source.stat().st_size
    assert size < 10 * ROWS  # the values, no second copy


@pytest.mark.parametrize("keep", [["texts"], ["lists", "before"], ["structs", "r", "maps"]])
def test_columns_that_are_kept(tmp_path, keep):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(mixed(), source, row_group_size=300, write_page_index=True)
    score(source, out, keep=keep)
    check(source, out, [name for name in mixed().column_names if name in keep])
    assert out.stat().st_size < source.stat().st_size


def test_what_duckdb_writes(tmp_path):
    """With Bloom filters, intervals, and no schema of Arrow; gradients are lists of a fixed size all the same."""
    duckdb = pytest.importorskip("duckdb")
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    duckdb.sql(f"""copy (select i::double r, i % 100 small, 'x' || (i % 100) t, interval (i) minute v,
        [i, 1]::float[] l, uuid() u, i::hugeint h from range(50000) t(i))
        to '{source}' (format parquet, row_group_size 10000)""")
    score(source, out)
    told = pq.read_metadata(out)
    assert told.num_row_groups == 5 and told.schema.column(3).converted_type == "INTERVAL"
    names = [name for name in duckdb.sql(f"select * from '{source}'").columns]
    rows = [duckdb.sql(f"select {', '.join(names)} from '{path}'").fetchall() for path in (source, out)]
    assert rows[0] == rows[1] and chunks(out, names) == chunks(source, names)
    probed = "select * from parquet_bloom_probe('{}', 'small', {})"
    for value in (7, 1000):
        found = [duckdb.sql(probed.format(path, value)).fetchall() for path in (source, out)]
        assert [row[1:] for row in found[0]] == [row[1:] for row in found[1]] and len(found[0]) == 5
    assert ARROW_SCHEMA not in (told.metadata or {})
    fl.score(source, out, loss=fl.huber, residual="l", emit=["value", "grad"], multioutput="raw_values")
    assert pq.read_schema(out).field("grad").type == pa.list_(pa.float32(), 2)
    assert pq.read_table(out).drop_columns(["value", "grad"]).equals(pq.read_table(source))


ARROW_SCHEMA = b"ARROW:schema"


def test_what_polars_writes(tmp_path):
    polars = pytest.importorskip("polars")
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame = polars.DataFrame({"r": np.arange(500.0), "t": [f"t{i % 9}" for i in range(500)], "l": [[1, None]] * 500})
    frame = frame.with_columns(
        c=polars.col("t").cast(polars.Categorical), e=polars.col("t").cast(polars.Enum([f"t{i}" for i in range(9)]))
    )
    frame.write_parquet(source, row_group_size=100)
    score(source, out)
    got = polars.read_parquet(out)
    assert got.drop("value").equals(frame) and got.drop("value").schema == frame.schema
    assert chunks(out, frame.columns) == chunks(source)


def test_page_indexes_lead_to_their_pages(tmp_path):
    datafusion = pytest.importorskip("datafusion")
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = pa.table(
        {"r": np.arange(20_000.0), "s": [str(i) for i in range(20_000)], "l": [[i] for i in range(20_000)]}
    )
    pq.write_table(
        table,
        source,
        row_group_size=7000,
        write_page_index=True,
        data_page_size=2000,
        write_batch_size=200,
        use_dictionary=False,
    )
    score(source, out)
    data, struct = out.read_bytes(), footer(out)
    for group in range(3):
        for column in range(3):
            chunk = chunk_of(struct, group, column)
            start, size = (chunk[field][1] for field in fields.OFFSETS)
            pages = thrift.read(data[start : start + size], {fields.PAGES: [{}]})[0][fields.PAGES][1]
            assert len(pages) > 10
            ends = [page[1][1] + page[2][1] for page in pages]
            assert [page[1][1] for page in pages[1:]] == ends[:-1]
            metadata = chunk[fields.CHUNK_METADATA][1]
            assert pages[0][1][1] == metadata[fields.PAGES_START][1]
            assert ends[-1] == fields.chunk_start(metadata) + metadata[fields.TAKES][1]
    context = datafusion.SessionContext()
    context.register_parquet("scored", str(out))
    context.sql("set datafusion.execution.parquet.pushdown_filters = true").collect()
    found = context.sql("select r, s, l, value from scored where r between 9990 and 10010").to_pydict()
    assert found["s"] == [str(i) for i in range(9990, 10011)] and found["l"] == [[i] for i in range(9990, 10011)]
    assert found["value"] == [r - 0.5 for r in found["r"]]


def test_chunks_that_stay_are_described_by_the_same_bytes(tmp_path):
    source, out, shape = tmp_path / "in.parquet", tmp_path / "out.parquet", {fields.GROUP_CHUNKS: [None]}
    pq.write_table(mixed(), source)
    score(source, out)
    given, scored = (footer(path, {fields.FILE_GROUPS: [shape]})[fields.FILE_GROUPS][1][0] for path in (source, out))
    (_, given), (_, scored) = given[fields.GROUP_CHUNKS], scored[fields.GROUP_CHUNKS]
    assert scored[:-1] == given and set(map(type, given)) == {bytes}
    assert thrift.read(scored[-1], fields.CHUNK)[1] == len(scored[-1])


@pytest.mark.parametrize("sorting", [(thrift.LIST, b"\x15\x02"), (thrift.I32, 1)])
def test_row_groups_that_are_malformed(tmp_path, decoded, sorting):
    source = tmp_path / "in.parquet"
    pq.write_table(mixed(), source)
    struct = footer(source)
    struct[fields.FILE_GROUPS][1][0][fields.GROUP_SORTING] = sorting
    with_footer(source, struct)
    with pytest.raises(ScoringError, match=r"in\.parquet: cannot be read as Parquet: [^\n]*\Z"):
        score(source, tmp_path / "out.parquet")
    assert os.listdir(tmp_path) == ["in.parquet"]


def test_groups_without_rows_and_no_rows(tmp_path):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = mixed()
    with pq.ParquetWriter(source, table.schema) as writer:
        for part in (table[:0], table[:500], table[:0], table[500:], table[:0]):
            writer.write_table(part)
    assert pq.read_metadata(source).num_row_groups == 5
    score(source, out)
    metadata = pq.read_metadata(out)
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [500, 500]
    check(source, out)
    for groups in ([], [table[:0]] * 2):
        with pq.ParquetWriter(source, table.schema) as writer:
            for part in groups:
                writer.write_table(part)
        assert score(source, out).rows == 0
        assert pq.read_metadata(out).num_row_groups == 0
        assert pq.read_schema(out).remove(table.num_columns).equals(pq.read_schema(source))


def test_groups_of_any_size(tmp_path, monkeypatch):
    """Many in a batch, and many batches in one."""
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = mixed(300)
    pq.write_table(table, source, row_group_size=3)
    score(source, out)
    check(source, out)
    assert pq.read_metadata(out).num_row_groups == 100
    monkeypatch.setattr("fastloss.files.reading.MAX_ROWS", 7)
    pq.write_table(table, source, row_group_size=130)
    score(source, out)
    check(source, out)


def test_columns_without_an_order(tmp_path):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(mixed(), source)
    assert len(footer(source)[fields.FILE_ORDERS][1]) + 1 == (
        score(source, out) and len(footer(out)[fields.FILE_ORDERS][1])
    )
    struct = footer(source)
    del struct[fields.FILE_ORDERS]
    with_footer(source, struct)
    score(source, out)
    assert fields.FILE_ORDERS not in footer(out)
    check(source, out)


def test_what_a_group_is_sorted_by(tmp_path):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    keys = [pq.SortingColumn(3, descending=True), pq.SortingColumn(1), pq.SortingColumn(0)]
    table = pa.table({name: np.zeros(5) for name in "abrd"})
    pq.write_table(table, source, sorting_columns=keys)
    for keep, expected in {("r", "d", "b"): [(2, True), (0, False)], ("d",): [(0, True)], ("a", "b"): []}.items():
        score(source, out, keep=keep)
        sorted_by = pq.read_metadata(out).row_group(0).sorting_columns
        assert [(key.column_index, key.descending) for key in sorted_by] == expected


def test_chunks_far_behind(tmp_path):
    """As in files of 10 GB: here between them is a hole, which is not copied."""
    source, out, near = tmp_path / "in.parquet", tmp_path / "out.parquet", tmp_path / "near.parquet"
    pq.write_table(mixed(), near, row_group_size=300, write_page_index=True)
    far, data, struct = 10 << 30, near.read_bytes(), footer(near)
    size = int.from_bytes(data[-8:-4], "little")
    for group in struct[fields.FILE_GROUPS][1]:
        for chunk in group[fields.GROUP_CHUNKS][1]:
            places = [(chunk[fields.CHUNK_METADATA][1], f) for f in (fields.PAGES_START, fields.DICTIONARY_START)]
            for of, field in places:
                if field in of:
                    of[field] = thrift.I64, of[field][1] + far
            for field in (*fields.OFFSETS, *fields.BOUNDS):
                chunk.pop(field, None)
    with open(source, "wb") as file:
        file.write(b"PAR1")
        file.seek(far + 4)
        file.write(data[4 : -8 - size])
    with open(source, "ab") as file:
        text = thrift.write(struct)
        file.write(text + len(text).to_bytes(4, "little") + b"PAR1")
    if source.stat().st_blocks * 512 > far // 2:
        pytest.skip("the file system has no holes")
    score(source, out)
    assert out.stat().st_size < 2 * near.stat().st_size
    assert pq.read_table(out).drop_columns(["value"]).equals(pq.read_table(near))
    assert chunks(out, mixed().column_names) == chunks(near)


def test_several_files_of_one_schema(tmp_path):
    parts = [mixed(400, seed) for seed in range(3)]
    paths = [tmp_path / f"{i}.parquet" for i in range(3)]
    for path, part in zip(paths, parts, strict=True):
        pq.write_table(part, path, row_group_size=150)
    score(paths, tmp_path / "out.parquet")
    scored = pq.read_table(tmp_path / "out.parquet")
    expected = pa.concat_tables(part.drop_columns(["encoded", "large"]) for part in parts)
    assert scored.select(expected.column_names).equals(expected)
    assert scored["encoded"].to_pylist() == scored["large"].to_pylist() == expected["texts"].to_pylist()


@pytest.mark.usefixtures("decoded")
def test_a_file_that_is_replaced_after_its_columns_were_looked_at(tmp_path, monkeypatch):
    """The task begins again, with the columns that are there then."""
    paths = [tmp_path / f"{i}.parquet" for i in range(2)]
    for path in paths:
        pq.write_table(mixed(), path)

    def begin(*arguments, begin=fragment._begin_spliced):
        is_spliced = begin(*arguments)
        pq.write_table(mixed().rename_columns({"before": "other"}), paths[1])
        return is_spliced

    monkeypatch.setattr(fragment, "_begin_spliced", begin)
    score(paths, tmp_path / "out.parquet")
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored["before"].to_pylist() == mixed()["before"].to_pylist() + [None] * ROWS
    assert scored["other"].to_pylist() == [None] * ROWS + mixed()["before"].to_pylist()


@pytest.mark.usefixtures("decoded")
def test_several_files_of_other_schemas_are_decoded(tmp_path):
    for i, table in enumerate((mixed(), mixed().rename_columns({"flags": "other"}))):
        pq.write_table(table, tmp_path / f"{i}.parquet")
    score([tmp_path / "0.parquet", tmp_path / "1.parquet"], tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").column_names == [*mixed().column_names, "other", "value"]


def test_row_groups_of_a_file(tmp_path):
    source = tmp_path / "in.parquet"
    pq.write_table(mixed(), source, row_group_size=100)
    score(source, f"{tmp_path}/out/", fragment_rows=300)
    parts = sorted((tmp_path / "out").glob("in.*.parquet"))
    assert [pq.read_metadata(part).num_row_groups for part in parts] == [3, 3, 3, 1]
    scored = pa.concat_tables(map(pq.read_table, parts)).drop_columns(["value", "encoded", "large"])
    assert scored.equals(mixed().drop_columns(["encoded", "large"]))


def test_names_of_directories_may_hold_columns(tmp_path):
    (tmp_path / "in" / "day=1").mkdir(parents=True)
    pq.write_table(mixed(), tmp_path / "in" / "day=1" / "a.parquet")
    score(tmp_path / "in", f"{tmp_path}/out/")
    check(tmp_path / "in" / "day=1" / "a.parquet", tmp_path / "out" / "day=1" / "a.parquet")


@pytest.mark.usefixtures("decoded")
def test_columns_that_the_names_of_directories_hold_are_added(tmp_path):
    (tmp_path / "day=1").mkdir()
    pq.write_table(mixed(), tmp_path / "day=1" / "a.parquet")
    score(f"{tmp_path}/*/*.parquet", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet", partitioning=None)["day"].to_pylist() == [1] * ROWS


def test_noise_is_not_compressed(tmp_path):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table({"r": np.random.default_rng(0).standard_normal(50_000)}), source)
    score(source, out, emit=("value", "hess"))
    group = pq.read_metadata(out).row_group(0)
    assert [group.column(i).compression for i in (1, 2)] == ["UNCOMPRESSED", "SNAPPY"]  # second: zeros and ones
    assert (
        not group.column(2).has_dictionary_page
        and group.column(1).statistics.max == fl.huber(pq.read_table(source)["r"]).max()
    )


@pytest.mark.usefixtures("decoded")
def test_row_groups_that_memory_is_not_to_hold_are_decoded(tmp_path, monkeypatch):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(mixed(), source)
    monkeypatch.setattr(fragment, "ROW_GROUP_BYTES", 8 * ROWS - 1)
    begun = []
    monkeypatch.setattr(fragment, "_begin", lambda *args, begin=fragment._begin: begun.append(begin(*args)))
    score(source, out)
    assert begun and pq.read_table(out).drop_columns(["value"]).equals(pq.read_table(source))


# ---- what files say of themselves -----------------------------------------------------------------------------------


def test_descriptions_of_columns(tmp_path):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    told = {"parquet.avro.schema": "{}", "iceberg.schema": "{}", "other": "kept", "writer.model.name": "avro"}
    table = mixed().replace_schema_metadata(told)
    table = table.set_column(1, table.field("r").with_metadata({"PARQUET:field_id": "7", "k": "v"}), table["r"])
    pq.write_table(table, source)
    score(source, out)
    assert pq.read_schema(out).metadata == {b"other": b"kept", b"writer.model.name": b"avro"}
    assert pq.read_schema(out).remove(table.num_columns).equals(pq.read_schema(source), check_metadata=False)
    assert pq.read_schema(out).field("r").metadata == pq.read_schema(source).field("r").metadata
    assert pq.ParquetFile(out).metadata.created_by == pq.ParquetFile(source).metadata.created_by


def test_an_index_of_pandas(tmp_path):
    pandas = pytest.importorskip("pandas")
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    frame = pandas.DataFrame(
        {"r": [0.5, 3.0], "c": pandas.Categorical(["b", "a"])}, index=pandas.Index(["x", "y"], name="i")
    )
    frame.to_parquet(source)
    score(source, out)
    scored = pandas.read_parquet(out)
    pandas.testing.assert_frame_equal(scored.drop(columns="value"), pandas.read_parquet(source))
    assert scored.loc["y", "value"] == 2.5


@pytest.mark.spark
@pytest.mark.filterwarnings("default")
def test_spark_reads_what_it_wrote_with_the_values(tmp_path):
    pyspark = pytest.importorskip("pyspark.sql")
    spark = pyspark.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        spark.conf.set("spark.sql.parquet.outputTimestampType", "INT96")
        frame = spark.sql(
            "select id * 0.5D r, cast(id as string) s, array(id, null) l, timestamp_seconds(id) t, "
            "cast(id as decimal(20, 2)) d, named_struct('a', id) n from range(0, 2000, 1, 1)"
        )
        frame.write.parquet(str(tmp_path / "in"))
        (source,) = (tmp_path / "in").glob("*.parquet")
        score(source, tmp_path / "out.parquet")
        scored = spark.read.parquet(str(tmp_path / "out.parquet"))
        assert scored.columns == [*frame.columns, "value"]
        assert scored.drop("value").orderBy("r").collect() == frame.orderBy("r").collect()
        assert scored.where("r > 900").agg({"value": "sum"}).collect()[0][0] == sum(
            i / 2 - 0.5 for i in range(1801, 2000)
        )
    finally:
        spark.stop()


# ---- footers that lie -----------------------------------------------------------------------------------------------


def number_of(field, value, of=lambda struct: chunk_of(struct, 1, 2)[fields.CHUNK_METADATA][1]):
    def change(struct):
        told = of(struct)
        told[field] = thrift.I64, value(told[field][1]) if callable(value) else value

    return change


def swapped(struct):
    """Two chunks, each where the other is."""
    one, other = (chunk_of(struct, 1, i)[fields.CHUNK_METADATA][1] for i in (0, 2))
    one[fields.PAGES_START], other[fields.PAGES_START] = other[fields.PAGES_START], one[fields.PAGES_START]


def file_of(struct):
    return struct


def group_of(struct):
    return struct[fields.FILE_GROUPS][1][1]


def a_chunk(struct):
    return chunk_of(struct, 1, 2)


LIES = {
    "a chunk behind the file": (number_of(fields.PAGES_START, 1 << 40), "column 'texts' lies outside of the file"),
    "a chunk before it": (number_of(fields.PAGES_START, -5), "column 'texts' lies outside of the file"),
    "a chunk in the magic": (number_of(fields.PAGES_START, 3), "column 'texts' lies outside of the file"),
    "a chunk in the footer": (number_of(fields.TAKES, 1 << 20), "column 'texts' lies outside of the file"),
    "a chunk of less than nothing": (number_of(fields.TAKES, -1), "column 'texts' lies outside of the file"),
    "chunks that overlap": (number_of(fields.TAKES, lambda size: size + 1), "column '.*' lies where another does"),
    "a chunk beside its place": (number_of(fields.PAGES_START, lambda at: at + 3), "column '.*' "),
    "chunks at each other's": (swapped, "column '.*' "),
    "a chunk that is cut": (number_of(fields.TAKES, 20), "column 'texts' has a page that does not end"),
    "a chunk that is a bit shorter": (number_of(fields.TAKES, lambda size: size - 1), "column 'texts' has a page that"),
    "values that no page has": (
        number_of(fields.VALUES, lambda n: n + 1, lambda struct: chunk_of(struct, 1, 3)[fields.CHUNK_METADATA][1]),
        "column 'lists.list.element' has another number of values than its pages",
    ),
    "another number of values": (number_of(fields.VALUES, lambda n: n + 1), "column 'texts' has another number"),
    "more rows in a group": (number_of(fields.GROUP_ROWS, lambda n: n + 1, group_of), "it says to have 1000 rows,"),
    "fewer rows in the file": (number_of(fields.FILE_ROWS, 999, file_of), "it says to have 999 rows, and 1000"),
    "an index behind the file": (number_of(fields.OFFSETS[0], 1 << 40, a_chunk), "column 'texts' has an index outside"),
    "an index that is none": (number_of(fields.OFFSETS[0], 4, a_chunk), "column 'texts' has an index "),
    "the index of another": (
        lambda struct: a_chunk(struct).update({field: chunk_of(struct, 1, 0)[field] for field in fields.OFFSETS}),
        "column 'texts' has an index of pages that lie elsewhere",
    ),
    "a filter behind the file": (
        lambda struct: a_chunk(struct)[fields.CHUNK_METADATA][1].update({14: (6, 1 << 40), 15: (5, 9)}),
        "column 'texts' has an index outside",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_footer_that_lies(tmp_path, lie):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = mixed().select(["before", "r", "texts", "lists"])
    pages = {"data_page_size": 1000, "write_batch_size": 50, "write_page_index": True}
    pq.write_table(table, source, row_group_size=400, use_dictionary=False, **pages)
    score(source, out)
    check(source, out)
    out.unlink()
    change, message = LIES[lie]
    struct = footer(source)
    change(struct)
    with_footer(source, struct)
    data = source.read_bytes()
    with pytest.raises(ScoringError, match=f"^{source}: cannot be read as Parquet: {message}"):
        score(source, out)
    assert source.read_bytes() == data and os.listdir(tmp_path) == ["in.parquet"]
    assert score(source, None).rows > 0  # of columns that are not carried nobody asks


def test_two_lies_that_agree(tmp_path):
    """Rows that no page has."""
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table({"r": np.ones(10)}), source, use_dictionary=False)
    struct = footer(source)
    for of in (struct, struct[fields.FILE_GROUPS][1][0]):
        of[3] = thrift.I64, 11
    chunk_of(struct, 0, 0)[fields.CHUNK_METADATA][1][fields.VALUES] = thrift.I64, 11
    with_footer(source, struct)
    with pytest.raises(ScoringError, match=r"in.parquet: cannot be read as Parquet: "):
        score(source, out)
    assert os.listdir(tmp_path) == ["in.parquet"]


@pytest.mark.usefixtures("decoded")
@pytest.mark.parametrize("of", [file_of, group_of, a_chunk, lambda s: a_chunk(s)[fields.CHUNK_METADATA][1]])
def test_unknown_fields_that_may_tell_places(tmp_path, of):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = mixed().select(["before", "r", "texts"])
    pq.write_table(table, source, row_group_size=400)
    struct = footer(source)
    of(struct)[77] = thrift.I64, 123
    with_footer(source, struct)
    score(source, out)
    assert pq.read_table(out).drop_columns(["value"]).equals(table)
    assert pq.read_metadata(out).num_row_groups == 1


def test_unknown_fields_of_columns_are_kept(tmp_path):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(mixed(), source)
    struct = footer(source)
    struct[fields.FILE_SCHEMA][1][2][77] = thrift.binary(b"of the future")
    with_footer(source, struct)
    score(source, out)
    assert footer(out)[fields.FILE_SCHEMA][1][2][77] == thrift.binary(b"of the future")
    check(source, out)


def test_sources_do_not_wait_for_the_garbage_collector(tmp_path):
    for i in range(3):
        pq.write_table(mixed(seed=i), tmp_path / f"{i}.parquet")
    gc.collect()
    gc.disable()
    try:
        fl.score(tmp_path, f"{tmp_path}-scored/", **OPTIONS)
        left = [one for one in gc.get_objects() if type(one) in (ParquetSource, Carried)]
    finally:
        gc.enable()
    assert not left


def test_what_is_carried_is_not_decoded(tmp_path):
    source, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    noise = np.random.default_rng(0).standard_normal(ROWS)
    options = {"write_page_checksum": True, "use_dictionary": False, "compression": "none"}
    pq.write_table(pa.table({"r": np.ones(ROWS), "other": noise}), source, **options)
    source.write_bytes(source.read_bytes().replace(noise[500].tobytes(), b"\0" * 8))
    score(source, out)
    assert chunks(out, ["other"]) == chunks(source, ["other"])
    assert json.loads(score(source, None).to_json())["rows"] == ROWS


# ---- files of one schema ---------------------------------------------------------------------


def test_what_each_file_says_of_itself_is_in_its_own_output(tmp_path):
    (tmp_path / "in").mkdir()
    said = [{"unit": "mm"}, {"unit": "inch"}, None]
    for i, metadata in enumerate(said):
        field = pa.field("a", pa.int64(), metadata=None if i else {"of": "a field"})
        schema = pa.schema([("r", pa.float64()), field], metadata=metadata)
        pq.write_table(pa.table([np.arange(3.0) + i, np.arange(3)], schema=schema), tmp_path / "in" / f"{i}.parquet")
    for emit in ("value", "grad"):
        fl.score(tmp_path / "in", tmp_path / emit, emit=emit, **OPTIONS)
        for i, metadata in enumerate(said):
            written = pq.read_table(tmp_path / emit / f"{i}.parquet")
            assert written.column_names == ["r", "a", emit] and written["r"][0].as_py() == i
            assert (written.schema.metadata or {}).get(b"unit") == (metadata and metadata["unit"].encode())
            assert (written.schema.field("a").metadata or {}).get(b"of") == (None if i else b"a field")
