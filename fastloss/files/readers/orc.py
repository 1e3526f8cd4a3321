"""ORC files as record batches."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.dataset
import pyarrow.orc
from pyarrow import types

from fastloss.files.arrow import columns
from fastloss.files.arrow.orc_footer import check_types
from fastloss.files.readers.scanned import ScannedSource
from fastloss.files.reading import copied, reading, shown
from fastloss.files.tables import READ_AHEAD

# Standard input, a file, as an Arrow stream of these columns.
_CHILD = """
import json, sys, pyarrow as pa, pyarrow.dataset
part = pa.dataset.OrcFileFormat().make_fragment(sys.stdin.buffer)
scanner = part.scanner(columns=json.loads(sys.argv[1]), use_threads=False, **json.loads(sys.argv[2]))
with pa.ipc.new_stream(sys.stdout.buffer, scanner.projected_schema) as stream:
    for batch in scanner.to_batches():
        batch.validate(full=True)
        stream.write_batch(batch)
"""


class OrcSource(ScannedSource):
    """An ORC file, of which as many rows as a batch has are decoded at a time.

    Where pyarrow decodes lists and maps it takes their lengths as they are in the file, and wrong ones end the process:
    columns of these are read in a process of their own.
    """

    def __init__(self, path: str, file):
        with reading(path, "orc"):
            check_types(file, shown(path))
            rows = pa.orc.ORCFile(file).nrows
            self._file, self._part = file, pa.dataset.OrcFileFormat().make_fragment(file)
            super().__init__(path, "orc", self._part.physical_schema, self._read)
        self.rows = rows

    def _read(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        if any(_holds_lengths(self.schema.field(name).type) for name in names):
            return self._read_apart(names)
        return self._part.scanner(columns=list(names), use_threads=False, **READ_AHEAD).to_batches()

    def _read_apart(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with copied(self._file) as file:
            command = [sys.executable, "-P", "-c", _CHILD, json.dumps(list(names)), json.dumps(READ_AHEAD)]
            child = subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                with pa.ipc.open_stream(child.stdout) as stream:
                    yield from stream
                if child.wait():
                    raise pa.ArrowInvalid("lists or maps are corrupt")
            finally:
                child.kill()
                child.stdout.close()
                child.wait()


def _holds_lengths(type: pa.DataType) -> bool:
    inner = (type.field(i).type for i in range(type.num_fields))
    return columns.is_list(type) or types.is_map(type) or any(map(_holds_lengths, inner))
