"""CSV files: what is a row, what is a number, what is carried, and what is said of text that cannot be read."""

import bz2
import csv
import gzip
import io
import itertools
import lzma
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastloss as fl
from fastloss import cli
from fastloss.files import ScoringError
from fastloss.files.csv.blocks import OpenQuote, blocks, first_row
from fastloss.files.readers import csv as csv_reader

SQUARE = {"loss": fl.squared_error, "residual": "r"}
LINE_ENDS = ["\n", "\r\n", "\r"]


def rows_of(text):
    """The rows that Python's own parser finds."""
    return [row for row in csv.reader(io.StringIO(text, newline="")) if row]


def written(rows, line_end="\n", quoting=csv.QUOTE_MINIMAL):
    """As Python writes it, which quotes the characters of its own line ends only."""
    lines = []
    for row in rows:
        line = io.StringIO(newline="")
        csv.writer(line, quoting=quoting).writerow(row)
        lines.append(line.getvalue().removesuffix("\r\n") + line_end)
    return "".join(lines)


# ---- rows -----------------------------------------------------------------------------------------------------------


def ends_inside_quotes(text):
    """A parser of one character at a time."""
    state = "start"
    for c in text:
        if state == "quoted":
            state = "quote" if c == '"' else "quoted"
        elif c == '"' and state in ("start", "quote"):
            state = "quoted"
        else:
            state = "start" if c in ",\r\n" else "field"
    return state == "quoted"


@settings(deadline=None)
@given(st.text('a,"\n\r', max_size=60), st.integers(1, 40))
def test_blocks_end_where_rows_do(text, size):
    file, found = io.BytesIO(text.encode()), []
    try:
        for block in blocks(file.read, ",", size):
            found.append(bytes(block.text).decode())
    except OpenQuote:
        assert ends_inside_quotes(text)
        return
    assert not ends_inside_quotes(text)
    assert "".join(found) == text
    assert list(itertools.chain.from_iterable(map(rows_of, found))) == rows_of(text)
    row, rest = first_row(text.encode(), ",")
    assert rows_of(row.decode()) == rows_of(text)[:1] and rows_of(rest.decode()) == rows_of(text)[1:]


FIELDS = st.text(st.sampled_from('ab ,;"\n\r\té'), max_size=8)


@settings(deadline=None)
@given(st.lists(st.tuples(FIELDS, FIELDS), max_size=8), st.sampled_from(LINE_ENDS), st.booleans(), st.integers(1, 64))
def test_any_text_is_carried_whatever_the_blocks(tmp_path_factory, rows, line_end, quoted, size):
    here = tmp_path_factory.getbasetemp()
    rows = [[str(i), *row] for i, row in enumerate(rows)]
    text = written([["r", "a,b", "c"], *rows], line_end, csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    (here / "in.csv").write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_reader, "CSV_BLOCK_BYTES", size)
        assert fl.score(here / "in.csv", here / "out.csv", **SQUARE).count == len(rows)
    found = rows_of((here / "out.csv").read_bytes().decode())
    assert found == [["r", "a,b", "c", "value"], *([*row, str(i * i)] for i, row in enumerate(rows))]


@pytest.mark.parametrize("line_end", LINE_ENDS)
@pytest.mark.parametrize("size", [64, 1000, 1 << 16, 8 << 20])
def test_rows_are_those_that_pandas_finds(tmp_path, monkeypatch, size, line_end):
    pandas = pytest.importorskip("pandas")
    monkeypatch.setattr(csv_reader, "CSV_BLOCK_BYTES", size)
    rng = np.random.default_rng(size)
    words = ["", "plain", 'say "hi"', "a,b", "1,2\n3,4\n" * 5, "\r\n", 'x"', "\n" * 300, "é" * 200]
    rows = [[repr(x), rng.choice(words), rng.choice(words)] for x in rng.normal(size=300).tolist()]
    source = tmp_path / "in.csv"
    source.write_bytes(written([["r", "s", "t"], *rows], line_end).replace("é", 'é"', 3).encode())
    summary = fl.score(source, tmp_path / "out.csv", **SQUARE)
    ours, theirs = (pandas.read_csv(path, keep_default_na=False) for path in (tmp_path / "out.csv", source))
    assert summary.count == 300
    pandas.testing.assert_frame_equal(ours[["r", "s", "t"]], theirs)


