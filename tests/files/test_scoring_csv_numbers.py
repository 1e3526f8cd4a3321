"""Numbers in CSV files: how they are spelled, what stands for none, and what is said of the others."""

import csv
import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files import ScoringError
from fastloss.files.readers import csv as csv_reader

SQUARE = {"loss": fl.squared_error, "residual": "r"}


def test_the_spellings_of_null_and_nan_in_csv(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("r,s\n1,a\n,b\nNA,NA\nnan,\nNaN,\nnull,\n-inf,\n 2 ,\n")
    summary = fl.score(source, tmp_path / "out.csv", loss=fl.squared_error, residual="r")
    assert (summary.null, summary.nan, summary.count, summary.max) == (3, 2, 3, np.inf)
    assert (tmp_path / "out.csv").read_text().splitlines()[:4] == [
        "r,s,value",
        "1,a,1",
        ",b,",
        "NA,NA,",
    ]


def test_csv_text_is_carried_as_it_was(tmp_path):
    lines = ["id,when,note,r", '007,2024-01-02T03:04:05Z,"a, ""b""",1', "1e5,,plain,2"]
    source = tmp_path / "in.csv"
    source.write_text("\n".join(lines) + "\n")
    fl.score(source, tmp_path / "out.csv", loss=fl.squared_error, residual="r")
    scored = pa.csv.read_csv(
        tmp_path / "out.csv",
        convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(["id", "when", "note"], pa.string())),
    )
    assert scored["id"].to_pylist() == ["007", "1e5"]
    assert scored["when"].to_pylist() == ["2024-01-02T03:04:05Z", ""]
    assert scored["note"].to_pylist() == ['a, "b"', "plain"]
    assert scored["value"].to_pylist() == [1, 4]


def test_csv_may_turn_from_integers_to_fractions(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_reader, "CSV_BLOCK_BYTES", 64)
    source = tmp_path / "in.csv"
    source.write_text("r\n" + "1\n" * 100 + "1.5\n")
    assert fl.score(source, loss=fl.squared_error, residual="r").sum == 102.25


def test_labels_in_csv_may_have_gone_through_floats(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("a,b,label\n1,2,0.0\n2,1,\n3,5,1\n")
    summary = fl.score(source, loss=fl.cross_entropy, pred=["a", "b"], target="label")
    assert (summary.count, summary.null) == (2, 1)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("True", 1), ("true", 1), ("TRUE", 1), ("False", 0), ("false", 0), ("FALSE", 0)),
        *((" 2", 2), ("2\t", 2), ("+2", 2), ("2.", 2), (".5", 0.5), ("1e3", 1000), ('"2"', 2)),
        *(("inf", np.inf), ("-Infinity", np.inf), ("nan", None), ("-1.#IND", None), ("1.#QNAN", None)),
    ],
)
@pytest.mark.parametrize("others", [["1"], ["1", "NA"], ["1", "True"]])
def test_spellings_of_numbers(scored, text, number, others, block_bytes):
    lines = scored("s,r\n" + "".join(f"a,{x}\n" for x in [*others * 9, text])).decode().splitlines()
    assert lines[1] == "a,1,1" and len(lines) == 2 + 9 * len(others)
    value = float(lines[-1].split(",")[2])
    assert np.isnan(value) if number is None else value == number**2


@pytest.mark.parametrize("null", ["NA", "#N/A", "N/A", "NULL", "null", "None", "<NA>", '""', " NA", ""])
def test_spellings_of_null(scored, null, block_bytes):
    assert scored("s,r\n" + "NA,1\n" * 9 + f"null,{null}\n").splitlines()[-1] == f"null,{null},".encode()


@pytest.mark.parametrize(
    ("text", "options", "residuals"),
    [
        ("s;r\na;1,5\nb;-2\n", {"separator": ";", "decimal": ","}, ["1.5", "-2"]),
        ("s|r\na|1.234,5\nb|1.234.567\n", {"separator": "|", "decimal": ",", "thousands": "."}, ["1234.5", "1234567"]),
        ('s,r\na,"1,234.5"\nb,"12,34,567"\n', {"thousands": ","}, ["1234.5", "1234567"]),
        ("s\tr\na\t1\u202f000\nb\t2\n", {"separator": "\t", "thousands": "\u202f"}, ["1000", "2"]),
        ("s,r\n-999,-999\n?,?\n", {"null": ["-999", "?"]}, ["", ""]),
        ("s,r\nx, ?\ny,1\n", {"null": "?"}, ["", "1"]),
    ],
)
def test_numbers_as_they_are_written_elsewhere(scored, text, options, residuals, block_bytes):
    found = list(csv.DictReader(io.StringIO(scored(text, **options).decode()), delimiter=options.get("separator", ",")))
    assert [row["r"] for row in found] == residuals
    assert [row["s"] for row in found] == [
        line.split(options.get("separator", ","))[0] for line in text.split("\n")[1:-1]
    ]
    assert [row["value"] and float(row["value"]) for row in found] == [x and float(x) ** 2 for x in residuals]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('r\n"1,5"\n', {"thousands": ","}),
        ('r\n"1,2345"\n', {"thousands": ","}),
        ("r\n1.5\n", {"separator": ";", "decimal": ","}),
        ("r\n1.5\n", {"separator": ";", "decimal": ",", "thousands": "."}),
        ("r\n1 000\n", {}),
        ("r\nyes\n", {}),
    ],
)
def test_what_is_no_number_is_said(scored, text, options):
    with pytest.raises(ScoringError, match=r"column 'r': expected numbers, invalid value '.*' at row 0"):
        scored(text, **options)


