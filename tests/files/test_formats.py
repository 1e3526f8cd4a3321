"""Extensions and formats beside Parquet, CSV and Arrow files: JSON lines and ORC, which are read alone."""

import gzip
import json
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError
from fastloss.files.readers import json as json_reader

OPTIONS = {"loss": "squared_error", "residual": "r"}


@pytest.fixture
def table():
    r = np.random.default_rng(0).standard_normal(100)
    return pa.table({"r": pa.array(r, mask=np.arange(100) % 10 == 0), "name": [f"row {i}" for i in range(100)]})


def lines(table):
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def csv(table, separator=","):
    file = pa.BufferOutputStream()
    pa.csv.write_csv(table, file, pa.csv.WriteOptions(delimiter=separator))
    return file.getvalue().to_pybytes()


def written(write, *args):
    def of(table):
        file = pa.BufferOutputStream()
        write(table, file, *args)
        return file.getvalue().to_pybytes()

    return of


def arrow(new):
    def of(table):
        file = pa.BufferOutputStream()
        with new(file, table.schema) as writer:
            writer.write_table(table)
        return file.getvalue().to_pybytes()

    return of


def zst(data):
    return pa.compress(data, "zstd", asbytes=True)


PARQUET, STREAM, FILE = written(pa.parquet.write_table), arrow(pa.ipc.new_stream), arrow(pa.ipc.new_file)
CONTENTS = {
    "x.pq": PARQUET,
    "x.parq": PARQUET,
    "x.snappy.parquet": PARQUET,
    "x.PARQUET": PARQUET,
    "x.arrows": STREAM,
    "x.arrow": STREAM,
    "x.ipc": FILE,
    "x.ftr": written(pa.feather.write_feather),
    "x.tsv": lambda table: csv(table, "\t"),
    "x.tsv.gz": lambda table: gzip.compress(csv(table, "\t")),
    "x.txt": csv,
    "x.CSV.GZ": lambda table: gzip.compress(csv(table)),
    "x.csv.zst": lambda table: zst(csv(table)),
    "x.arrows.gz": lambda table: gzip.compress(STREAM(table)),
    "x.jsonl": lines,
    "x.ndjson": lines,
    "x.jsonl.gz": lambda table: gzip.compress(lines(table)),
    "x.NDJSON.zst": lambda table: zst(lines(table)),
    "x.orc": written(pa.orc.write_table),
    "x.snappy.orc": written(pa.orc.write_table),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_extensions(tmp_path, table, name):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_bytes(CONTENTS[name](table))
    summary = fl.score(tmp_path / "data" / name, tmp_path / "one.parquet", **OPTIONS)
    one = pa.parquet.read_table(tmp_path / "one.parquet")
    assert (summary.count, summary.null) == (90, 10)
    assert one.select(["r", "name"]).equals(table)
    again = fl.score(tmp_path / "data", tmp_path / "scored", **OPTIONS)
    assert again == summary and fl.score(tmp_path / "data", tmp_path / "scored", **OPTIONS, resume=True) == summary
    (output,) = [name for name in os.listdir(tmp_path / "scored") if name[0] not in "_."]
    read_alone = any(kind in name.lower() for kind in ("jsonl", "ndjson", "orc"))
    assert output == ("x.snappy.parquet" if "snappy" in name else "x.parquet" if read_alone else name)
    assert fl.score(tmp_path / "scored" / output, loss="absolute_error", residual="value").sum == summary.sum


@pytest.mark.parametrize("name", ["x.arrows", "x.arrows.gz"])
def test_an_arrow_stream_is_written_as_one(tmp_path, table, name):
    pa.parquet.write_table(table, tmp_path / "x.parquet")
    fl.score(tmp_path / "x.parquet", tmp_path / name, **OPTIONS)
    data = (tmp_path / name).read_bytes()
    stream = pa.ipc.open_stream(gzip.decompress(data) if name.endswith(".gz") else data)
    assert stream.read_all().num_rows == 100
    for name in ("x.ipc", "x.arrow", "x.ftr"):
        fl.score(tmp_path / "x.parquet", tmp_path / name, **OPTIONS)
        assert pa.ipc.open_file(str(tmp_path / name)).read_all().num_rows == 100


@pytest.mark.parametrize("output", ["o.jsonl", "o.ndjson.gz", "o.orc", "o.doc", "-"])
def test_what_cannot_be_written(tmp_path, table, output):
    (tmp_path / "x.jsonl").write_bytes(lines(table))
    match = "o.doc: the extension names no format" if output == "o.doc" else "can be read, but not written"
    with pytest.raises(ScoringError, match=rf"{match}.*\.parquet, \.csv, ") as caught:
        fl.score(tmp_path / "x.jsonl", output if output == "-" else tmp_path / output, **OPTIONS)
    assert ".orc," not in str(caught.value).split("known", 1)[-1] and len(str(caught.value).splitlines()) == 1
    assert os.listdir(tmp_path) == ["x.jsonl"]


def test_json_files_of_lines(tmp_path, table):
    (tmp_path / "a.json").write_bytes(lines(table))  # as Spark calls them
    with pytest.raises(ScoringError, match=r"a\.json: .* or give the format jsonl, if each of its lines is an object$"):
        fl.score(tmp_path, **OPTIONS)
    assert fl.score(tmp_path, format="jsonl", **OPTIONS).count == 90


@pytest.mark.parametrize(
    ("format", "content"),
    [("parquet", PARQUET), ("csv", csv), ("jsonl", lines), ("orc", CONTENTS["x.orc"]), ("arrow", STREAM)],
)
def test_a_format_for_files_whose_extension_names_none(tmp_path, table, format, content, monkeypatch):
    (tmp_path / "data" / "day").mkdir(parents=True)
    files = [tmp_path / "data" / name for name in ("day/part-0", "part-1.x", "part-2")]
    for file in files:
        file.write_bytes(content(table))
    (tmp_path / "data" / "known.csv").write_bytes(csv(table))
    expected = fl.score(files[0], format=format, **OPTIONS)
    assert expected.count == 90
    for given in (tmp_path / "data", f"{tmp_path}/data/**/[kp]*", [*files, tmp_path / "data" / "known.csv"]):
        assert fl.score(given, format=format, **OPTIONS).count == 360
        with pytest.raises(ScoringError, match="the extension names no format"):
            fl.score(given, **OPTIONS)
    with files[0].open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert fl.score("-", format=format, **OPTIONS) == expected
    whole = fl.score(tmp_path / "data", tmp_path / "scored", format=format, **OPTIONS)
    extension = "parquet" if format in ("jsonl", "orc") else format
    found = (path for path in (tmp_path / "scored").rglob("[!_.]*") if path.is_file())
    places = {f"day/part-0.{extension}", f"part-1.x.{extension}", f"part-2.{extension}", "known.csv"}
    assert {str(path.relative_to(tmp_path / "scored")) for path in found} == places
    assert fl.score(tmp_path / "data", tmp_path / "scored", format=format, **OPTIONS, resume=True) == whole
    assert fl.score(tmp_path / "scored", loss="absolute_error", residual="value").sum == whole.sum


def test_a_format_that_is_none():
    with pytest.raises(ScoringError, match="unknown format 'tsv'; there are parquet, csv, "):
        fl.score("x", format="tsv", **OPTIONS)


@pytest.mark.filterwarnings("ignore:Feather V1")
def test_feather_of_version_1_says_what_it_is(tmp_path, table):
    pytest.importorskip("pandas", reason="pyarrow writes version 1 of what pandas holds")
    for name in ("x.feather", "x.ftr", "x.arrow"):
        pa.feather.write_feather(table.to_pandas(), tmp_path / name, version=1)
        with pytest.raises(ScoringError, match=f"{name}: Feather of version 1 is not read"):
            fl.score(tmp_path / name, **OPTIONS)


@pytest.fixture(params=[16, json_reader.BLOCK_BYTES], ids=["small blocks", "one block"])
def scored(request, tmp_path, monkeypatch):
    """Scores JSON lines; the summary, and what is written."""
    monkeypatch.setattr(json_reader, "BLOCK_BYTES", request.param)

    def scored(text, **options):
        (tmp_path / "in.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())
        summary = fl.score(tmp_path / "in.jsonl", tmp_path / "out.parquet", **OPTIONS | options)
        return summary, pa.parquet.read_table(tmp_path / "out.parquet").to_pydict()

    return scored


def test_values_of_json(scored):
    summary, rows = scored(
        '{"r":1,"day":"2026-01-01"}\n{"r":null,"more":[1]}\r\n\n{"day":"x"}\n{"r":NaN,"more":[1.5]}\n{"r":-Infinity}\n{}'
    )
    assert (summary.count, summary.null, summary.nan, summary.max) == (2, 3, 1, np.inf)
    assert [repr(value) for value in rows["r"]] == ["1.0", "None", "None", "nan", "-inf", "None"]
    assert rows["day"] == ["2026-01-01", None, "x", None, None, None]  # a text is a text
    assert rows["more"] == [None, [1.0], None, [1.5], None, None]


def test_texts_as_numbers_of_json(scored):
    summary, rows = scored('{"r":"nan"}\n{"r":""}\n{"r":" 1.5"}\n{"r":true}\n{"r":2}\n{"r":"inf"}\n{"r":"NA"}\n')
    assert (summary.count, summary.null, summary.nan) == (4, 2, 1)
    assert rows["r"][2:6] == [1.5, 1.0, 2.0, np.inf]


def test_structs_lists_and_groups_of_json(scored):
    summary, _ = scored(
        '{"s":{"r":1}}\n{"s":null}\n{"s":{"r":null,"q":0}}\n{"s":{"q":"x"}}'.replace('"x"', "1"), residual="s.r"
    )
    assert (summary.count, summary.null) == (1, 3)
    text = '{"l":[1,2,3],"t":1}\n{"l":null,"t":2}\n{"l":[0.5,2,3],"t":2.0}\n'
    summary, _ = scored(text, loss="cross_entropy", residual=None, pred="l", target="t")
    expected = fl.cross_entropy(np.array([[1, 2, 3], [0.5, 2, 3]]), np.array([1, 2]), reduction="sum")
    assert summary.null == 1 and summary.sum == pytest.approx(expected, rel=1e-15)
    summary, _ = scored('{"r":1,"g":"a"}\n{"r":2}\n{"r":3,"g":"a"}\n', by="g")
    assert {key: group.count for key, group in summary.groups.items()} == {"a": 2, None: 1}


def test_large_whole_numbers_of_json_are_exact(scored):
    _, rows = scored('{"r":1,"id":18446744073709551615}\n{"r":1,"id":1}')
    assert rows["id"] == [18446744073709551615, 1]
    _, rows = scored('{"r":1,"id":1311768467463790320,"x":1.5}\n{"r":1,"id":1,"x":1e300}')
    assert rows["id"] == [1311768467463790320, 1] and rows["x"] == [1.5, 1e300]
    text = '{"r":1,"id":9007199254740993}\n{"r":1,"id":1.5}\n'
    with pytest.raises(ScoringError, match="column 'id' holds whole numbers that are not exact"):
        scored(text)
    assert scored(text, keep="none")[0].count == 2


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("null", "expected an object, found 'null' at row 0"),
        ('{"r":1}\nnull\n', "expected an object, found 'null' at row 1"),
        ('{"r":1}\n{"r":1} null\n', "not JSON at row 1: Extra data"),
        ('{"r":1}\n{"r":1}{"r":2}\n', "not JSON at row 1: Extra data"),
        ('[{"r":1},\n{"r":2}]', "at row 0"),
        ('{"r":1}\n{"r":2', "not JSON at row 1"),
        ('{"r":1}\n{"r":"x"}\n', "column 'r': expected numbers, invalid value 'x' at row 1"),
        ('{"r":1,"r":2}', "at row 0: a name is there twice"),
        ("", "no column 'r'; there are none"),
        ('{"r":1,"t":1}\n{"r":1,"t":"x"}', "column 't'.*keep fewer columns"),
        ('{"r":1,"t":1}\n{"r":1,"t":true}', "column 't'.*keep fewer columns"),
        ('{"r":1,"t":1.5}\n{"r":1,"t":true}', "column 't'.*keep fewer columns"),
        (b'{"r":1,"t":"\xff"}', "UTF|utf"),
        (b'{"r":1,"\xff":1}', "at row 0.*utf-8"),
        ('{"r":1,"\\ud800":1}', "at row 0.*surrogates"),
        ('{"r":1,"t":"\\ud800"}', "surrogates"),
        ('{"r":1}\n{"r":' + "[" * 100_000 + "]" * 100_000 + "}", "too many brackets at row 1"),
        ('{"r":' + '{"r":' * 100_000 + "1" + "}" * 100_001, "too many brackets at row 0"),
        ('{"r":1}'.encode("utf-16")[:-1], "utf-16"),
    ],
)
def test_what_is_wrong_with_json_is_said_in_a_line(scored, text, match):
    with pytest.raises(ScoringError, match=match) as caught:
        scored(text)
    assert "in.jsonl: " in str(caught.value) and len(str(caught.value)) < 500