@pytest.mark.parametrize("size", [100, 1 << 14, 8 << 20])
def test_line_breaks_inside_quotes_over_many_blocks(tmp_path, monkeypatch, size):
    count = 150_000 if size > 100 else 1000
    monkeypatch.setattr(csv_reader, "CSV_BLOCK_BYTES", size)
    with open(tmp_path / "in.csv", "w", newline="") as file:
        csv.writer(file).writerows([["r", "text"], *([1.0, "\n".join(["7,a"] * 15)] for _ in range(count))])
    summary = fl.score(tmp_path / "in.csv", loss=fl.huber, residual="r")
    assert (summary.count, summary.mean, summary.max) == (count, 0.5, 0.5)


def test_a_quote_that_is_never_closed(scored, block_bytes):
    with pytest.raises(
        ScoringError, match=r"in.csv: cannot be read as CSV: a quote that opens at row 2 is never closed"
    ):
        scored('r,s\n1,"a\nb"\n2,c\n3,"d\n4,e\n' + "5,f\n" * 20)
    with pytest.raises(ScoringError, match="a quote that opens in the header is never closed"):
        scored('r,"s\n1,a\n')


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("9", "expected 2 fields, found 1 at row 30: there is no 's'"),
        ("9,a,b", "expected 2 fields, found 3 at row 30: the last column is 's'"),
        ('"x\ny",a', r"column 'r': expected numbers, invalid value 'x\ny' at row 30"),
    ],
)
def test_a_wrong_row_is_counted_over_the_file(scored, block_bytes, row, message):
    text = "r,s\n" + "1,a\n\n" * 30 + row + "\n" + "2,b\n" * 5
    with pytest.raises(ScoringError) as caught:
        scored(text)
    assert str(caught.value).endswith("in.csv: cannot be read as CSV: " + message)


def test_a_wrong_row_that_is_not_utf_8(tmp_path):
    """pyarrow cannot hand it over, and would print a traceback."""
    (tmp_path / "in.csv").write_bytes(b"r,s\n1,a\n2,\xff,3\n")
    with pytest.raises(ScoringError, match=r"in.csv: cannot be read as CSV: .*Expected 2 columns, got 3"):
        fl.score(tmp_path / "in.csv", **SQUARE)


def test_rows_of_several_files_are_counted_together(tmp_path):
    (tmp_path / "a.csv").write_text("r\n1\n2\n")
    (tmp_path / "b.csv").write_text("r\n1\nx\n")
    for output in (None, tmp_path / "out.csv"):
        with pytest.raises(ScoringError, match=r"b.csv: .* invalid value 'x' at row 3 \(row 1 of this file\)"):
            fl.score([tmp_path / "a.csv", tmp_path / "b.csv"], output, **SQUARE)


# ---- carried columns ------------------------------------------------------------------------------------------------


def test_fields_are_carried_as_they_were_whatever_is_beside_them(scored, block_bytes):
    rows = ["", '""', "a", '"b,c"', '"say ""hi"""', "007", "1e5", " x ", '"1\r2"', "NA", "-0.10"]
    text = "s,r,t\n" + "".join(f"{field},1,\n" for field in rows)
    assert scored(text).decode() == "s,r,t,value\n" + "".join(f"{field},1,,1\n" for field in rows)


SCORED_ROWS = {'a,1.50,""': "2.25", '"b,""c""",+2,': "4", 'd"d,"3e0","\r\n\n"': "9", ' ,NA,"x"': "", '"",-1, y ': "1"}


