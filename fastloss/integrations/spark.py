"""Losses as columns of a Spark DataFrame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastloss.files import ScoringError, Spec
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
    losses = losses_alone(spec)
    check_columns(pa.schema([(name, pa.null()) for name in frame.columns]), spec)
    _check_case(frame, spec)
    read = StructType([frame.schema[name] for name in losses.names])
    schema = losses.batches.schema(types.to_arrow_schema(read))
    emitted = types.from_arrow_schema(pa.schema([field.with_type(_with_lists(field.type)) for field in schema]))
    carried = spec.carried(frame.columns)

    def map_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            scored = losses([batch.column(name) for name in losses.names])
            columns = [*map(batch.column, carried), *(column.cast(_with_lists(column.type)) for column in scored)]
            yield pa.RecordBatch.from_arrays(columns, [*carried, *spec.emitted])

    return frame.mapInArrow(map_batches, StructType([*(frame.schema[name] for name in carried), *emitted]))


def _with_lists(type: pa.DataType) -> pa.DataType:
    """Spark has no lists of fixed size."""
    import pyarrow as pa

    return pa.list_(type.value_type) if pa.types.is_fixed_size_list(type) else type


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
