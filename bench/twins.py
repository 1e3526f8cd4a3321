"""The kernels of the registry and their NumPy twins, as pairs to time."""

import numpy as np
import reference
from catalogue import ready

__all__ = ["OUTPUTS", "agree", "kernel", "twin"]

OUTPUTS = ("value", "value_and_grad")


def kernel(name, output):
    loss = ready(name)
    return loss if output == "value" else loss.value_and_grad


def twin(name, output):
    """The NumPy expression of the output, or None where tests/support/reference.py has none."""
    value, grad = (getattr(reference, found, None) for found in (name, f"{name}_grad"))
    if output == "value":
        return value
    if value is None or grad is None:
        return None
    return lambda *points: (value(*points), grad(*points))


def agree(got, want):
    """Within what the twin's own rounding leaves."""
    if isinstance(got, tuple):
        for one, two in zip(got, want, strict=True):
            agree(one, two)
        return
    tolerance = 1e-4 if got.dtype == np.float32 else 1e-11
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
