"""Specs for batches with columns "r", "p" and "y", and what they give by the loss itself."""

import numpy as np

import fastloss as fl
from fastloss.files import Spec

RESIDUAL = Spec.of(fl.huber, residual="r", emit=("value", "weight"))
VALUE = Spec.of(fl.huber, pred="p", target="y")


def expected(table, spec=VALUE):
    """The first emitted output by the loss itself, None where an input is null."""
    inputs = [table[name].to_numpy() for name in spec.scored]
    (values,) = spec.loss.evaluate(*inputs, outputs=spec.emit[:1])
    return [None if np.isnan(value) else value for value in values.tolist()]
