"""Single pages of a Parquet file: those that hold some rows, as a small file in memory that pyarrow reads.

A page is the least that can be decoded. To read a few rows of large row groups takes a hundredth of the time of all.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from fastloss.files.parquet import footer as fields
from fastloss.files.parquet import thrift
from fastloss.files.parquet.carried import ARROW_SCHEMA, Carried, Page
from fastloss.files.parquet.thrift import Struct

STALE = (fields.INDEX_START, *fields.BLOOM, fields.SIZES, *fields.STATISTICS)  # of a chunk without some of its pages


def with_rows(carried: Carried, rows: dict[int, np.ndarray]) -> tuple[pa.Buffer, np.ndarray]:
    """A file with the pages of the one leaf that is carried, and the places of rows in it.

    Parameters
    ----------
    rows : mapping of int to array
        Rows of row groups, by their numbers there, each in increasing order.
    """
    found: list[Page] = []
    groups, places, at, before = [], [], len(fields.MAGIC), 0
    for group, of_group in rows.items():
        pages, inside = _chosen(carried, group, of_group)
        count, size = sum(page.values or 0 for page in pages), sum(page.size for page in pages)
        changed = {}
        if pages[0].values is None:
            changed = {
                fields.DICTIONARY_START: (thrift.I64, at),
                fields.PAGES_START: (thrift.I64, at + pages[0].size),
            }
        (chunk,) = carried.chunks_of(group)
        groups.append(row_group([moved(chunk, at, size, count, changed)], count))
        places.append(inside + before)
        found += pages
        at, before = at + size, before + count
    end = file_end(carried, groups, before)
    data = bytearray(fields.MAGIC)
    for page in found:
        carried.copy(page.start, page.stop, data.extend)
    return pa.py_buffer(data + end), np.concatenate(places)


def _chosen(carried: Carried, group: int, rows: np.ndarray) -> tuple[list[Page], np.ndarray]:
    """The pages of a row group that hold rows, after the dictionary if they need it, and the places of the rows."""
    pages = list(_up_to(carried.pages(group), int(rows[-1])))
    dictionary, values = [page for page in pages[:1] if page.values is None], [p for p in pages if p.values is not None]
    counts = np.array([page.values for page in values], np.int64)
    if counts.sum() <= rows[-1] or (counts < 0).any():
        raise carried.footer.corrupt(f"there is no page with row {rows[-1]} of row group {group}")
    of_row = np.searchsorted(np.cumsum(counts), rows, "right")
    kept = sorted(set(of_row.tolist()))
    before, before_kept = np.cumsum(counts) - counts, np.zeros(len(counts), np.int64)
    before_kept[kept] = np.cumsum(counts[kept]) - counts[kept]
    found = [values[i] for i in kept]
    needed = dictionary if any(page.needs_dictionary for page in found) else []
    return [*needed, *found], rows - before[of_row] + before_kept[of_row]


def _up_to(pages: Iterator[Page], row: int) -> Iterator[Page]:
    """The pages of a chunk, to the one with this row."""
    before = 0
    for page in pages:
        yield page
        before += page.values or 0
        if before > row:
            return


def moved(chunk: Struct, start: int, size: int, values: int, changed: Struct) -> Struct:
    """What the footer says of a chunk, of one with as many bytes and values at a place."""
    _, metadata = chunk[fields.CHUNK_METADATA]
    kept = {field: value for field, value in metadata.items() if field not in (*STALE, fields.DICTIONARY_START)}
    kept |= {
        fields.VALUES: (thrift.I64, values),
        fields.TAKES: (thrift.I64, size),
        fields.PAGES_START: (thrift.I64, start),
    }
    described = thrift.STRUCT, thrift.write(kept | changed)
    return {fields.CHUNK_START: (thrift.I64, start), fields.CHUNK_METADATA: described}


def row_group(chunks: list[Struct], rows: int) -> Struct:
    """What a footer says of a row group."""
    return {
        fields.GROUP_CHUNKS: (thrift.LIST, chunks),
        fields.GROUP_BECOMES: (thrift.I64, 0),
        fields.GROUP_ROWS: (thrift.I64, rows),
    }


def file_end(carried: Carried, groups: list[Struct], rows: int) -> bytes:
    """The end of a file of the columns that are carried, with other row groups."""
    file = dict(carried.footer.file)
    root = carried.root | {fields.ELEMENT_CHILDREN: (thrift.I32, carried.columns)}
    file[fields.FILE_SCHEMA] = thrift.LIST, [root, *carried.elements]
    file[fields.FILE_GROUPS] = thrift.LIST, groups
    file[fields.FILE_ROWS] = thrift.I64, rows
    for field in (fields.FILE_TEXTS, fields.FILE_ORDERS):
        file.pop(field, None)
    told = carried.arrow_fields()
    if told is not None:
        text = base64.b64encode(pa.schema(told).serialize())
        entry = {fields.TEXT_KEY: thrift.binary(ARROW_SCHEMA), fields.TEXT_VALUE: thrift.binary(text)}
        file[fields.FILE_TEXTS] = thrift.LIST, [entry]
    footer = thrift.write(file)
    return footer + len(footer).to_bytes(4, "little") + fields.MAGIC
