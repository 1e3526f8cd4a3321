"""The head of a loss of embeddings: one vector per class, from a file that a process reads once, or from an array."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from fastloss.core.arguments import as_array
from fastloss.files.arguments import as_path
from fastloss.files.arrow import columns
from fastloss.files.dataset import Fragment
from fastloss.files.errors import ScoringError, located
from fastloss.files.inputs import find_fragments
from fastloss.files.readers.sources import open_source
from fastloss.files.spec import Spec
from fastloss.files.stores.addresses import Addresses

_COLUMN = "head"  # what a .npy array is called here
_read: dict[str, np.ndarray] = {}  # the vectors read last, by digest


@dataclass(frozen=True)
class Head:
    """Where the vectors are, and a digest of them; picklable, so that each process of an engine reads them itself."""

    digest: str
    fragment: Fragment | None = field(default=None, compare=False)
    column: str = field(default=_COLUMN, compare=False)
    dtype: str | None = field(default=None, compare=False)
    array: np.ndarray | None = field(default=None, compare=False)

    @classmethod
    def of(cls, given, dtype: str | None = None, addresses: Addresses | None = None) -> Head:
        """The head in a .npy file, in the list column of a table (PATH, or PATH:COLUMN where there are several), or an
        array.

        Raises
        ------
        ScoringError
            If there are no such vectors, equally long and without nulls.
        OSError
            If there is no such file.
        """
        if not isinstance(given, str | os.PathLike):
            array = as_array(given, "head")
            if array.ndim != 2 or not array.size:
                raise ScoringError(f"head must hold one vector per class, shape (C, D), got shape {array.shape}")
            return cls(_digest(array), array=array)
        path, column = _split(as_path(given, "head"))
        fragment = find_fragments([path], addresses=addresses)[0]
        dtype = dtype if fragment.format == "npy" else None
        column = _COLUMN if fragment.format == "npy" else column or _list_column(fragment)
        vectors = _vectors(fragment, column, dtype)
        digest = _digest(vectors)
        _keep(digest, vectors)
        return cls(digest, fragment, column, dtype)

    @property
    def vectors(self) -> np.ndarray:
        """The array of shape (classes, numbers of an embedding)."""
        if self.array is not None:
            return self.array
        if self.digest not in _read:
            vectors = _vectors(self.fragment, self.column, self.dtype)
            if _digest(vectors) != self.digest:
                raise ScoringError(f"{self.fragment.name}: the head has changed since the job began")
            _keep(self.digest, vectors)
        return _read[self.digest]


def _split(given: str) -> tuple[str, str | None]:
    """(path, column) of PATH:COLUMN, where there is no file of the whole name."""
    path, colon, column = given.rpartition(":")
    if not colon or column.startswith("//") or os.path.exists(given):
        return given, None
    return path, column


def _list_column(fragment: Fragment) -> str:
    with open_source(fragment, Spec(loss=None, pred=(_COLUMN,))) as source:
        found = [name for name in source.schema.names if columns.holds_lists(columns.type_of(source.schema, name))]
    if len(found) != 1:
        there = f"{len(found)} columns of lists, {', '.join(found)}" if found else "no column of lists"
        raise ScoringError(f"{fragment.name}: a head is one column of lists, here are {there}: give PATH:COLUMN")
    return found[0]


def _vectors(fragment: Fragment, column: str, dtype: str | None) -> np.ndarray:
    spec = Spec(loss=None, pred=(column,), dtype=dtype)
    parts = []
    try:
        with open_source(fragment, spec) as source:
            columns.check(source.schema, column)
            for batch in source.batches([column]):
                width = parts[0].shape[1] if parts else None
                part, null = columns.matrix([columns.get(batch, column)], width)
                if null is not None and null.any():
                    raise ScoringError(f"head column {column!r}: a vector is null at row {_row(parts, null)}")
                parts.append(part)
    except (TypeError, ScoringError, pa.ArrowException) as error:
        raise located(fragment.name, error) from error
    if not sum(map(len, parts)):
        raise ScoringError(f"{fragment.name}: the head holds no vector")
    return np.concatenate(parts)


def _row(parts: list[np.ndarray], null: np.ndarray) -> int:
    return sum(map(len, parts)) + int(null.argmax())


def _keep(digest: str, vectors: np.ndarray) -> None:
    _read.clear()
    _read[digest] = vectors


def _digest(vectors: np.ndarray) -> str:
    seen = hashlib.sha256(f"{vectors.dtype.str}{vectors.shape}".encode())
    seen.update(np.ascontiguousarray(vectors).view(np.uint8))
    return seen.hexdigest()
