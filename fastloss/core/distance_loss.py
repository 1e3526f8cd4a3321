"""Losses of embeddings that are beside each other: how they are declared and called."""

import inspect
import math

import numpy as np

from fastloss.core import distances, kernels
from fastloss.core.arguments import FLOAT32, FLOAT64, as_array, computing_dtype, shown, storage
from fastloss.core.domains import check_range
from fastloss.core.embedding_loss import EmbeddingLoss, Reduced, as_rows, new_outputs, one_per_row
from fastloss.core.floats import in_standard_floats
from fastloss.core.row_call import labels_in_range
from fastloss.core.threads import run_blocks

_REGISTRY = kernels.distance_registry()


class DistanceLoss(EmbeddingLoss):
    """A loss of rows of several arrays that belong together.

    It is declared as a function without a body: its target, if it has one, and its parameters with their defaults; the
    rest is in csrc/distances.def.
    """

    def __init__(self, declaration):
        name = declaration.__name__
        self._kernel, arrays, self.targets, traits, self._read = _REGISTRY[name]
        parameters = dict(inspect.signature(declaration).parameters)
        target = None if self.targets == "none" else next(iter(parameters))
        parameters.pop(target, None)
        domains = {name: self._read.get(name, "one number per layer, finite") for name in parameters}
        defaults = {name: p.default for name, p in parameters.items()}
        super().__init__(name, traits, domains, defaults, declaration.__doc__, arrays, target, self.targets == "label")

    @in_standard_floats
    def _compute(self, wants_value, wrt, arguments, keywords):
        given, sample_weight, reduction, num_threads, params = self._bound(arguments, keywords)
        layers = self._layers(given)
        rows = len(layers[0][0])
        first = layers[0][0]
        target = labels = None
        centers = len(layers[0][-1])
        if self.targets == "label":
            labels = _labels(given[self.target_name], self.target_name, rows, centers)
        elif self.targets != "none":
            target = one_per_row(given[self.target_name], self.target_name, rows, first)
        if sample_weight is not None:
            sample_weight = one_per_row(sample_weight, "sample_weight", rows, first)
        dtype = _dtype([array for layer in layers for array in layer], target, sample_weight)
        reduced = Reduced(rows, dtype, reduction, sample_weight, num_threads)
        wanted = [name in wrt for name in self.arrays]
        grads = [new_outputs([a.shape for a in layer], dtype, wanted) for layer in layers]
        values = np.empty(rows, dtype) if wants_value else None
        loop = distances.Distances(
            dtype is FLOAT64,
            self._kernel,
            rows,
            [
                distances.Layer(dtype is FLOAT64, [storage(a) for a in layer], g, p, math.prod(layer[0].shape[1:]))
                for layer, g, p in zip(layers, grads, self._kernel_parameters(params, layers, dtype), strict=True)
            ],
            target=None if target is None else storage(target),
            labels=labels,
            centers=centers,
            sample_weight=None if sample_weight is None else storage(sample_weight),
            value=values,
        )
        loop.factor = reduced.factor
        run_blocks(loop.run, loop.blocks, loop.block_size, num_threads)
        if labels is not None and grads[0][1] is not None:
            _sum_picked(loop, centers, loop.block_size, num_threads)
        by_name = {name: self._grad(grads, j) for j, name in enumerate(self.arrays)}
        return reduced.of(values) if wants_value else None, tuple(by_name[name] for name in wrt)

    def _layers(self, given):
        """[arrays that belong together, one row per value]: one list, but for feature maps"""
        arrays = [as_rows(given[name], name) for name in self.arrays]
        first = arrays[0]
        for name, array in zip(self.arrays[1:], arrays[1:], strict=True):
            if array.shape != first.shape and (self.targets != "label" or array.shape[1] != first.shape[1]):
                what = "equal widths" if self.targets == "label" else "equal shapes"
                raise ValueError(f"{self.arrays[0]} and {name} must have {what}, got {first.shape} and {array.shape}")
        return [arrays]

    def _kernel_parameters(self, params, layers, dtype):
        """For each layer, the parameters of the kernel"""
        for name, domain in self._read.items():
            check_range(name, params[name], domain, dtype)
        return [[float(params[name]) for name in self._read]]

    def _grad(self, grads, j):
        """What is returned of the gradients by the array j of each layer"""
        return grads[0][j]


class CenterLoss(DistanceLoss):
    """A factor 1/2 of the squared distance to the row that a label picks."""

    def _kernel_parameters(self, params, layers, dtype):
        return [[0.5]]


class FeatureDistance(DistanceLoss):
    """Of lists of feature maps: squared distances with a weight each, added."""

    def _layers(self, given):
        maps = []
        for name in self.arrays:
            if not isinstance(given[name], list | tuple):
                raise TypeError(f"{name} must be a list of feature maps (N, ...), got {type(given[name]).__name__}")
            maps.append([as_array(x, f"{name}[{i}]") for i, x in enumerate(given[name])])
        a, b = maps
        if len(a) != len(b) or not a:
            raise ValueError(f"a and b must hold as many feature maps, at least one, got {len(a)} and {len(b)}")
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if x.ndim < 2 or x.shape != y.shape or x.shape[0] != a[0].shape[0]:
                raise ValueError(
                    f"a[{i}] and b[{i}] must have equal shapes (N, ...) with {a[0].shape[:1]} rows, got {x.shape} and "
                    f"{y.shape}"
                )
        return list(zip(a, b, strict=True))

    def _check_param(self, name, value):
        if value is None:
            return None
        weights = as_array(value, name)
        if weights.ndim != 1 or not np.isfinite(weights).all():
            raise ValueError(f"{name} must be one finite number per layer, got {shown(value)}")
        return tuple(weights.tolist())

    def _kernel_parameters(self, params, layers, dtype):
        weights = (1.0,) * len(layers) if params["layer_weights"] is None else params["layer_weights"]
        if len(weights) != len(layers):
            raise ValueError(f"layer_weights must hold one number for each of {len(layers)} layers, got {len(weights)}")
        check_range("layer_weights", weights, "finite", dtype)
        sizes = (max(1, int(np.prod(a.shape[1:]))) for a, _ in layers)
        return [[weight / size] for weight, size in zip(weights, sizes, strict=True)]

    def _grad(self, grads, j):
        return [layer[j] for layer in grads]


def _dtype(arrays, target, sample_weight):
    """What a call computes in: float64 if any array is, or holds integers."""
    dtypes = {computing_dtype(array, target, sample_weight) for array in arrays}
    return FLOAT64 if FLOAT64 in dtypes else FLOAT32


def _labels(labels, name, rows, count):
    """Labels as int64, one per row, all in range; in memory of their own."""
    given = as_array(labels, name)
    if given.shape != (rows,):
        raise ValueError(f"{name} has shape {given.shape}, expected ({rows},): one label per row")
    own = np.empty(rows, np.int64)
    labels_in_range(given, name, None, count, "centers").copy_to(own)
    return own


def _sum_picked(loop, count, block_size, num_threads):
    step = loop.picked_per_block()

    def run(first, last):
        for begin in range(first * step, min(last * step, count), step):
            loop.run_picked(begin, min(begin + step, count))

    run_blocks(run, -(-count // step), block_size, num_threads)
