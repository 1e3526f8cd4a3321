"""What another library reads, as record batches of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pyarrow as pa

from fastloss.files.arrow import columns
from fastloss.files.errors import one_line
from fastloss.files.matching import Source
from fastloss.files.reading import cut, reading, validated


class ScannedSource(Source):
    """Rows that `scan(columns)` reads, from the start on each call."""

    def __init__(self, path: str, format: str, schema: pa.Schema, scan: Callable[..., Iterable[pa.RecordBatch]]):
        self._path, self._format, self._scan = path, format, scan
        self.schema, self.rows = schema, None

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with reading(self._path, self._format):
            wanted = columns.roots(self.schema, names)
            for batch in self._scanned(wanted):
                yield from cut(validated(batch.select(wanted), self._path, self._format))

    def _scanned(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._scan(names)
        except (pa.ArrowException, OSError, MemoryError):
            raise
        except Exception as error:  # whatever another library raises
            raise pa.ArrowInvalid(one_line(error)) from error
