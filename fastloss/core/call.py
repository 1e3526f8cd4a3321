"""One call of a loss with one value an element: its arguments, checked, and the run over its blocks."""

import numpy as np

from fastloss.core import kernels
from fastloss.core.arguments import (
    FLOAT32,
    FLOAT64,
    STORAGES,
    as_array,
    as_array_beside,
    broadcast_parameter,
    broadcast_sample_weight,
    check_count,
    check_reduction,
    computing_dtype,
    lose_digits,
    storage,
)
from fastloss.core.sums import tree_sum
from fastloss.core.threads import run_blocks


class Call:
    """The checked arguments of one call."""

    __slots__ = (
        "arrays", "dtype", "factor", "given", "is_double", "loss", "num_threads", "operands", "reduction", "shape",
        "subtracts", "total_weight",
    )  # fmt: skip

    def __init__(self, loss, pred, target, sample_weight, reduction, num_threads, params):
        if type(reduction) is not str or reduction != "none":
            check_reduction(reduction)
        self.reduction = reduction
        self.num_threads = None if num_threads is None else check_count(num_threads)
        self.loss = loss
        pred = as_array(pred, "pred")
        if target is not None:
            if not loss.takes_target:
                raise TypeError(f"{loss.name} is a function of pred alone and takes no target")
            target = as_array_beside(pred, target, "target")
        elif loss.requires_target:
            raise TypeError(f"{loss.name} requires a target")
        if sample_weight is not None:
            sample_weight = as_array_beside(pred, sample_weight, "sample_weight")
        merged = loss._in_force(params)
        # only now, as any of these may have run code of others, which may have resized an array
        self.shape = shape = pred.shape
        if target is not None and target.shape != shape:
            if target.ndim:
                raise ValueError(f"pred and target must have equal shapes, got {shape} and {target.shape}")
            target = np.broadcast_to(target, shape)
        if sample_weight is not None:
            sample_weight = broadcast_sample_weight(sample_weight, shape)
        self.dtype = dtype = computing_dtype(pred, target, sample_weight)
        self.given = merged
        if dtype is FLOAT32 and (merged is not loss.parameters or not loss._fits_float32):
            loss._check_narrowed(merged)
        self.is_double = dtype is FLOAT64
        self.arrays = (pred, target, sample_weight, *merged.values())
        self.subtracts = loss.has_weight and target is not None and lose_digits(pred, target)
        self.operands = (
            storage(pred),
            None if target is None else storage(target),
            None if sample_weight is None else storage(sample_weight),
        )
        self.factor = 1.0
        self.total_weight = None
        if reduction == "mean":
            self.total_weight = self._total_weight()
            self.factor = kernels.mean_of(1.0, self.total_weight)

    def for_loop(self, parameters):
        """Parameters as the hot loops take them."""
        return [
            storage(broadcast_parameter(k, v, self.shape, self.dtype)) if type(v) is np.ndarray else v
            for k, v in parameters.items()
        ]

    def _total_weight(self):
        if self.operands[2] is None:
            return float(self.operands[0][0].size)
        return tree_sum(*self.operands[2], self.is_double, self.num_threads)

    def run(self, mask, by_number, keeps_sum=False):
        """Compute the outputs of `mask` into the arrays at their numbers; the reduced value if it `keeps_sum`."""
        loop = self.loss._loop(self, mask, by_number, keeps_sum)
        if loop.blocks == 1:  # a small call, where every nanosecond counts
            loop.run(0, 1)
        else:
            run_blocks(loop.run, loop.blocks, kernels.BLOCK, 1 if self.loss.calls_python else self.num_threads)
        if not keeps_sum:
            return None
        if self.reduction == "mean":
            return kernels.mean_of(loop.total(), self.total_weight)
        return loop.total()

    def sum_to(self, shape, grad):
        """A parameter's derivative summed over the axes that it was broadcast along."""
        if shape == ():
            return tree_sum(grad, STORAGES[grad.dtype.char], self.is_double, self.num_threads)
        lead = grad.ndim - len(shape)
        axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(shape) if n == 1 != grad.shape[i + lead])
        return grad.sum(axis=axes, dtype=np.float64).astype(self.dtype).reshape(shape)
