"""The residuals of data files, batch by batch, as numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastloss.files.batch import score_batch
from fastloss.files.csv.options import CsvOptions
from fastloss.files.dataset import of_arrays
from fastloss.files.errors import ScoringError
from fastloss.files.inputs import find_fragments
from fastloss.files.matching import Chosen
from fastloss.files.placed import placed_batches
from fastloss.files.schemas import output_schema
from fastloss.files.spec import Spec
from fastloss.files.stores.addresses import Addresses
from fastloss.losses.residual import half_squared_error


def read_residuals(
    inputs: list[str],
    *,
    residual: str | None,
    pred: str | None,
    target: str | None,
    format: str | None,
    sample_weight: str | None,
    dtype: str | None,
    csv: CsvOptions,
    storage_options: dict | None,
    where: str | list[str] | None,
) -> Iterator[np.ndarray | tuple[np.ndarray, np.ndarray]]:
    """Columns of residuals, or pred - target, of files as `fastloss.score` reads them; nulls as NaN.

    Those of several outputs come row by row; rows that do not meet the conditions `where` are left out. With a column
    of weights, pairs of residuals and weights; a weight is 0 where a residual is null.

    Raises
    ------
    ScoringError
        If a file or a column cannot be read.
    """
    addresses = Addresses(storage_options)
    fragments = find_fragments(inputs, format, addresses)
    loss = half_squared_error  # whose gradient is the residual
    roles = {"pred": pred, "target": target, "residual": residual, "sample_weight": sample_weight}
    fragments, columns = of_arrays(fragments, loss, addresses, **roles)
    addresses.check_options()
    if columns["residual"] is None and None in (columns["pred"], columns["target"]):
        raise ScoringError("fit needs the column of residuals (--residual), or two columns (--pred and --target)")
    rest = {"multioutput": "raw_values", "dtype": dtype, "csv": csv, "where": where}
    spec = Spec.of(loss, **columns, emit=("grad",), keep="none", **rest)

    def check(schema, classes):
        return output_schema(schema, spec, classes)

    for place, batch, matches in placed_batches(fragments, spec, check=check):
        chosen = Chosen.of(batch, matches)
        if not len(chosen.batch):
            continue
        with place.naming_in_file(), chosen.counting():
            losses = score_batch(chosen.batch, spec, place.classes)
        (values,) = losses.outputs
        weights = losses.sample_weight
        if losses.null is not None:
            values[losses.null] = np.nan
            weights = None if weights is None else np.where(losses.null, 0.0, weights)
        if weights is None:
            yield values.reshape(-1)
        else:
            outputs = values.shape[1] if values.ndim == 2 else 1
            yield values.reshape(-1), weights.repeat(outputs)