@pytest.mark.parametrize("line_end", LINE_ENDS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("is_ended", [False, True])
def test_rows_are_written_as_they_are_with_the_losses_behind_them(scored, block_bytes, line_end, mark, is_ended):
    header, rows = mark + "\"s\",r,'t'", [*SCORED_ROWS] * 9
    text = line_end.join([header, *rows]) + line_end * is_ended
    lines = [header + ",value", *(f"{row},{SCORED_ROWS[row]}" for row in rows)]
    assert scored(text.encode()).decode() == line_end.join(lines) + line_end


def test_empty_lines_are_no_rows_and_those_between_rows_stay(scored):
    assert scored("r,s\n\n1,a\n\r\n\n2,b\n\n") == b"r,s,value\n\n1,a,1\n\r\n\n2,b,4\n"


def test_fields_are_written_anew_where_the_columns_are_others(scored):
    """Those that are kept, or between other separators, or numbers in another spelling."""
    text, expected = 's,"r",t\n"a",1.50,x\n', b"s,r,value\na,1.5,2.25\n"
    assert scored(text, keep=["s", "r"]) == expected
    assert scored(text.replace(",", ";").replace(".", ","), separator=";", decimal=",", keep=["s", "r"]) == (
        expected.replace(b",", b";")
    )


def test_text_that_is_not_utf8_is_carried_byte_for_byte(scored, block_bytes):
    assert scored(b"r,s\n1,\xe9\n2,\xff,\n".replace(b",\n", b"\n")) == b"r,s,value\n1,\xe9,1\n2,\xff,4\n"


TYPES = {
    "whole": (["1", "-20"], "int64"),
    "with nulls": (["", "NA", "3"], "int64"),
    "leading zeros": (["1", "007"], "string"),
    "leading zeros of fractions": (["1.5", "007.5"], "string"),
    "telephone": (["1", "+49123"], "string"),
    "fractions": (["1", "2.5", "1e5", "nan", "inf"], "double"),
    "signed": (["+1.5", "-0"], "double"),
    "large": (["1", "9007199254740993"], "int64"),
    "large beside a fraction": (["9007199254740993", ".5"], "string"),
    "beyond int64": (["1", "12345678901234567890"], "string"),
    "hexadecimal": (["1", "0x1F"], "string"),
    "hexadecimal of all bits": (["0xFFFFFFFFFFFFFFFF", "0XA"], "string"),
    "hexadecimal beside a fraction": (["1.5", "0x1F"], "string"),
    "beyond float64": (["1.5", "1e400"], "string"),
    "spellings of NaN": (["1", "nan", "-NaN"], "double"),
    "other spellings of NaN": (["1", "NAN"], "string"),
    "NaN with a payload": (["1", "nan(1)"], "string"),
    "white space around numbers": (["1", " 2", '"\n3"'], "int64"),
    "white space around fractions": (["1", " 2.5 "], "double"),
    "white space alone": ([" ", "\t"], "string"),
    "white space alone beside numbers": (["1", " "], "string"),
    "white space around null": (["1", " NA"], "string"),
    "white space around booleans": (["True", " True"], "string"),
    "white space around dates": (["2024-01-02", " 2024-01-02"], "string"),
    "booleans": (["true", "False", ""], "bool"),
    "booleans beside numbers": (["1", "true"], "string"),
    "dates": (["2024-01-02", "9999-12-31"], "date32[day]"),
    "dates and times": (["9999-12-31", "2024-01-02 03:04:05"], "timestamp[ms]"),
    "parts of seconds": (["2024-01-02", "2024-01-02 03:04:05.5"], "timestamp[ns]"),
    "too far for parts of seconds": (["0001-01-01", "2024-01-02 03:04:05.5"], "string"),
    "instants": (["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.5+02:00"], "timestamp[ns, tz=UTC]"),
    "times": (["10:20", "10:20:30"], "time32[ms]"),
    "hours": (["07", "08"], "string"),
    "nothing": (["", ""], "null"),
    "text": (["a", "", '"b\nc"'], "string"),
    "text at the end": (["1"] * 20 + ["x"], "string"),
}


@pytest.mark.parametrize("name", TYPES)
def test_types_depend_on_all_rows_and_not_on_blocks(scored, block_bytes, name):
    fields, type = TYPES[name]
    for order in (fields, fields[::-1]):
        table = scored("c,r\n" + "".join(f"{field},1\n" for field in order), "out.parquet")
        assert str(table["c"].type) == type
        found = table["c"].to_pylist()
        if type == "string":
            assert found == [field.strip('"') or None for field in order]
        if type == "int64":
            assert found == [int(x.strip('"')) if x not in ("", "NA") else None for x in order]


@pytest.mark.parametrize("output", [None, "out.csv", "out.parquet", "out.arrow"])
@pytest.mark.parametrize("fields", [["1", "1.0", "2", "1e0"], ["true", "True"], ["2024-01-02"], ["007", "NA", ""]])
def test_groups_are_text_whatever_is_written(tmp_path, fields, output, block_bytes):
    source = text_file(tmp_path / "in.csv", "g,r\n" + "".join(f"{field},1\n" for field in fields))
    output = output and tmp_path / output
    assert set(fl.score(source, output, by="g", **SQUARE).groups) == {field or None for field in fields}
    assert set(fl.score([source, source], output, by="g", **SQUARE).groups) == {field or None for field in fields}


def test_standard_input_is_typed_too(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    read, write = os.pipe()
    os.write(write, b"c,r\n1,1\n007,2\n")
    os.close(write)
    with open(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        fl.score("-", "out.parquet", format="csv", **SQUARE)
    assert pa.parquet.read_table("out.parquet")["c"].to_pylist() == ["1", "007"]


# ---- columns that nobody asked for ----------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [b"\xe9", b"x" * 100, b'"a\n,b"'])
def test_other_columns_may_hold_anything(tmp_path, field, block_bytes):
    (tmp_path / "in.csv").write_bytes(b"r,s,s,\n" + b"1,1,1,\n" * 9 + b"2," + field + b",,\n")
    assert fl.score(tmp_path / "in.csv", **SQUARE).sum == 13
    for output in ("out.csv", "out.parquet"):
        assert fl.score(tmp_path / "in.csv", tmp_path / output, keep="none", **SQUARE).sum == 13


def test_a_carried_column_that_is_not_text_is_named(scored):
    with pytest.raises(ScoringError, match=r"column 's': expected UTF-8 \(or give the encoding\), .*xe9' at row 1"):
        scored(b"r,s\n1,a\n2,\xe9\n", "out.parquet")
    assert scored(b"r,s\n2,\xe9\n", "out.parquet", encoding="latin-1")["s"].to_pylist() == ["é"]


# ---- encodings and compression --------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-32"])
def test_encodings(scored, encoding, block_bytes):
    text = "né,r\n" + 'é,1\n"é\né",2\n' * 20
    mark = "\ufeff" if encoding == "utf-8-sig" else ""
    expected = mark + "né,r,value\n" + 'é,1,1\n"é\né",2,4\n' * 20
    assert scored(text.encode(encoding), encoding=encoding).decode() == expected
    if encoding in ("utf-8-sig", "utf-16"):  # which tell of themselves
        assert scored(text.encode(encoding)).decode() == expected


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"n\xe9,r\n1,1\n", {}, "the header is not utf-8: give the encoding, such as latin-1"),
        (b"n,r\n\xe9,1\n", {"encoding": "ascii"}, "is not ascii"),
        ("n,r\n1,1\n".encode("utf-16")[:-1], {}, "is not utf-16"),
        (b"", {}, "there is no header line"),
        (b"\n\r\n", {}, "there is no header line"),
        ("r\n1\n".encode("utf-16-le"), {}, "two bytes: give the encoding, such as utf-16-le"),
        ("r\n1\n".encode("utf-16-be"), {}, "two bytes: give the encoding, such as utf-16-le"),
        (gzip.compress(b"r\n1\n", mtime=0), {}, "compressed by gzip, and no text: call it .csv.gz"),
        (bytes(pa.compress(b"r\n1\n", "zstd")), {}, "compressed by Zstandard, and no text: call it .csv.zst"),
        (bz2.compress(b"r\n1\n"), {}, "compressed by bzip2"),
        (lzma.compress(b"r\n1\n"), {}, "compressed by xz"),
        (b"PK\x03\x04\x14\0\6\0", {}, "a ZIP archive or a workbook"),
        (b"\xef\xbb\xbfsep=;\r\nr;s\r\n1;2\r\n", {}, "'sep=;', is for Excel: remove it, and give the separator ';'"),
    ],
)
def test_text_that_cannot_be_read(scored, data, options, message):
    with pytest.raises(ScoringError, match=f"in.csv: cannot be read as CSV: .*({message})") as caught:
        scored(data, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r", "r,value\n"),
        ("r,s\n", "r,s,value\n"),
        ("\n\nr\n1", "r,value\n1,1\n"),
        ("r\r1\r\r2", "r,value\r1,1\r\r2,4\r"),
        ("r,\n1,\n", "r,,value\n1,,1\n"),
        ('"a\nb",r\n1,2\n', '"a\nb",r,value\n1,2,4\n'),
        ("r," + "x" * 200_000 + "\n1,2\n", "r," + "x" * 200_000 + ",value\n1,2,1\n"),
        ("r,s\n1,a\0b\n", "r,s,value\n1,a\0b,1\n"),
    ],
)
def test_uncommon_files(scored, text, expected, block_bytes):
    assert scored(text).decode() == expected