def test_what_json_has_of_several_types_may_be_left_out(tmp_path):
    """As logs have it: what is not used is neither said to be wrong, nor is a half of a character in it."""
    values = ["1", '"a"', '{"a": 1}', "[1]", "true", '"\\ud800"', "9007199254740993", "null"]
    for number, order in enumerate((values, values[::-1])):
        lines = [f'{{"p": {row}, "y": 0, "z": {value}}}\n' for row, value in enumerate(order * 2)]
        (tmp_path / f"{number}.jsonl").write_text("".join(lines))
    options = {"loss": fl.absolute_error, "pred": "p", "target": "y"}
    assert fl.score(tmp_path / "*.jsonl", **options).sum == 240
    fl.score(tmp_path / "*.jsonl", tmp_path / "out.parquet", keep=["y"], **options)
    assert pa.parquet.read_table(tmp_path / "out.parquet").column_names == ["y", "value"]
    for used in ({"by": "z"}, {"by": "z.a"}, {"where": "z == 1"}, {"worst": 1}):
        with pytest.raises(ScoringError, match=r"column 'z'.*: let all lines have one type there"):
            fl.score(tmp_path / "0.jsonl", **options, **used)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json_with_a_byte_order_mark(scored, encoding):
    summary, rows = scored('{"r":1,"t":"ä"}\n{"r":2}\n'.encode(encoding))
    assert summary.sum == 5.0 and rows["t"] == ["ä", None]


