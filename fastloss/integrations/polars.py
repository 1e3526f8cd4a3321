"""Losses as polars expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastloss.integrations import load
from fastloss.scoring import Spec

if TYPE_CHECKING:
    import polars as pl


def expression(spec: Spec) -> pl.Expr:
    """An expression of the losses: a column for one emitted output, a struct of them for several.

    It is elementwise, so that lazy queries stream. `spec.keep` has no effect: polars keeps the columns.

    Examples
    --------
    >>> import fastloss as fl, polars as pl
    >>> from fastloss.integrations.polars import expression
    >>> from fastloss.scoring import Spec
    >>> frame = pl.DataFrame({"r": [0.5, None, -4.0]})
    >>> frame.with_columns(loss=expression(Spec.of(fl.huber, residual="r")))["loss"].to_list()
    [0.125, None, 3.5]
    """
    pl = load("polars")
    import pyarrow as pa

    from fastloss.integrations._arrow import losses_alone

    function, single = losses_alone(spec), len(spec.emit) == 1

    def score(columns: pl.Series) -> pl.Series:
        table = columns.struct.unnest().rechunk().to_arrow()
        batches = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
        frame = pl.from_arrow(pa.Table.from_batches(map(function, batches)))
        return frame.to_series() if single else frame.to_struct()

    name = spec.emitted[0] if single else "losses"
    return pl.struct(list(spec.scored)).map_batches(score, is_elementwise=True).alias(name)
