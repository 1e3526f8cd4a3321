"""Losses as columns of a Dask DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastloss.files import Spec
from fastloss.integrations import load, pandas

if TYPE_CHECKING:
    import dask.dataframe as dd


def score(frame: dd.DataFrame, spec: Spec) -> dd.DataFrame:
    """As `fastloss.integrations.pandas.score`, lazily: partition by partition, when the result is computed.

    Examples
    --------
    >>> import dask.dataframe as dd, fastloss as fl, pandas as pd
    >>> from fastloss.integrations.dask import score
    >>> from fastloss.files import Spec
    >>> frame = dd.from_pandas(pd.DataFrame({"r": [0.5, -4.0]}), npartitions=2)
    >>> score(frame, Spec.of(fl.huber, residual="r"))["value"].compute().tolist()
    [0.125, 3.5]
    """
    from fastloss.files.arguments import must_be

    must_be(load("dask.dataframe").DataFrame, frame, "frame", "a dask.dataframe.DataFrame")
    return frame.map_partitions(pandas.score, spec, meta=pandas.score(frame._meta, spec))