COMPRESSED = ["csv.gz", "csv.zst", "TSV.gz", "arrow.gz", "arrow.zst", "feather.zst"]


@pytest.mark.parametrize("extension", ["csv", "tsv", "txt", *COMPRESSED])
def test_extensions_of_text_and_of_compression(tmp_path, extension):
    source, output = tmp_path / "in.parquet", tmp_path / f"x.{extension}"
    pa.parquet.write_table(pa.table({"r": [1.0, 2.0], "s": ["a\tb", "c,d"]}), source)
    summary = fl.score(source, output, keep=["s"], **SQUARE)
    if "tsv" in extension.lower():
        assert contents(output) == b's\tvalue\n"a\tb"\t1\nc,d\t4\n'
    elif "csv" in extension or extension == "txt":
        assert contents(output) == b's,value\na\tb,1\n"c,d",4\n'
    again = tmp_path / "out.parquet"
    assert fl.score(output, again, loss=fl.pseudo_huber, residual="value", emit="grad").count == summary.count
    assert pa.parquet.read_table(again).select(["s", "value"]).to_pydict() == {"s": ["a\tb", "c,d"], "value": [1, 4]}


def contents(name):
    data = name.read_bytes()
    if name.suffix == ".gz":
        return gzip.decompress(data)
    return pa.CompressedInputStream(pa.BufferReader(data), "zstd").read() if name.suffix == ".zst" else data