@pytest.mark.parametrize(
    ("text", "options", "advice"),
    [
        ("r\n1\n2,5\n", {"separator": ";"}, "; if it is a number, give decimal ','"),
        ('r\n1\n"1,234.5"\n', {}, "; if it is a number, give decimal '.' and thousands ','"),
        ("r\n1\n1'234\n", {}, "; if it is a number, give decimal '.' and thousands \"'\""),
        ("r\n1\n#DIV/0!\n", {}, "; if it stands for no number, give null '#DIV/0!'"),
        ("r\n1\n-\n", {}, "; if it stands for no number, give null '-'"),
        ("r\n1\n--\n", {}, "; if it stands for no number, give null '--'"),
        ("r\n1\n12.5 %\n", {}, "; take the % away"),
        ("r\n1\n1.234,5\n", {"separator": ";"}, "; if it is a number, give decimal ',' and thousands '.'"),
        (
            "r\n1\n1.234,5\n",
            {"separator": ";", "decimal": ","},
            "; if it is a number, give decimal ',' and thousands '.'",
        ),
        ("r\n1\nx,5\n", {"separator": ";"}, ""),
        ('r\n1\n"2,5"\n', {}, ""),  # a comma is one or the other
    ],
)
def test_decimals_with_a_comma_are_known(scored, text, options, advice):
    with pytest.raises(ScoringError) as error:
        scored(text, **options)
    assert str(error.value).partition(" at row 1")[2] == advice


@pytest.mark.parametrize(
    ("header", "listed", "advice"),
    [
        ("site;r", "'site;r'", "; if ';' is between columns, give it as separator"),
        ('site\t"r"', "'site\\t\"r\"'", r"; if '\t' is between columns, give it as separator"),
        ("site;rr", "'site;rr'", ""),
    ],
)
def test_a_header_with_another_separator_is_known(scored, header, listed, advice):
    with pytest.raises(ScoringError) as error:
        scored(f"{header}\n")
    assert str(error.value).partition(": ")[2] == f"no column 'r'; there are {listed}{advice}"


@pytest.mark.parametrize("name", ["in.tsv", "in.TSV", "in.tsv.gz"])
def test_decimals_with_a_comma_between_tabs(tmp_path, name):
    """The separator is that of the file, of the output, too."""
    opened = gzip.open if name.endswith("gz") else open
    with opened(tmp_path / name, "wt") as file:
        file.write("r\tn\n1,5\tx\n-3,0\ty\n")
    summary = fl.score(tmp_path / name, tmp_path / "out.csv", loss="absolute_error", residual="r", decimal=",")
    assert (summary.sum, summary.max) == (4.5, 3.0)
    assert (tmp_path / "out.csv").read_text() == "r,n,value\n1.5,x,1.5\n-3,y,3\n"
    with pytest.raises(ScoringError, match="decimal and separator are both ','"):
        fl.score(tmp_path / name, loss="absolute_error", residual="r", decimal=",", separator=",")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": ";;"}, "separator must be one ASCII character that is no digit, letter, sign, got ';;'"),
        ({"separator": '"'}, "separator must be one ASCII character"),
        ({"separator": "§"}, "separator must be one ASCII character"),
        ({"decimal": "1"}, "decimal must be one ASCII character"),
        ({"decimal": ","}, "decimal and separator are both ','"),
        ({"thousands": "."}, "decimal and thousands are both '.'"),
        ({"thousands": ""}, "thousands must be one character"),
        ({"encoding": "klingon"}, "unknown encoding 'klingon'"),
        ({"encoding": "hex"}, "unknown encoding 'hex'"),
    ],
)
def test_options_that_cannot_be(scored, options, message):
    with pytest.raises(ScoringError, match=message):
        scored("r\n1\n", **options)
