"""All columns of rows of which a job has read some: those of the worst rows, when it ends."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa

from fastloss.exact.pandas_types import recognised
from fastloss.exact.picked import stored_column
from fastloss.exact.rows import chosen, chosen_runs, no_rows
from fastloss.exact.summary import Summaries, Summary
from fastloss.exact.worst import ADDED, Worst, all_closed
from fastloss.files.dataset import Fragment
from fastloss.files.errors import ScoringError
from fastloss.files.formats import ARCHIVES, MEMORY
from fastloss.files.readers.sources import open_source, open_texts
from fastloss.files.reading import TEXT, shown, taken
from fastloss.files.spec import Spec
from fastloss.files.stores import LOCAL
from fastloss.files.worst import is_read_again

Rows = tuple[np.ndarray, pa.Table]  # of a fragment: their numbers in the file, in order, and their columns


def states(fragments: Sequence[Fragment]) -> list[list]:
    """What tells the files of each fragment from what they become if they are written anew; of this machine, as an
    object of a store is read by its version."""
    state = cache(_state)
    return [[state(file.path) for file in one.files if one.is_file and file.store is LOCAL] for one in fragments]


def _state(path: str) -> tuple | None:
    with suppress(OSError):  # said when it is read
        return LOCAL.status(path)
    return None


def with_all_columns(
    summary: Summary | Summaries, fragments: Sequence[Fragment], spec: Spec, before: list[list]
) -> Summary | Summaries:
    """The summary of a job that has ended, with all columns of its worst rows.

    Raises
    ------
    ScoringError
        If a file that is read again has another of the `states` than before the job.
    """
    given: list[Worst] = []

    def note(worst: Worst | None) -> Worst | None:
        given.extend(() if worst is None else (worst,))
        return worst

    summary.with_worst(note)
    tables: dict[int, list[pa.Table]] = {}
    for worst in given:
        for number, table in zip(worst.numbers, worst.tables, strict=True):
            tables.setdefault(number, []).append(table)
    held = {number: _distinct(found) for number, found in tables.items()}
    own = replace(spec, worst=None, where=(), others=())
    of_all = replace(own, keep=None)
    texts = {number: rows for number, rows in held.items() if rows[1].column_names == [TEXT]}
    whole = _of_texts(texts, fragments, of_all)
    for number in sorted(held.keys() - texts.keys()):
        if states([fragments[number]]) != [before[number]]:
            raise ScoringError(f"{shown(fragments[number].path)}: it has changed since it was read: score it again")
        is_archive = fragments[number].format in ARCHIVES  # of which not all arrays are columns
        rows, found = held[number]
        whole[number] = rows, _looked_up(fragments[number], rows, found, own if is_archive else of_all)

    complete = {number: iter(_complete(tables[number], *rows)) for number, rows in whole.items()}
    closed = iter(all_closed([worst.changed(lambda _, number: next(complete[number])) for worst in given]))
    return summary.with_worst(lambda worst: None if worst is None else next(closed))


def _complete(tables: list[pa.Table], rows: np.ndarray, found: pa.Table) -> list[pa.Table]:
    """Tables of one fragment with all columns, which were found of these rows."""
    places = np.searchsorted(rows, np.concatenate([stored_column(table, 1) for table in tables]))
    parts = chosen_runs(found, places, np.cumsum([*map(len, tables)]).tolist())
    schema = pa.schema([*list(tables[0].schema)[: len(ADDED)], *found.schema])
    return [
        pa.Table.from_arrays([*table.columns[: len(ADDED)], *part.columns], schema=schema)
        for table, part in zip(tables, parts, strict=True)
    ]


def _distinct(tables: list[pa.Table]) -> Rows:
    """The rows of tables of one fragment, each once."""
    table = pa.concat_tables([table for table in tables if len(table)] or tables[:1])
    rows, places = np.unique(stored_column(table, 1), return_index=True)
    return rows, chosen(table.select(range(len(ADDED), table.num_columns)), places)


def _of_texts(held: dict[int, Rows], fragments: Sequence[Fragment], spec: Spec) -> dict[int, Rows]:
    """Rows of which the text was kept, by the numbers of their fragments."""
    given = [(fragments[number], held[number][1]) for number in held]
    sources = zip(held, open_texts(given, spec) if given else (), strict=True)
    return {number: (held[number][0], _all(source)) for number, source in sources}


def _looked_up(fragment: Fragment, rows: np.ndarray, held: pa.Table, spec: Spec) -> pa.Table:
    """All columns of rows of which these are held."""
    if not is_read_again(fragment):
        return recognised(held, held.schema)
    with open_source(fragment, spec) as source:
        if not len(rows):
            return recognised(no_rows(source.schema), source.schema)
        names = source.schema.names
        rest = [name for name in names if name not in held.column_names]
        found = taken(source, rest, rows) if rest else held
    columns = [(held if name in held.column_names else found).column(name) for name in names]
    if fragment.format == MEMORY:  # whose fields have metadata
        return recognised(pa.table(columns, schema=source.schema), source.schema)
    return recognised(pa.table(columns, names=names), source.schema)


def _all(source) -> pa.Table:
    schema = source.schema.remove_metadata()
    rows = pa.Table.from_batches(list(source.batches(schema.names)), schema)
    return pa.Table.from_arrays(rows.columns, schema=schema)