@pytest.mark.parametrize("compression", ["uncompressed", "snappy", "zlib", "lz4", "zstd"])
def test_orc(tmp_path, compression):
    n = 5000
    table = pa.table(
        {
            "r": np.random.default_rng(0).standard_normal(n),
            "d": pa.array([None, *range(n - 1)], pa.int64()).cast(pa.decimal128(25, 2)),
            "l": [[float(i)] * (i % 3) for i in range(n)],
            "m": pa.array([[("a", i)] for i in range(n)], pa.map_(pa.string(), pa.int64())),
            **{f"column {i}": [i] * n for i in range(200)},
        }
    )
    pa.orc.write_table(table, tmp_path / "x.orc", compression=compression, stripe_size=1 << 16)
    summary = fl.score(tmp_path / "x.orc", tmp_path / "x.parquet", loss="huber", residual="r", by="d")
    assert summary.count == n and len(summary.groups) == n
    assert pa.parquet.read_table(tmp_path / "x.parquet").drop(["value"]).equals(table)


def corrupt_orc(compression):
    """A decimal of more digits than Arrow has, over which pyarrow ends the process."""
    file = pa.BufferOutputStream()
    table = pa.table({"r": [1.0], "d": pa.array([1], pa.int64()).cast(pa.decimal128(25, 2))})
    pa.orc.write_table(table, file, compression=compression)
    data = file.getvalue().to_pybytes()
    kind = bytes([0x08, 14])  # decimal, then its precision and scale
    at = data.rindex(bytes([0x28, 25]))
    assert kind in data[at - 10 : at]
    return data[: at + 1] + bytes([60]) + data[at + 2 :]


