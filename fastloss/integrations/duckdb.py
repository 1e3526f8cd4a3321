"""Losses as SQL functions of DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter, Signature
from typing import TYPE_CHECKING

from fastloss.files import Spec
from fastloss.integrations import load

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def register(connection: duckdb.DuckDBPyConnection, name: str, spec: Spec, types: Sequence[str] = ()) -> None:
    """Make the one output of `spec` a function of SQL, whose arguments are the columns of `spec` in order: residual, or
    pred and target. Their names in `spec` do not matter; `types` are their SQL types, by default all DOUBLE.

    Examples
    --------
    >>> import duckdb, fastloss as fl
    >>> from fastloss.integrations.duckdb import register
    >>> from fastloss.files import Spec
    >>> connection = duckdb.connect()
    >>> register(connection, "huber", Spec.of(fl.huber, residual="r"))
    >>> connection.sql("SELECT huber(r) FROM (VALUES (0.5), (NULL), (-4)) AS t(r)").fetchall()
    [(0.125,), (None,), (3.5,)]
    """
    duckdb = load("duckdb")
    import pyarrow as pa

    from fastloss.core.arguments import shown
    from fastloss.files.arguments import as_text, refusal
    from fastloss.files.errors import ScoringError, one_line
    from fastloss.integrations._arrow import result_type, sql_function

    if not hasattr(connection, "create_function"):  # which the module has, too, for its default connection
        raise refusal("connection", "a connection, as duckdb.connect makes it", connection)
    losses, types = sql_function(spec, types, "DOUBLE", object)
    name = as_text(name, "name")
    nothing = ", ".join(f"NULL::{kind} AS column{i}" for i, kind in enumerate(types))
    try:
        columns = connection.sql(f"SELECT {nothing}").to_arrow_table().schema
    except duckdb.Error as error:
        raise ScoringError(f"types must be types of SQL, got {shown(types)}: {one_line(error)}") from error
    result = result_type(losses, columns.types)

    def score(*columns):  # without annotations: DuckDB would read types from them
        return losses([c.chunk(0) if c.num_chunks == 1 else pa.concat_arrays(c.chunks) for c in columns])[0]

    parameters = [Parameter(f"column{i}", Parameter.POSITIONAL_ONLY) for i in range(len(types))]
    score.__signature__ = Signature(parameters)  # DuckDB counts them
    connection.create_function(name, score, types, _sql_type(result), type="arrow", null_handling="special")


def _sql_type(type: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_fixed_size_list(type):
        return f"{_sql_type(type.value_type)}[{type.list_size}]"
    if pa.types.is_list(type):
        return f"{_sql_type(type.value_type)}[]"
    return "FLOAT" if pa.types.is_float32(type) else "DOUBLE"
