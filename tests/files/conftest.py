"""Fixtures of the tests of CSV: blocks of two sizes, and text that is scored."""

import pyarrow.parquet
import pytest

import fastloss as fl
from fastloss.files.readers import csv as csv_reader


@pytest.fixture(params=[16, csv_reader.CSV_BLOCK_BYTES], ids=["small blocks", "one block"])
def block_bytes(request, monkeypatch):
    monkeypatch.setattr(csv_reader, "CSV_BLOCK_BYTES", request.param)


@pytest.fixture
def scored(tmp_path):
    """Scores text as a CSV file; what is written, as bytes or, if it is a Parquet file, as a table."""

    def scored(text, output="out.csv", name="in.csv", **options):
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(data)
        written = tmp_path / output
        fl.score(tmp_path / name, written, **{"loss": fl.squared_error, "residual": "r"} | options)
        return pyarrow.parquet.read_table(written) if ".parquet" in output else written.read_bytes()

    return scored
