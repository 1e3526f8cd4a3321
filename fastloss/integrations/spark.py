"""Losses as columns of a Spark DataFrame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastloss.files import ScoringError, Spec, batch_function
from fastloss.integrations import load

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
    >>> from fastloss.files import Spec
    >>> scored = score(frame, Spec.of(fl.huber, residual="r"))  # doctest: +SKIP
    >>> scored.where("value > 10").count()  # doctest: +SKIP
    """
    types = load("pyspark.sql.pandas.types")
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from fastloss.files.arguments import must_be
    from fastloss.files.schemas import check_columns
    from fastloss.integrations._arrow import losses_alone

    must_be(DataFrame, frame, "frame", "a pyspark.sql.DataFrame")
    function, losses = batch_function(spec), losses_alone(spec)
    check_columns(pa.schema([(name, pa.null()) for name in frame.columns]), spec)
    _check_case(frame, spec)
    read = StructType([frame.schema[name] for name in losses.names])
    emitted = types.from_arrow_schema(_with_lists(losses.batches.schema(types.to_arrow_schema(read))))
    carried = [frame.schema[name] for name in spec.carried(frame.columns)]

    def map_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            scored = function(batch)
            yield scored.cast(_with_lists(scored.schema))

    return frame.mapInArrow(map_batches, StructType([*carried, *emitted]))


def _with_lists(schema: pa.Schema) -> pa.Schema:
    """Spark has no lists of fixed size."""
    import pyarrow as pa

    def plain(field: pa.Field) -> pa.Field:
        is_fixed = pa.types.is_fixed_size_list(field.type)
        return field.with_type(pa.list_(field.type.value_type)) if is_fixed else field

    return pa.schema([plain(field) for field in schema])


def _check_case(frame: DataFrame, spec: Spec) -> None:
    """No emitted column is called like a carried one but for the case of letters, which Spark does not tell apart."""
    if frame.sparkSession.conf.get("spark.sql.caseSensitive") == "true":
        return
    names = [name.lower() for name in spec.emitted]
    for name in spec.carried(frame.columns):
        if name.lower() in names and name not in spec.emitted:
            raise ScoringError(
                f"the input has a column {name!r} already, in other letters: set a prefix for the emitted columns, or "
                "keep fewer columns of the input"
            )
