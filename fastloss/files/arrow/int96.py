"""Timestamps of 96 bits in Parquet, those of Spark, Hive and Impala: in which unit they are read without loss.

They hold a day and the nanoseconds in it, more than 64 bits do: as nanoseconds, what pyarrow reads, years outside
1677-2262 would come out as others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
import pyarrow as pa
from pyarrow import types

from fastloss.files.errors import ScoringError
from fastloss.files.parquet.footer import Leaf

SPARK_VERSION = b"org.apache.spark.version"  # in files that Spark wrote, whose times are whole microseconds
LIMIT = np.iinfo(np.int64).max // 1000  # microseconds that are nanoseconds too


def int96_columns(leaves: Sequence[Leaf], names: Collection[str]) -> list[str]:
    """The paths of the 96-bit timestamps in the columns, or the fields of structs, of these names."""
    return [leaf.path for leaf in leaves if leaf.type == "INT96" and is_inside(leaf.path, names)]


def int96_unit(name: str, open_file: Callable, paths: Sequence[str], row_groups: Sequence[int]) -> str:
    """The unit, "ns" or "us", that holds the timestamps at these paths of a file.

    `open_file(unit=)` opens it to read them in a unit. Only the values tell, so they are read once more.

    Raises
    ------
    ScoringError
        If some need nanoseconds, and others are too far for them.
    """
    files = [open_file(unit=unit) for unit in ("ns", "us")]
    if SPARK_VERSION in (files[0].metadata.metadata or {}):
        return "us"
    are_far = are_fine = False
    pairs = zip(*(file.iter_batches(row_groups=row_groups, columns=paths) for file in files), strict=True)
    for batch, coarse in pairs:
        both = zip(_instants(batch.columns), _instants(coarse.columns), strict=True)
        for nanoseconds, microseconds in both:
            are_far |= bool(((microseconds > LIMIT) | (microseconds < -LIMIT)).any())
            are_fine |= bool((nanoseconds != microseconds * 1000).any())  # both wrap around alike
    if are_far and are_fine:
        raise ScoringError(
            f"{name}: the 96-bit timestamps in {', '.join(map(repr, paths))} have nanoseconds as well as years outside "
            "1677-2262, and 64 bits hold either: keep fewer columns"
        )
    return "us" if are_far else "ns"


def is_inside(path: str, names: Collection[str]) -> bool:
    """Whether a leaf of a Parquet schema is in one of these columns or fields of structs."""
    if "." not in path:
        return path in names
    parts = path.split(".")
    return any(".".join(parts[:end]) in names for end in range(1, len(parts) + 1))


def _instants(arrays: Sequence[pa.Array]) -> Iterator[np.ndarray]:
    """The timestamps in arrays, those inside lists, structs and maps included, as integers; 0 stands for null."""
    for array in arrays:
        if types.is_timestamp(array.type):
            yield array.cast(pa.int64()).fill_null(0).to_numpy()
        elif types.is_map(array.type):
            yield from _instants([array.keys, array.items])
        elif types.is_nested(array.type):
            inner = array.flatten()
            yield from _instants(inner if isinstance(inner, list) else [inner])
