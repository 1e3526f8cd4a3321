"""What the registry offers, and inputs for any loss in it: what the tests run over."""

import numpy as np
import pytest
from oracles import ORACLES

import fastloss as fl

__all__ = [
    "DTYPES",
    "ELEMENTWISE",
    "EMBEDDINGS",
    "FMA_ISAS",
    "LOSSES",
    "RESIDUAL",
    "ROWWISE",
    "WITH_PARAM_GRAD",
    "WITH_TARGET",
    "arrays",
    "assert_same_bits",
    "cases",
    "each_isa",
    "inputs",
    "method",
    "outputs",
    "ready",
]

DTYPES = ("float32", "float64")
LOSSES = tuple(fl.list_losses())
ROWWISE = tuple(name for name in LOSSES if fl.get(name).family == "rows")
EMBEDDINGS = tuple(name for name in LOSSES if fl.get(name).family == "embeddings")
ELEMENTWISE = tuple(name for name in LOSSES if not fl.get(name).is_rowwise)
RESIDUAL = tuple(name for name in ELEMENTWISE if fl.get(name).has_weight)
WITH_PARAM_GRAD = tuple(name for name in ELEMENTWISE if fl.get(name).param_grads)
WITH_TARGET = tuple(name for name in ELEMENTWISE if fl.get(name).takes_target)
FMA_ISAS = tuple(name for name in fl.isas() if name != "baseline")


def cases(names=ELEMENTWISE):
    """pytest parameters (name, parameters): every setting of these elementwise losses, the first of which is quick."""
    return [
        pytest.param(
            name, {**fl.get(name).parameters, **case}, id=_label(name, case), marks=() if k else pytest.mark.quick
        )
        for name in names
        if name in ORACLES  # test_registry names those without
        for k, case in enumerate(ORACLES[name].cases)
    ]


def ready(name):
    """The loss, with the parameters that have no default set as in its first case."""
    loss = fl.get(name)
    missing = [parameter for parameter in loss.domains if parameter not in loss.parameters]
    return loss.bind(**{parameter: ORACLES[name].cases[0][parameter] for parameter in missing}) if missing else loss


def each_isa():
    """Every instruction set of this machine in turn; a fixture sets back the one before."""
    for isa in fl.isas():
        fl.use_isa(isa)
        yield isa


def _label(name, case):
    return "-".join([name, *(f"{parameter}={value}" for parameter, value in case.items())])


def outputs(name):
    loss = fl.get(name)
    return ("value", "grad", "hess", *(("weight",) if loss.has_weight else ()))


def method(loss, output):
    return loss if output == "value" else getattr(loss, output)


def inputs(name, dtype, parameters, count=160, seed=0):
    """Arrays over the whole domain: (residual,), (pred,) or (pred, target)."""
    oracle = ORACLES[name]
    return oracle.inputs(dtype, count, seed, oracle, **parameters)


def arrays(name, shape, dtype="float64", seed=0):
    """Arrays of a shape, of moderate size: (residual,), (pred,) or (pred, target)."""
    rng = np.random.default_rng(seed)
    if name in RESIDUAL:
        return ((3 * rng.standard_normal(shape)).astype(dtype),)
    numbers = rng.uniform(-8, 8, shape), rng.uniform(-8, 8, shape)
    return tuple(array.astype(dtype) for array in ORACLES[name].fold(*numbers))


def assert_same_bits(got, want):
    """Equal dtype, shape and bytes: signed zeros and NaNs count."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    kind = np.dtype(f"u{got.dtype.itemsize}")
    np.testing.assert_array_equal(np.ascontiguousarray(got).view(kind), np.ascontiguousarray(want).view(kind))