@pytest.mark.parametrize("extension", [".gz", ".zst"])
def test_compressed_files_that_are_cut_short(tmp_path, extension):
    fl.score(text_file(tmp_path / "in.csv", "r\n" + "1\n" * 5000), tmp_path / f"x.csv{extension}", **SQUARE)
    data = (tmp_path / f"x.csv{extension}").read_bytes()
    (tmp_path / f"x.csv{extension}").write_bytes(data[:-5])
    with pytest.raises(ScoringError, match=f"x.csv{extension}: cannot be read as CSV: Truncated"):
        fl.score(tmp_path / f"x.csv{extension}", **SQUARE)
    (tmp_path / f"x.csv{extension}").write_bytes(data * 2)  # as compressors in parallel write them
    with pytest.raises(ScoringError, match="column 'r': expected numbers, invalid value 'r' at row 5000"):
        fl.score(tmp_path / f"x.csv{extension}", **SQUARE)


def text_file(path, text):
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["x.parquet.gz", "x.npy.zst"])
def test_formats_that_are_not_compressed_as_a_whole(tmp_path, name):
    with pytest.raises(ScoringError, match="is not read or written compressed as a whole"):
        fl.score(text_file(tmp_path / "in.csv", "r\n1\n"), tmp_path / name, **SQUARE)