def test_corrupt_orc_does_not_end_the_process(tmp_path):
    (tmp_path / "x.orc").write_bytes(corrupt_orc("uncompressed"))
    with pytest.raises(ScoringError, match=r"x.orc: cannot be read as ORC: a decimal has more than 38 digits"):
        fl.score(tmp_path / "x.orc", **OPTIONS)
    for data in (b"", b"ORC", b"\0" * 100, b"ORC" + b"\xff" * 300):
        (tmp_path / "x.orc").write_bytes(data)
        with pytest.raises(ScoringError, match=r"x.orc: cannot be read as ORC"):
            fl.score(tmp_path / "x.orc", **OPTIONS)


def test_corrupt_lists_of_orc_do_not_end_the_process(tmp_path):
    """The numbers are 8 bytes each, and what is behind them the lengths of the lists."""
    n = 3000
    table = pa.table({"r": np.random.default_rng(0).standard_normal(n), "l": [[1.0] * (i * i % 7) for i in range(n)]})
    data = written(pa.orc.write_table)(table)
    (tmp_path / "x.orc").write_bytes(data)
    assert fl.score(tmp_path / "x.orc", tmp_path / "x.arrow", **OPTIONS).count == n
    first, outcomes = data.index(table["r"].to_numpy().tobytes()) + 8 * n, []
    for at in range(first, first + 300, 100):
        (tmp_path / "x.orc").write_bytes(data[:at] + bytes([data[at] ^ 200]) + data[at + 1 :])
        assert fl.score(tmp_path / "x.orc", **OPTIONS).count == n
        try:
            outcomes.append(fl.score(tmp_path / "x.orc", tmp_path / "x.arrow", **OPTIONS).count)
        except ScoringError as error:
            outcomes.append(str(error))
    refused = [text for text in outcomes if text != n]
    assert refused and all("x.orc: cannot be read as ORC" in text for text in refused)


