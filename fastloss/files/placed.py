"""Batches of files that are read and not written, each with the place where it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from fastloss.files.arrow import columns
from fastloss.files.dataset import Fragment
from fastloss.files.fragment import naming
from fastloss.files.readers.sources import class_count, open_source
from fastloss.files.spec import Spec


@dataclass(frozen=True)
class Place:
    """Its fragment, the rows before it there and in the fragments before, and the number of classes of that."""

    fragment: Fragment
    rows: int
    before: int
    classes: int | None

    def moved(self, rows: int) -> Place:
        """So many rows further on."""
        return replace(self, rows=self.rows + rows)

    def naming(self):
        """Adds the file to errors, and counts their rows over all files."""
        return naming(self.fragment, self.rows, self.before)

    def naming_in_file(self):
        """The same, rows counted from the beginning of the file."""
        return naming(self.fragment, self.rows, 0)


def placed_batches(
    fragments: Sequence[Fragment],
    spec: Spec,
    read: Spec | None = None,
    common: int | None = None,
    check: Callable[[pa.Schema, int | None], object] | None = None,
) -> Iterator[tuple[Place, pa.RecordBatch, np.ndarray | None]]:
    """Each batch of the columns that a spec reads, its place, and which rows meet the spec's conditions, as
    `Source.matched` has them.

    Parameters
    ----------
    read : Spec, optional
        One that reads more columns than `spec`, which tells the number of classes.
    common : int, optional
        The number of classes of fragments that do not tell.
    check : function, optional
        Called with the schema and the number of classes of each fragment, before its first batch.
    """
    read = read or spec
    wanted = [*dict.fromkeys(read.read)]
    before = 0
    for fragment in fragments:
        with open_source(fragment, read) as source:
            with naming(fragment, 0, before):
                for name in wanted:
                    columns.check(source.schema, name)
                classes = class_count(source, spec) or common
                if check is not None:
                    check(source.schema, classes)
            place = Place(fragment, 0, before, classes)
            for batch, matches in source.matched(wanted, (), read.where):
                yield place, batch, matches
                place = place.moved(len(batch))
            before += place.rows
