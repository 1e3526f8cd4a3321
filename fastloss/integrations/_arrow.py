"""What the modules share: the losses of columns that a library hands over, as Arrow arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa

from fastloss.exact.picked import DTYPES, stored
from fastloss.files import Spec, batch_function
from fastloss.files.adapter import BatchFunction
from fastloss.files.arguments import must_be
from fastloss.files.errors import ScoringError


@dataclass(frozen=True)
class ColumnFunction:
    """Arrays of the columns that `spec` reads in, in their order, and arrays of those that it emits out."""

    batches: BatchFunction

    @property
    def spec(self) -> Spec:
        return self.batches.spec

    @cached_property
    def names(self) -> list[str]:
        """The columns that the spec reads."""
        return list(dict.fromkeys(self.spec.read))

    @cached_property
    def is_elementwise(self) -> bool:
        """Whether the outputs are those of the loss itself on arrays of numbers, one for each of its arguments."""
        spec = self.spec
        is_single = max(len(spec.pred), len(spec.target), len(spec.residual)) == 1
        return is_single and not spec.where and not spec.loss.is_rowwise and tuple(self.names) == spec.scored

    def evaluate(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        """The outputs of an elementwise loss."""
        return self.spec.loss.evaluate(*arrays, outputs=self.spec.emit, num_threads=self.batches.num_threads)

    def __call__(self, columns: Sequence[pa.Array]) -> list[pa.Array]:
        """Numbers go to the loss as they lie there, as some libraries hand over no more than 2048 rows at a time.

        Raises
        ------
        ScoringError
            If a column does not fit the loss, or a row is out of bounds.
        """
        if not (self.is_elementwise and len(columns[0]) and all(column.type.id in DTYPES for column in columns)):
            return self.batches(pa.RecordBatch.from_arrays(list(columns), self.names)).columns
        outputs = self.evaluate(*map(stored, columns))
        bitmap = _bitmap(columns)
        return [
            pa.Array.from_buffers(pa.from_numpy_dtype(output.dtype), len(output), [bitmap, pa.py_buffer(output)])
            for output in outputs
        ]


def losses_alone(spec: Spec) -> ColumnFunction:
    """The losses of a spec without the columns that it carries, for libraries that keep them themselves."""
    must_be(Spec, spec, "spec", "a Spec, as Spec.of makes it")
    return ColumnFunction(batch_function(replace(spec, keep=(), by=None)))


def sql_function(spec: Spec, types: Sequence, default: Any, kind: type) -> tuple[ColumnFunction, list]:
    """What is behind an SQL function of arguments of these types, which has one result; and the types, all `default`
    where none are given.

    Raises
    ------
    ScoringError
        If the spec emits more than one output, has weights or conditions, or the types are not as many as the columns
        it reads.
    """
    function = losses_alone(spec)
    if len(spec.emit) != 1:
        raise ScoringError(f"a function of SQL has one result: emit one output, not {', '.join(spec.emit)}")
    if spec.sample_weight is not None:
        raise ScoringError("a function of SQL has no summary to weight: leave sample_weight out")
    if spec.where:
        raise ScoringError("a function of SQL is called for the rows that WHERE chooses: leave where out")
    must_be((list, tuple), types, "types", "a list of types")
    types = list(types) or [default] * len(spec.scored)
    for type in types:
        must_be(kind, type, "types", f"a list of types such as {default}")
    if len(types) != len(spec.scored):
        raise ScoringError(f"types has {len(types)} types, the loss reads {len(spec.scored)}: {', '.join(spec.scored)}")
    return function, types


def result_type(function: ColumnFunction, types: Sequence[pa.DataType]) -> pa.DataType:
    """The type of the one emitted column, for columns of these types in the order of `spec.scored`."""
    return function.batches.schema(pa.schema(list(zip(function.spec.scored, types, strict=True)))).field(0).type


def _bitmap(columns: Sequence[pa.Array]) -> pa.Buffer | None:
    """The bits of the rows that are null in no column."""
    bits = [_bits(column) for column in columns if column.null_count]
    return pa.py_buffer(reduce(np.bitwise_and, bits)) if bits else None


def _bits(column: pa.Array) -> np.ndarray:
    """A bit a row, 0 where the column is null, which it has to be somewhere."""
    first, shift = divmod(column.offset, 8)
    bits = np.frombuffer(column.buffers()[0], np.uint8)[first : (column.offset + len(column) + 7) // 8]
    if shift:
        bits = np.packbits(np.unpackbits(bits, bitorder="little")[shift:], bitorder="little")
        bits = bits[: (len(column) + 7) // 8]
    return bits
