"""Files whose bytes are not what they say: an error that names file and column, never the end of the process."""

import ctypes
import io
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError

ROWS = 40
OUTPUTS = ("out.parquet", "out.csv", "out.arrow")


def spoiled(array, buffer, at, value, size=4):
    """The array with a number written over what one of its buffers, those of its children included, has there."""
    ctypes.memmove(array.buffers()[buffer].address + at, value.to_bytes(size, "little", signed=True), size)
    return array


def texts(type=None):
    return pa.array(["x"] * ROWS, type or pa.string())


def lists(type=None):
    return pa.array([[1.0]] * ROWS, type)


def views():
    return pa.array(["x" * 20] * ROWS, pa.string_view())


def encoded():
    return pa.array(["a", "b"] * (ROWS // 2)).dictionary_encode()


def sparse():
    return pa.UnionArray.from_sparse(pa.array([0] * ROWS, pa.int8()), [pa.array(range(ROWS))])


def dense():
    return pa.UnionArray.from_dense(pa.array([0] * ROWS, pa.int8()), pa.array(range(ROWS), pa.int32()), [texts()])


def not_utf8():
    return spoiled(texts(), 2, 7, -1, 1)


END = 4 * ROWS  # where the last offset is
CORRUPT = {  # an array, and what is written where in it
    "a text beyond the letters": (texts(), 1, END, 1 << 30),
    "a text before the letters": (texts(), 1, END, -5),
    "texts that overlap": (texts(), 1, 40, 7),
    "bytes beyond the bytes": (texts(pa.binary()), 1, END, 1 << 30),
    "a text that is not UTF-8": (texts(), 2, 7, -1, 1),
    "a list beyond the numbers": (lists(), 1, END, 1 << 28),
    "a list before the numbers": (lists(), 1, 40, -(1 << 20)),
    "a view beyond the letters": (views(), 1, 12, 1 << 30),
    "a view of other letters": (views(), 1, 4, 0),
    "a list-view beyond the numbers": (lists(pa.list_view(pa.float64())), 1, 40, 1 << 28),
    "runs that go back": (pc.run_end_encode(pa.array(range(ROWS))), 2, 40, 2),
    "an index beyond the dictionary": (encoded(), 1, 40, 1 << 28),
    "an index before the dictionary": (encoded(), 1, 40, -9),
    "a dictionary that is not UTF-8": (pa.DictionaryArray.from_arrays(encoded().indices, texts()), -1, 7, -1, 1),
    "a field that is corrupt": (pa.StructArray.from_arrays([texts()], ["f"]), 2, END, 1 << 30),
    "a list of a corrupt text": (pa.array([["x"]] * ROWS), 3, END, 1 << 30),
    "an element of no type": (sparse(), 1, 8, 77, 1),
    "an element of a union beyond its child": (dense(), 2, 8, 1 << 28),
}

CHILD = """
import json, sys
import fastloss as fl
for name, path, output in json.load(sys.stdin):
    print(name, output, "begins", flush=True)
    try:
        fl.score(path, output, loss=fl.huber, residual="r")
        print(json.dumps([name, "read"]), flush=True)
    except fl.files.ScoringError as error:
        print(json.dumps([name, str(error)]), flush=True)
"""


def of_file(schema, batches, stream=False):
    file = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(file, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return file.getvalue()


def test_corrupt_columns_are_named(tmp_path):
    """In a child process, which some of these would end."""
    todo = []
    for number, (name, (array, buffer, *what)) in enumerate(CORRUPT.items()):
        batch = pa.RecordBatch.from_arrays([pa.array(np.ones(ROWS)), array], ["r", "bad"])
        spoiled(array if buffer >= 0 else array.dictionary, buffer, *what)
        for stream in (False, True):
            path = tmp_path / f"{number}{stream}.arrow"
            path.write_bytes(of_file(batch.schema, [batch], stream))
            todo += [(name, str(path), str(tmp_path / output)) for output in OUTPUTS]
    done = subprocess.run([sys.executable, "-c", CHILD], input=json.dumps(todo), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]
    results = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [name for name, _ in results] == [name for name, _, _ in todo]
    for (name, message), (_, path, _) in zip(results, todo, strict=True):
        refused = " holds " in message and ", which " in message  # what the format of the output cannot, said before
        column = "" if name == "a view beyond the letters" else "column 'bad' is corrupt: "  # pyarrow's own message
        assert refused or message.startswith(f"{path}: cannot be read as Arrow IPC: {column}"), name
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".arrow"]


def test_columns_that_are_not_used_may_be_corrupt(tmp_path):
    batch = pa.RecordBatch.from_arrays([pa.array(np.ones(ROWS)), not_utf8()], ["r", "bad"])
    (tmp_path / "in.arrow").write_bytes(of_file(batch.schema, [batch]))
    assert fl.score(tmp_path / "in.arrow", tmp_path / "out.csv", loss=fl.huber, residual="r", keep="none").count == ROWS


@pytest.mark.parametrize("is_encoded", [False, True], ids=["text", "dictionary"])
@pytest.mark.parametrize("output", OUTPUTS[1:])
def test_text_in_parquet_that_is_not_utf8(tmp_path, is_encoded, output):
    """The input is what is wrong, not the output. Into Parquet it goes as it is."""
    array = pa.DictionaryArray.from_arrays(pa.array(range(ROWS)), not_utf8()) if is_encoded else not_utf8()
    pa.parquet.write_table(pa.table({"r": np.ones(ROWS), "bad": array}), tmp_path / "in.parquet")
    with pytest.raises(ScoringError, match=r"in.parquet: cannot be read as Parquet: column 'bad' is corrupt: .*UTF"):
        fl.score(tmp_path / "in.parquet", tmp_path / output, loss=fl.huber, residual="r")
    assert not (tmp_path / output).exists()


def test_a_wrong_bit_in_a_page_of_parquet_that_has_a_checksum(tmp_path):
    numbers = np.random.default_rng(0).standard_normal((2, 20_000))
    table = pa.table({"r": numbers[0], "other": numbers[1]})
    options = {"write_page_checksum": True, "use_dictionary": False, "compression": "none"}
    pa.parquet.write_table(table, tmp_path / "in.parquet", **options)
    right = fl.score(tmp_path / "in.parquet", loss=fl.huber, residual="r")
    data = (tmp_path / "in.parquet").read_bytes()
    at = data.index(numbers[0, 15_000].tobytes())
    (tmp_path / "in.parquet").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with pytest.raises(ScoringError, match=r"in.parquet: cannot be read as Parquet: column 'r' is corrupt: .*CRC"):
        fl.score(tmp_path / "in.parquet", tmp_path / "out.csv", loss=fl.huber, residual="r")
    assert fl.score(tmp_path / "in.parquet", loss=fl.huber, residual="other").count == right.count == 20_000


@pytest.mark.parametrize("stream", [False, True], ids=["file", "stream"])
def test_names_that_are_not_utf8(tmp_path, stream):
    schema = pa.schema([("r", pa.float64()), ("structs", pa.struct([("field", pa.int8())])), ("texts", pa.string())])
    for name in ("texts", "field"):
        data = of_file(schema, [], stream).replace(name.encode(), b"\xff" * 5)
        (tmp_path / "in.arrow").write_bytes(data)
        with pytest.raises(ScoringError, match=r"in.arrow: the name of a column is not UTF-8: b'\\xff"):
            fl.score(tmp_path / "in.arrow", loss=fl.huber, residual="r")


def test_names_in_parquet_that_are_not_utf8(tmp_path):
    pa.parquet.write_table(pa.table({"r": [1.0], "texts": ["a"]}), tmp_path / "in.parquet", store_schema=False)
    data = (tmp_path / "in.parquet").read_bytes().replace(b"texts", b"\xff" * 5)
    (tmp_path / "in.parquet").write_bytes(data)
    with pytest.raises(ScoringError, match=r"in.parquet: the name of a column is not UTF-8: b'\\xff"):
        fl.score(tmp_path / "in.parquet", loss=fl.huber, residual="r")


@pytest.mark.parametrize("text", [b"", b"[", b"3", b"null", b'{"column_indexes": 4}', b"[" * 100_000])
def test_what_a_file_says_of_itself_may_be_anything(tmp_path, text):
    """The descriptions of pandas and Spark are left out where they are none."""
    told = {"pandas": text, "org.apache.spark.sql.parquet.row.metadata": text, "other": b"kept"}
    pa.parquet.write_table(pa.table({"r": np.ones(3)}).replace_schema_metadata(told), tmp_path / "in.parquet")
    fl.score(tmp_path / "in.parquet", tmp_path / "out.parquet", loss=fl.huber, residual="r")
    written = pa.parquet.read_schema(tmp_path / "out.parquet").metadata
    assert written[b"other"] == b"kept" and b"pandas" not in written


@pytest.mark.parametrize("name", ["in.csv.gz", "in.csv.zst", "in.arrow.gz", "in.feather.zst"])
@pytest.mark.parametrize("output", [None, "out.csv", "out.parquet"])
def test_compressed_files_that_are_cut_or_changed(tmp_path, name, output):
    text = "r\n" + "".join(f"{number!r}\n" for number in np.random.default_rng(0).standard_normal(500).tolist())
    if "csv" not in name:
        table = pa.table({"r": np.random.default_rng(0).standard_normal(500)})
        data = of_file(table.schema, table.to_batches())
    else:
        data = text.encode()
    with pa.CompressedOutputStream(tmp_path / name, "gzip" if name.endswith("gz") else "zstd") as file:
        file.write(data)
    whole = (tmp_path / name).read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2 : len(whole) // 2 + 40] = bytes(40)
    for wrong in (whole[: len(whole) // 2], bytes(changed), whole[:5], b""):
        (tmp_path / name).write_bytes(wrong)
        with pytest.raises(ScoringError, match=f"{name}: cannot be read as (CSV|Arrow IPC|Feather): ") as caught:
            fl.score(tmp_path / name, output and tmp_path / output, loss=fl.huber, residual="r")
        assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_footer_that_ends_the_process_when_pyarrow_is_asked_about_it(tmp_path):
    """A histogram of definition levels of another length; in the second row group, so that reading begins well"""
    path = tmp_path / "in.parquet"
    pa.parquet.write_table(pa.table({"r": np.arange(2.0 * ROWS)}), path, row_group_size=ROWS)
    histogram, another = b"\x26\x00\x50", b"\x16\x80\x01"  # [0, ROWS] and [64], in Thrift's compact protocol
    before, found, behind = path.read_bytes().rpartition(histogram)
    assert found
    path.write_bytes(before + another + behind)
    code = (
        "import sys, fastloss as fl\n"
        "from fastloss.files import ScoringError\n"
        "try: fl.score(sys.argv[1], loss=fl.huber, residual='r')\n"
        "except ScoringError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
    what = "column 'r' has a histogram of 1 levels, and 2 levels: it is corrupt"
    assert done.stdout == f"{path}: cannot be read as Parquet: {what}\n"