def test_directories_of_compressed_files(tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(3):
        (tmp_path / "in" / f"{i}.csv.gz").write_bytes(gzip.compress(f"r;s\n{i},5;a\n".encode()))
    options = {"separator": ";", "decimal": ","} | SQUARE
    summary = fl.score(tmp_path / "in", tmp_path / "out", **options)
    assert summary.count == 3 and contents(tmp_path / "out" / "1.csv.gz") == b"r;s;value\n1.5;a;2.25\n"
    assert fl.score(tmp_path / "in", tmp_path / "out", resume=True, **options) == summary
    rewritten = (tmp_path / "out" / "1.csv.gz").stat().st_mtime_ns
    fl.score(tmp_path / "in", tmp_path / "out", resume=True, null="x", **options)  # another job
    assert (tmp_path / "out" / "1.csv.gz").stat().st_mtime_ns > rewritten


# ---- the command ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "result"),
    [
        ("r;s\n1,5;2\n", ["--separator", ";", "--decimal", ","], "r;s;value\n1.5;2;2.25\n"),
        ("r\ts\n1 000\t2\n", ["--separator", r"\t", "--thousands", " "], "r\ts\tvalue\n1000\t2\t1000000\n"),
        ("r\n?\n-\n1\n", ["--null", "?", "--null", "-"], "r,value\n,\n,\n1,1\n"),
        ("r,é\n1,2\n", ["--encoding", "latin-1"], "r,é,value\n1,2,1\n"),
    ],
)
def test_options_of_the_command(tmp_path, monkeypatch, capfd, text, options, result):
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_bytes(text.encode("latin-1"))
    command = ["in.csv", "--residual", "r", *options]
    assert cli.main(["score", *command, "--loss", "squared_error", "-o", "out.csv"]) == 0
    assert Path("out.csv").read_text("utf-8") == result
    capfd.readouterr()
    assert cli.main(["fit", *command, "--alpha", "1", "--scale", "1"]) == 0
    printed = shlex.split(capfd.readouterr().out.split("To score with them:")[1])
    assert cli.main([*printed[1:], "--keep", "none"]) == 0
    values = pa.csv.read_csv("out.csv", parse_options=pa.csv.ParseOptions(delimiter=result[1]))["value"]
    scored = pa.parquet.read_table("scored.parquet")["value"]
    np.testing.assert_allclose(scored.to_numpy(), np.sqrt(values.to_numpy() + 1) - 1)


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_engines_read_alike(tmp_path, engine):
    if engine == "dask":
        pytest.importorskip("distributed")
    for i in range(3):
        (tmp_path / f"{i}.csv").write_text(f'r;s\n{i},5;"a\n"\n-;b\n')
    options = {"separator": ";", "decimal": ",", "null": "-", "engine": engine, "workers": 2} | SQUARE
    assert fl.score([tmp_path / f"{i}.csv" for i in range(3)], **options).to_dict()["null"] == 3
    (tmp_path / "out").mkdir()
    fl.score(str(tmp_path / "?.csv"), tmp_path / "out", **options)
    assert (tmp_path / "out" / "2.csv").read_bytes() == b'r;s;value\n2.5;"a\n";6.25\n;b;\n'


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"n\xe9,r\n1,1\n",
        b"r,s\n1\n",
        b"r\n\0\n",
        b'r\n"1\n',
        b'"r\n1\n',
        "r\nx".encode("utf-16"),
        b"\xff\xfer",
        b"\x1f\x8b",
        b"r,r\n1,2\n",
        b"s\n1\n",
    ],
)
@pytest.mark.parametrize("command", ["score", "fit"])
def test_no_text_ends_in_a_traceback(tmp_path, monkeypatch, capfd, data, command):
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_bytes(data)
    args = [command, "in.csv", "--residual", "r", *(["--loss", "huber", "-o", "o.csv"] if command == "score" else [])]
    assert cli.main(args) == 2
    err = capfd.readouterr().err
    assert err.startswith("fastloss: in.csv: ") and err.count("\n") == 1
    assert os.listdir() == ["in.csv"]


def test_pandas_is_not_imported(tmp_path):
    """It takes most of a second, and pyarrow imports it where it is asked for arrays of Python's lists."""
    (tmp_path / "in.csv").write_text('r,"a ""b"""\n1,x\n2,""\n')
    score = "fl.score('in.csv', 'out.csv', loss=fl.huber, residual='r', keep=keep)"
    code = (
        f"import sys, fastloss as fl\nfor keep in ('all', ['a \"b\"'], 'none'): {score}\nprint('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
