"""The worst rows of summaries as files."""

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from fastloss.cli.options import check_file, check_place
from fastloss.exact.rows import without_nested
from fastloss.files import ScoringError
from fastloss.files.arrow.dictionaries import collect
from fastloss.files.csv.options import PLAIN
from fastloss.files.formats import written_format_of
from fastloss.files.stores import LOCAL
from fastloss.files.writers.output import open_output


def worst_files(path: str, worst: int | None, names: Sequence[str], others: Sequence[str | None]) -> dict[str, str]:
    """The file of the worst rows of each loss, checked before there are any: of several losses in a directory."""
    if worst is None:
        raise ScoringError("--worst-to is for the rows that --worst N finds: give --worst, too")
    if len(names) == 1:
        check_file(path, "table", "worst.parquet", others)
        _check_format(path)
        return {names[0]: path}
    is_directory = path.endswith(("/", os.sep)) or os.path.isdir(path)
    if not is_directory and (os.path.exists(path) or Path(path).suffix):
        raise ScoringError(
            f"{path}: the worst rows of several losses are a file each: give a directory, such as {Path(path).stem}/"
        )
    if any("/" in name or name.startswith(".") for name in names):
        raise ScoringError(f"--worst-to: no files can be called {', '.join(names)}: give --as NAME for each loss")
    tables = {name: os.path.join(path, f"{name}.parquet") for name in names}
    for table in tables.values():
        check_place(table, "table", others)
    return tables


def write_worst(table: pa.Table, path: str) -> None:
    """Write the rows in the format of the extension; in CSV lists and structs are JSON."""
    os.makedirs(os.path.dirname(path) or os.curdir, exist_ok=True)
    format = written_format_of(path)
    batches = (without_nested(table) if format == "csv" else table).combine_chunks().to_batches()
    with open_output(path, format, LOCAL, PLAIN) as output:
        found: dict[str, pa.Array] = {}
        for batch in batches:
            collect(batch.select([field.name for field in output.dictionaries_of(batch.schema)]), found)
        output.begin(batches[0].schema if batches else table.schema, found)
        for batch in batches:
            output.write(batch)


def _check_format(path: str) -> None:
    if written_format_of(path) == "npy":
        raise ScoringError(f"{path}: an array has no room for the columns of rows: choose .parquet or .csv")
