"""The plain results of a case beside the oracles': one element of an elementwise loss, all rows of a row loss."""

import numpy as np
from oracles import exact
from oracles.rows import ROWS
from precision import error_in_ulp

from .cases import Elementwise, Rows
from .finding import require

__all__ = ["check"]

SHARE = 0.3  # of the elementwise cases, whose oracle takes milliseconds


def check(random, case, reference):
    if isinstance(case, Elementwise):
        if random.random() < SHARE:
            _check_element(random, case, reference)
    elif isinstance(case, Rows) and case.named_arrays()["logits"].size < 20_000:
        _check_rows(case, reference)


def _check_element(random, case, reference):
    pred = case.arrays["pred"]
    if not pred.size:
        return
    at = random.randrange(pred.size)
    point = [array.flat[at] for array in case.arrays.values()]
    parameters = {**case.loss.parameters, **case.keywords}
    for output, want in exact(case.name, point, pred.dtype, parameters).items():
        if output not in case.outputs or want.ulps is None:
            continue
        got = reference.of(output, "none")[0].flat[at]
        error = error_in_ulp(got, want.result, pred.dtype, want.magnitude)
        require(error <= want.ulps, "inexact", lambda: f"{output} of {point}: {got!r}, {error} ulp")  # noqa: B023


def _check_rows(case, reference):
    logits, target = case.arrays["logits"], case.arrays["target"]
    keywords = {k: v for k, v in case.keywords.items() if k != "sample_weight"}
    target = target.astype(np.int64) if target.dtype.kind in "iu" else target
    for output, want in ROWS[case.name].outputs(logits, target, logits.dtype, **keywords).items():
        (got,) = reference.of(output, "none")
        ratio = np.abs(got - want.result) / np.maximum(want.bound, np.finfo(got.dtype).smallest_subnormal)
        require((ratio <= 1).all(), "inexact", lambda: f"{case.name} {keywords}: {output}, {ratio.max():.3g} bounds")  # noqa: B023
