"""What the modules share: Arrow data of any shape through a batch function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from fastloss.files import Spec, batch_function
from fastloss.files.adapter import BatchFunction
from fastloss.files.arguments import must_be
from fastloss.files.errors import ScoringError


def losses_alone(spec: Spec) -> BatchFunction:
    """The batch function of a spec that carries no columns, for libraries that keep them themselves."""
    must_be(Spec, spec, "spec", "a Spec, as Spec.of makes it")
    return batch_function(replace(spec, keep=(), by=None))


def as_function(spec: Spec, types: Sequence, default: Any, kind: type) -> tuple[BatchFunction, list]:
    """The batch function behind an SQL function of arguments of these types, which has one result; and the types, all
    `default` where none are given.

    Raises
    ------
    ScoringError
        If the spec emits more than one output or has weights, or the types are not as many as the columns it reads.
    """
    function = losses_alone(spec)
    if len(spec.emit) != 1:
        raise ScoringError(f"a function of SQL has one result: emit one output, not {', '.join(spec.emit)}")
    if spec.sample_weight is not None:
        raise ScoringError("a function of SQL has no summary to weight: leave sample_weight out")
    must_be((list, tuple), types, "types", "a list of types")
    types = list(types) or [default] * len(spec.scored)
    for type in types:
        must_be(kind, type, "types", f"a list of types such as {default}")
    if len(types) != len(spec.scored):
        raise ScoringError(f"types has {len(types)} types, the loss reads {len(spec.scored)}: {', '.join(spec.scored)}")
    return function, types


def result_type(function: BatchFunction, types: Sequence[pa.DataType]) -> pa.DataType:
    """The type of the one emitted column, for columns of these types in the order of `spec.scored`."""
    return function.schema(pa.schema(list(zip(function.spec.scored, types, strict=True)))).field(0).type


def score_columns(function: BatchFunction, columns: Sequence[pa.Array]) -> pa.Array:
    """The one emitted column for the columns that the loss reads, in the order of `spec.scored`."""
    batch = pa.RecordBatch.from_arrays(list(columns), list(function.spec.scored))
    return function(batch).column(0)
