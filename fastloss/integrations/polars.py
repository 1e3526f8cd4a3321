"""Losses as polars expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastloss.files import ScoringError, Spec
from fastloss.integrations import load

if TYPE_CHECKING:
    import polars as pl


def expression(spec: Spec) -> pl.Expr:
    """An expression of the losses: a column for one emitted output, a struct of them for several.

    It is elementwise, so that lazy queries stream, and one expression serves data of all types. `spec.keep` has no
    effect: polars keeps the columns. Gradients of classes are lists where the logits are a column of lists, and arrays
    otherwise. Of a column of lists an elementwise loss has the value alone: name a column for each output instead.

    Examples
    --------
    >>> import fastloss as fl, polars as pl
    >>> from fastloss.integrations.polars import expression
    >>> from fastloss.files import Spec
    >>> frame = pl.DataFrame({"r": [0.5, None, -4.0]})
    >>> frame.with_columns(loss=expression(Spec.of(fl.huber, residual="r")))["loss"].to_list()
    [0.125, None, 3.5]
    """
    pl = load("polars")

    from fastloss.integrations._arrow import losses_alone

    function = losses_alone(spec)
    read, single = function.names, len(spec.emit) == 1
    # polars keeps the type of an expression's result from its first use, whatever data it is used on next. So it is one
    # that holds all numbers, and polars itself casts from it, to what the loss returns for the data at hand.
    wide = {
        name: pl.List(pl.Float64) if _is_list(spec, output) else pl.Float64
        for name, output in zip(spec.emitted, spec.emit, strict=True)
    }
    types = {name: _type(pl, spec, output) for name, output in zip(spec.emitted, spec.emit, strict=True)}

    def score(columns: Sequence[pl.Series]) -> pl.Series:
        columns = [column.cast(pl.Float64) if column.dtype == pl.Int128 else column for column in columns]
        losses = function([column.to_arrow() for column in columns])
        emitted = [pl.Series(name, column) for name, column in zip(wide, losses, strict=True)]
        for column in emitted:
            if column.dtype.is_nested() and not wide[column.name].is_nested():
                raise ScoringError(
                    f"column {read[0]!r}: of lists polars has the value alone, not {column.name!r}, "
                    "unless with multioutput='raw_values'"
                )
            if wide[column.name].is_nested() and not column.dtype.is_nested():
                raise ScoringError(f"column {read[0]!r}: one number a row: leave multioutput='raw_values' out")
        emitted = [column.cast(wide[column.name]) for column in emitted]
        return emitted[0] if single else pl.DataFrame(emitted).to_struct()

    if single:
        (name,) = spec.emitted
        wide_type, type = wide[name], types[name]
    else:
        name, wide_type, type = "losses", pl.Struct(wide), pl.struct_with_fields(types)
    return pl.map_batches(read, score, wide_type, is_elementwise=True).cast(type).alias(name)


def _is_list(spec: Spec, output: str) -> bool:
    """Whether an output is several numbers a row."""
    if spec.loss.is_rowwise:
        return output != "value"
    return spec.multioutput == "raw_values" or (output != "value" and len(spec.pred or spec.residual) > 1)


def _type(pl, spec: Spec, output: str) -> pl.DataTypeExpr:
    """The type of an output as a function of the columns' types, as arithmetic of polars has it.

    A function such as sin returns Float32 of Float32 and Float64 of what is no float; a power of a small whole number
    has the type of the exponent if that is a float, and is as small if not: whole targets do not widen.
    """
    predictions = spec.pred or spec.residual
    number = pl.lit(1, pl.Float32)
    for name in predictions:
        number *= pl.col(name).explode(empty_as_null=True).sin()
    for name in spec.target:
        number *= pl.lit(1, pl.Int8) ** pl.col(name).explode(empty_as_null=True)
    if not _is_list(spec, output):
        return pl.dtype_of(number)
    if len(predictions) > 1:
        return pl.dtype_of(number).wrap_in_array(width=len(predictions))
    return pl.dtype_of(pl.col(predictions[0]) * number)
