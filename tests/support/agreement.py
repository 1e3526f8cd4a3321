"""What the comparisons with other libraries share."""

import warnings

import numpy as np
import pytest

__all__ = ["CLOSE", "agree", "importing", "with_torch"]

CLOSE = {"rtol": 1e-12, "atol": 1e-14}


def importing(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # their own deprecations are not ours
        return pytest.importorskip(name, reason=f"{name} is not installed")


def with_torch(torch, function, pred, target, **keywords):
    """(value, gradient) of a torch loss."""
    p = torch.tensor(pred, requires_grad=True)
    value = function(p, torch.tensor(target), **keywords)
    value.sum().backward()
    return value.detach().numpy(), p.grad.numpy()


def agree(got, want):
    for one, two in zip(got, want, strict=True):
        np.testing.assert_allclose(one, two, **CLOSE)