@pytest.mark.parametrize("format", ["orc", "json"])
def test_datasets_of_these_formats(tmp_path, table, format):
    name = {"orc": "x.orc", "json": "x.jsonl"}[format]
    (tmp_path / name).write_bytes(CONTENTS[name](table))
    dataset = pa.dataset.dataset([str(tmp_path / name)], format=format)
    assert fl.score(dataset, tmp_path / "scored", **OPTIONS) == fl.score(tmp_path / name, **OPTIONS)
    assert pa.parquet.read_table(tmp_path / "scored" / "x.parquet").drop(["value"]).equals(table)


@pytest.mark.integrations
@pytest.mark.parametrize("name", CONTENTS)
def test_extensions_at_addresses(tmp_path, table, name):
    fsspec = pytest.importorskip("fsspec", reason="addresses need fsspec")
    with fsspec.open(f"memory://{tmp_path.name}/{name}", "wb") as file:
        file.write(CONTENTS[name](table))
    summary = fl.score(f"memory://{tmp_path.name}/{name}", tmp_path / "x.parquet", **OPTIONS)
    assert (summary.count, summary.null) == (90, 10)
    assert pa.parquet.read_table(tmp_path / "x.parquet").select(["r", "name"]).equals(table)
    assert fl.score(f"memory://{tmp_path.name}", f"memory://{tmp_path.name}-scored/", **OPTIONS) == summary
