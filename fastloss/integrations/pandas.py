"""Losses as columns of a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastloss.integrations import load
from fastloss.scoring import Spec

if TYPE_CHECKING:
    import pandas as pd


def score(frame: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """The columns that `spec` carries, with the losses after them and the index of `frame`; NaN stands for null.

    Examples
    --------
    >>> import fastloss as fl, pandas as pd
    >>> from fastloss.integrations.pandas import score
    >>> from fastloss.scoring import Spec
    >>> score(pd.DataFrame({"r": [0.5, -4.0]}), Spec.of(fl.huber, residual="r"))["value"].tolist()
    [0.125, 3.5]
    """
    load("pandas")
    import pyarrow as pa

    from fastloss.integrations._arrow import losses_alone
    from fastloss.scoring.batch import check_columns

    check_columns(pa.schema([(str(name), pa.null()) for name in frame.columns]), spec)
    scored = [pa.array(frame[name], from_pandas=True) for name in spec.scored]
    chunks = [a.combine_chunks() if isinstance(a, pa.ChunkedArray) else a for a in scored]
    losses = losses_alone(spec)(pa.RecordBatch.from_arrays(chunks, list(spec.scored)))
    carried = frame[spec.carried(frame.columns)]
    columns = zip(spec.emitted, losses.columns, strict=True)
    return carried.assign(**{name: column.to_numpy(zero_copy_only=False) for name, column in columns})
