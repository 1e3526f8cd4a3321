"""Losses as columns of a Spark DataFrame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastloss.integrations import load
from fastloss.scoring import Spec, batch_function

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


def score(frame: DataFrame, spec: Spec) -> DataFrame:
    """The columns that `spec` carries, with the losses after them: lazily, batch by batch on the executors.

    By `mapInArrow`. Gradients of classes are arrays. `fastloss` has to be installed on the executors.

    Examples
    --------
    >>> import fastloss as fl
    >>> from fastloss.integrations.spark import score
    >>> from fastloss.scoring import Spec
    >>> scored = score(frame, Spec.of(fl.huber, residual="r"))  # doctest: +SKIP
    >>> scored.where("value > 10").count()  # doctest: +SKIP
    """
    types = load("pyspark.sql.pandas.types")
    function = batch_function(spec)
    schema = _with_lists(function.schema(types.to_arrow_schema(frame.schema)))

    def map_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield function(batch).cast(schema)

    return frame.mapInArrow(map_batches, types.from_arrow_schema(schema))


def _with_lists(schema: pa.Schema) -> pa.Schema:
    """Spark has no lists of fixed size."""
    import pyarrow as pa

    def plain(field: pa.Field) -> pa.Field:
        is_fixed = pa.types.is_fixed_size_list(field.type)
        return field.with_type(pa.list_(field.type.value_type)) if is_fixed else field

    return pa.schema([plain(field) for field in schema])
