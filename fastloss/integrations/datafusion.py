"""Losses as SQL functions of DataFusion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastloss.files import Spec
from fastloss.integrations import load

if TYPE_CHECKING:
    import pyarrow as pa
    from datafusion import ScalarUDF


def function(name: str, spec: Spec, types: Sequence[pa.DataType] = ()) -> ScalarUDF:
    """The one output of `spec` as a function, whose arguments are the columns of `spec` in order: residual, or pred and
    target. Their names in `spec` do not matter; `types` are their Arrow types, by default all float64.

    Examples
    --------
    >>> import fastloss as fl
    >>> from datafusion import SessionContext
    >>> from fastloss.integrations.datafusion import function
    >>> from fastloss.files import Spec
    >>> context = SessionContext()
    >>> context.register_udf(function("huber", Spec.of(fl.huber, residual="r")))
    >>> context.sql("SELECT huber(r) AS v FROM (VALUES (0.5), (NULL), (-4.0)) AS t(r)").to_pydict()
    {'v': [0.125, None, 3.5]}
    """
    datafusion = load("datafusion")
    import pyarrow as pa

    from fastloss.files.arguments import as_text
    from fastloss.integrations._arrow import result_type, sql_function

    losses, types = sql_function(spec, types, pa.float64(), pa.DataType)
    name = as_text(name, "name")
    result = result_type(losses, types)

    def score(*columns: pa.Array) -> pa.Array:
        return losses(columns)[0]

    return datafusion.udf(score, types, result, "immutable", name)
