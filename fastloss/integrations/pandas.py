"""Losses as columns of a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fastloss.files import Spec
from fastloss.integrations import load

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def score(frame: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """The columns that `spec` carries, with the losses after them and the index of `frame`; NaN stands for null.

    A column whose name is no text, but a number or a tuple, is called by its `str` in `spec`, and keeps its name.

    Raises
    ------
    ScoringError
        If a column is missing, is there twice or does not fit the loss, or if one that is carried is called like an
        emitted one.

    Examples
    --------
    >>> import fastloss as fl, pandas as pd
    >>> from fastloss.integrations.pandas import score
    >>> from fastloss.files import Spec
    >>> score(pd.DataFrame({"r": [0.5, -4.0]}), Spec.of(fl.huber, residual="r"))["value"].tolist()
    [0.125, 3.5]
    """
    pd = load("pandas")
    import pyarrow as pa

    from fastloss.files.arguments import must_be
    from fastloss.files.schemas import check_columns
    from fastloss.integrations._arrow import DTYPES, losses_alone

    must_be(pd.DataFrame, frame, "frame", "a pandas.DataFrame")
    function = losses_alone(spec)
    names = [str(name) for name in frame.columns]
    check_columns(pa.schema([(name, pa.null()) for name in names]), spec)
    columns = [frame.iloc[:, names.index(name)] for name in function.names]
    if function.is_elementwise and all(isinstance(c.dtype, np.dtype) and c.dtype in DTYPES.values() for c in columns):
        losses = function.evaluate(*(column.to_numpy() for column in columns))  # NaN is what it is for null
    else:
        arrays = [_to_arrow(column, name) for column, name in zip(columns, function.names, strict=True)]
        losses = [column.to_numpy(zero_copy_only=False) for column in function(arrays)]
    carried = spec.carried(names)
    if carried == names:
        scored = frame.assign()  # a copy, of the columns themselves only where they are written to
    else:
        scored = frame.iloc[:, [place for place, name in enumerate(names) if name in carried]].copy(deep=False)
    below = ("",) * (frame.columns.nlevels - 1)
    for name, column in zip(spec.emitted, losses, strict=True):
        scored[(name, *below) if below else name] = column
    return scored


def _to_arrow(column: pd.Series, name: str) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    from fastloss.files.arrow.columns import holds_lists
    from fastloss.files.errors import ColumnTypeError, one_line

    if isinstance(column.dtype, pd.SparseDtype):
        column = column.sparse.to_dense()
    try:
        array = pa.array(column, from_pandas=True)
        if column.dtype == object and holds_lists(array.type):  # in which NaN is a number
            array = pa.array(column, mask=column.isna().to_numpy(), from_pandas=False)
    except (pa.ArrowException, OverflowError) as error:
        raise ColumnTypeError(f"column {name!r}: expected numbers, got {column.dtype}: {one_line(error)}") from error
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
