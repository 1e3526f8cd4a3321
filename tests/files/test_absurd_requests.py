"""What `score` takes as none of its arguments: an error in one line that names the argument, before anything is
written."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from absurd import ABSURD

import fastloss as fl
from fastloss.files import ScoringError

MORE = {
    "5": 5,
    "0": 0,
    "-1": -1,
    "1.5": 1.5,
    "nan": np.nan,
    "True": True,
    "False": False,
    "'2'": "2",
    "'yes'": "yes",
    "['r']": ["r"],
    "[None]": [None],
    "[[]]": [[]],
    "[b'r']": [b"r"],
    "{'r': 1}": {"r": 1},
    "NUL": "a\0b",
    "line": "a\nb\x1b[31m",
    "surrogate": "\udcff",
    "no byte": "\ud800",
    "table": pa.table({"r": [1.0]}),
    "path": Path("nowhere"),
    "NumPy's 2": np.int64(2),
    "NumPy's -2": np.int8(-2),
}
VALUES = ABSURD | MORE

COLUMNS = ("pred", "target", "residual", "by", "sample_weight")
COUNTS = ("workers", "fragment_rows", "num_threads")
CSV = ("separator", "decimal", "thousands", "null", "encoding")
ENGINES = ("engine", "client", "spark")
KEYWORDS = (
    *COLUMNS,
    *COUNTS,
    *CSV,
    *ENGINES,
    *("input", "output", "loss", "head", "emit", "keep", "prefix", "multioutput", "format", "dtype", "where"),
    *("worst", "worst_by_group", "calibration"),
    *("resume", "storage_options", "progress", "on_fragment"),
)
TEXTS = ("text", "empty text", "a word of NumPy", "'2'", "'yes'", "NUL", "line")
NUMBERS = ("5", "0", "-1", "1.5", "nan", "NumPy's 2", "NumPy's -2", "no float", "huge", "minus huge", "fraction")
RIGHT = {
    **dict.fromkeys(("pred", "target", "residual", "by"), ("['r']",)),
    **dict.fromkeys(COUNTS, ("huge", "of 5000 digits", "5", "NumPy's 2")),
    "prefix": TEXTS,
    "null": (*TEXTS, "list", "['r']", "words"),
    **dict.fromkeys(("head", "input"), ("table",)),
    "keep": ("list", "['r']"),
    "where": ("list",),
    **dict.fromkeys(("resume", "worst_by_group"), ("False",)),
    "worst": ("huge", "of 5000 digits", "5", "NumPy's 2"),
    "calibration": ("5", "NumPy's 2"),
    "storage_options": ("dict",),
    "output": ("a word of NumPy", "'2'", "'yes'", "line", "surrogate"),
}
# they are asked for, and there are none: columns of CSV have numbers for names, those of pandas any
MISSING = (*NUMBERS, "words", "set", "records", "dates", "objects", "complexes", "long", "masked", "another shape")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pa.parquet.write_table(pa.table({"r": [1.0, 2.0], "g": [1, 2]}), "in.parquet")
    return tmp_path


def test_every_argument_is_tested():
    import inspect

    assert set(KEYWORDS) == set(inspect.signature(fl.score).parameters)


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("what", VALUES)
def test_score(here, keyword, what):
    before = sorted(os.listdir())
    request = {"input": "in.parquet", "output": "out.parquet", "loss": fl.huber, "residual": "r"}
    if keyword in ("progress", "on_fragment") and callable(VALUES[what]):
        return
    request |= {keyword: VALUES[what]}
    if keyword in ("pred", "target"):
        request |= {"pred": "g", "target": "g", "residual": None} | {keyword: VALUES[what]}
    if keyword in ("client", "spark"):
        request |= {"engine": {"client": "dask"}.get(keyword, keyword)}
        pytest.importorskip({"client": "distributed", "spark": "pyspark"}[keyword])
    if keyword == "calibration":
        request |= {"loss": fl.logistic, "pred": "r", "target": "g", "residual": None}
    if keyword == "head":
        request |= {"loss": fl.linear_cross_entropy, "pred": "r", "target": "g", "residual": None}
    refused(lambda: fl.score(**request), keyword, what)
    if what not in RIGHT.get(keyword, ()):
        assert sorted(os.listdir()) == before


def refused(call, keyword, what):
    try:
        call()
    except (ScoringError, TypeError, ValueError, OSError) as error:
        message = str(error)
        assert "\n" not in message and "\x1b" not in message
        assert len(message) < 1000 or keyword == "loss", message  # the names of all
        given = VALUES[what][0] if what in ("['r']", "words") else VALUES[what]
        given = str(given) if isinstance(given, str | Path) else None
        named = keyword in message or (given is not None and repr(given)[1:-1] in message)
        named |= what in RIGHT.get(keyword, ())
        named |= "no column" in message and what in (*TEXTS, *NUMBERS, *MISSING)
        assert named, f"{keyword}={what}: {type(error).__name__}: {message}"  # noqa: PT017
        assert what not in RIGHT.get(keyword, ()) or keyword in ("output", "head"), message
    else:
        assert what in RIGHT.get(keyword, ()), f"{keyword}={what} was taken"
