"""A call of the tiled loops: its embeddings, checked, and what runs after what, on how many threads."""

from typing import NamedTuple

import numpy as np

from fastloss.core import kernels, tiles
from fastloss.core.arguments import (
    LINE_BYTES,
    as_array,
    computing_dtype,
    is_integral,
    storage,
)
from fastloss.core.domains import check_range
from fastloss.core.embedding_loss import one_per_row
from fastloss.core.row_call import labels_in_range
from fastloss.core.sums import tree_sum
from fastloss.core.threads import run_blocks, threads_of_call


class Form(NamedTuple):
    """How logits are made of products, and what becomes of the label's: see csrc/tiles/api.h."""

    normalized: tuple = (False, False)  # the vectors of the rows, of the columns
    scale: float = 1.0
    bias_scale: float = 1.0
    smoothing: float = 0.0
    margin: str = "none"
    margin_parameters: tuple = ()


class TileCall:
    """The checked arguments of one call: {name: embeddings} of shapes (N, D), of which the first so many are rows."""

    def __init__(self, embeddings, sample_weight, num_threads, row_arrays):
        self.threads = threads_of_call(num_threads)
        self.embeddings = {name: _as_vectors(array, name) for name, array in embeddings.items()}
        (first, x), *others = self.embeddings.items()
        for name, array in others:
            if array.shape[-1] != x.shape[-1]:
                raise ValueError(
                    f"{first} of shape {x.shape} and {name} of shape {array.shape} must have vectors of one width"
                )
        self.count = sum(len(array) for array in list(self.embeddings.values())[:row_arrays])
        self.sample_weight = sample_weight
        if sample_weight is not None:
            self.sample_weight = one_per_row(sample_weight, "sample_weight", self.count, x)
        weight = self.sample_weight
        doubles = [computing_dtype(array, None, weight) for array in self.embeddings.values()]
        self.dtype = max(doubles, key=lambda dtype: dtype.itemsize)
        self.is_double = self.dtype.itemsize == 8

    def operands(self, *names):
        """Embeddings as the hot loops read them."""
        return [storage(self.embeddings[name]) for name in names]

    def rounded(self, name, value):
        """A parameter in the computing dtype, where it and its inverse must be finite, and not 0 unless it was."""
        with np.errstate(over="ignore", divide="ignore"):
            stored = self.dtype.type(value)
            lasts = np.isfinite(stored) and (value == 0 or (stored != 0 and np.isfinite(1 / stored)))
        if not lasts:
            raise ValueError(f"{name} must be within the range of {self.dtype.name}, got {value}")
        return float(stored)

    def labels(self, target, ignore_index, classes):
        """One label per row, all in range or ignored."""
        target = as_array(target, "target")
        if target.shape != (self.count,):
            if target.ndim == 2 and not is_integral(target):
                raise TypeError(
                    f"target must be integers, one label per row, got {target.dtype} of shape {target.shape}: class "
                    "probabilities are not taken, which would be as many as the logits"
                )
            raise ValueError(f"target has shape {target.shape}, expected ({self.count},): labels are one per row")
        return labels_in_range(target, "target", ignore_index, classes)

    def per_class(self, name, array, classes):
        """One number per class, contiguous and in the computing dtype."""
        if array is None:
            return None
        if array.shape != (classes,):
            raise ValueError(f"{name} has shape {array.shape}, expected ({classes},): give one value per class")
        counts = array if name == "class_weight" else np.where(abs(array) > 1, array, 0)  # 0 is a small bias, rounded
        check_range(name, counts, "finite", self.dtype)
        return np.ascontiguousarray(array, self.dtype)

    def loop(self, form, x, w, x_grads, w_grads, **others):
        """The hot loop, prepared: rows and columns are lists of names, their derivatives of arrays or None."""
        weight = self.sample_weight
        return tiles.Tiles(
            self.is_double,
            self.operands(*x),
            self.operands(*w),
            x_grads=x_grads,
            w_grads=w_grads,
            value=np.empty(self.count, self.dtype),
            sample_weight=None if weight is None else storage(weight),
            normalized=form.normalized,
            scale=form.scale,
            bias_scale=form.bias_scale,
            smoothing=form.smoothing,
            margin=kernels.MARGINS[form.margin],
            margin_parameters=form.margin_parameters,
            threads=self.threads,
            **others,
        )

    def mirrored(self, form, names, grads, groups, shares, excludes_self):
        """The loop over embeddings that are rows and columns alike, drawn to the others of their groups."""
        by = [grads.get(name) for name in names]
        roles = np.empty(tiles.ROLES * (self.count + tiles.COLUMNS + LINE_BYTES), self.dtype) if grads else None
        return self.loop(
            form, names, names, by, [None] * len(by),
            groups=groups, shares=shares, roles=roles, excludes_self=excludes_self,
        )  # fmt: skip

    def run(self, loop):
        """All losses and derivatives that a loop was prepared for; these by what products are made of."""
        if not loop.has_grads:
            self._run(loop.reduce, loop.row_tiles, loop.work)
            return
        if loop.is_mirrored:
            self._run(loop.reduce, loop.row_tiles, loop.work)
        if loop.is_mirrored or loop.is_apart:
            self._run(loop.differentiate_alone, loop.row_tiles, loop.work)
        else:
            self._run_groups(loop)

    def finish(self, loop):
        """The derivatives by the embeddings, once all loops over them have run."""
        self._run(loop.finish_rows, loop.tiles_of_rows, tiles.COLUMNS * loop.width)
        self._run(loop.finish_columns, loop.tiles_of_columns, tiles.COLUMNS * loop.width)
        self._run(loop.finish_partners, loop.tiles_of_partners, tiles.COLUMNS * loop.width)

    def _run_groups(self, loop):
        first = 0
        while first < loop.row_tiles:
            count = loop.begin_group(first)
            self._run(loop.reduce_group, count, loop.work)
            begin = 0
            while begin < loop.column_tiles:
                columns = loop.begin_block(begin)
                self._run(loop.differentiate, count, loop.work)
                if loop.has_column_grads:
                    self._run(loop.transfer, columns, loop.work * count // loop.column_tiles)
                begin += columns
            first += count

    def _run(self, function, blocks, work):
        run_blocks(function, blocks, work, self.threads)

    def sum(self, values):
        return tree_sum(*storage(values), self.is_double, self.threads)


def _as_vectors(array, name):
    array = as_array(array, name)
    dimensions = (2, 3) if name == "negatives" else (2,)
    if array.ndim not in dimensions or array.shape[-1] == 0:
        flat = f": give {name}.reshape(-1, {array.shape[-1]})" if array.ndim > 2 and array.shape[-1] else ""
        raise ValueError(f"{name} must have shape (vectors, numbers of each), got shape {array.shape}{flat}")
    return array
