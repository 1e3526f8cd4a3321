"""The residuals of data files, batch by batch, as numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fastloss.residual import half_squared_error
from fastloss.scoring import _array_roles
from fastloss.scoring.batch import output_schema, score_batch
from fastloss.scoring.dataset import with_targets
from fastloss.scoring.fragment import naming
from fastloss.scoring.inputs import find_fragments
from fastloss.scoring.readers import open_source
from fastloss.scoring.spec import Spec


def read_residuals(
    inputs: list[str],
    residual: str | None = None,
    pred: str | None = None,
    target: str | None = None,
    format: str | None = None,
    sample_weight: str | None = None,
    dtype: str | None = None,
) -> Iterator[np.ndarray | tuple[np.ndarray, np.ndarray]]:
    """Columns of residuals, or pred - target, of files as `fastloss.score` reads them; nulls as NaN.

    With a column of weights, pairs of residuals and weights; a weight is 0 where a residual is null.

    Raises
    ------
    ScoringError
        If a file or a column cannot be read.
    """
    fragments = find_fragments(inputs, format)
    if any(fragment.format == "npy" for fragment in fragments):
        fragments = with_targets(fragments, target)
        pred, target, residual = _array_roles(half_squared_error, pred, target, residual)
    # the gradient of half the squared error is the residual
    spec = Spec.of(
        half_squared_error,
        pred,
        target,
        residual,
        emit=("grad",),
        keep="none",
        sample_weight=sample_weight,
        dtype=dtype,
    )
    for fragment in fragments:
        with open_source(fragment, spec) as source:
            with naming(fragment, 0, 0):
                output_schema(source.schema, spec)
            rows = 0
            for batch in source.batches(list(dict.fromkeys(spec.numbers))):
                with naming(fragment, rows, 0):
                    losses = score_batch(batch, spec)
                rows += len(batch)
                (values,) = losses.outputs
                values = values if losses.null is None else np.where(losses.null, np.nan, values)
                weights = losses.sample_weight
                if weights is None:
                    yield values
                else:
                    yield values, weights if losses.null is None else np.where(losses.null, 0.0, weights)
