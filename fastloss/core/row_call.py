"""One call over rows of logits: its arguments, checked, and its results."""

import math

import numpy as np

from fastloss.core import rows
from fastloss.core.arguments import (
    as_array,
    as_array_beside,
    check_count,
    computing_dtype,
    is_integral,
    label_text,
    shown,
    storage,
    whole_numbers,
)
from fastloss.core.domains import check_integer, check_range
from fastloss.core.sums import tree_sum
from fastloss.core.threads import run_blocks

# The targets that a row loss may take, as kernels.TARGETS has them
LABELS, LABELS_OR_PROBABILITIES, LOGITS = "labels", "labels or probabilities", "logits"


class RowCall:
    """The checked arguments of one call over rows; the class axis is moved last. `is_asked` is whether the user says
    which it is."""

    def __init__(
        self,
        logits,
        axis,
        num_threads,
        target=None,
        sample_weight=None,
        targets=LABELS_OR_PROBABILITIES,
        labels=None,
        is_asked=True,
    ):
        self.num_threads = None if num_threads is None else check_count(num_threads)
        self.logits = as_array(logits, "logits")
        self.shape = self.logits.shape
        self._is_asked = is_asked
        self.axis = self._check_axis(axis)
        self.rows = self.shape[: self.axis] + self.shape[self.axis + 1 :]
        self.classes = self.shape[self.axis]
        self.target = None if target is None else as_array(target, "target")
        self.given_labels, self.labels_name = None if labels is None else as_array(labels, "labels"), "labels"
        if self.target is not None and self._are_labels(self.target, targets):
            self.given_labels, self.labels_name, self.target = self.target, "target", None
        if self.classes == 0:
            raise ValueError(f"expected at least one class, got logits of shape {self.shape}")
        self._check_target_shapes(targets)
        self.sample_weight = None if sample_weight is None else self._one_per_row(sample_weight)
        self.dtype = computing_dtype(self.logits, self.target, self.sample_weight)
        self.is_double = self.dtype.itemsize == 8

    def _check_axis(self, axis):
        if isinstance(axis, bool | np.bool_):
            raise TypeError(f"axis must be an integer, got {axis}")
        axis, ndim = check_integer("axis", axis), self.logits.ndim
        if ndim == 0:
            raise ValueError("logits must have an axis of classes, got a scalar")
        if not -ndim <= axis < ndim:
            raise ValueError(f"axis {shown(axis)} is out of bounds for logits of shape {self.shape}")
        return axis % ndim

    def _are_labels(self, target, targets):
        """Whether a target holds labels: integers do, and floats that are one per row."""
        if targets == LOGITS:
            return False
        if is_integral(target) or target.shape == self.rows:
            return True
        if is_integral(self.logits) or target.ndim > self.logits.ndim:
            raise TypeError(
                f"logits are {self.logits.dtype} of shape {self.shape} and target is {target.dtype} of shape "
                f"{target.shape}: the arguments look swapped; logits must be floats"
            )
        if targets == LABELS and target.shape == self.shape:
            raise TypeError(
                f"target must be integers, one label per row, got {target.dtype} of the logits' shape {self.shape}"
            )
        return targets == LABELS

    def _check_target_shapes(self, targets):
        if self.given_labels is not None:
            self._check_shape(self.labels_name, self.given_labels, self.rows, self._where_labels_fit())
        if self.target is not None:
            what = "floats are class probabilities, or labels if they are one per row"
            what = "they are logits too, a teacher's" if targets == LOGITS else what
            self._check_shape("target", self.target, self.shape, what)

    def _where_labels_fit(self):
        """What is wrong with labels of another shape than that of the rows."""
        wanted, shape = self.given_labels.shape, self.shape
        fit = [axis for axis in range(len(shape)) if shape[:axis] + shape[axis + 1 :] == wanted]
        if not fit:
            return "labels are one per row"
        advice = f"axis={fit[0]}" if self._is_asked else f"numpy.moveaxis(logits, {fit[0]}, -1)"
        return f"labels are one per row; they fit {advice}"

    def _check_shape(self, name, array, wanted, what):
        if array.shape != wanted:
            raise ValueError(
                f"{name} of {array.dtype} has shape {array.shape}, expected {wanted} for logits of shape "
                f"{self.shape}: {what}"
            )

    def _one_per_row(self, sample_weight):
        sample_weight = as_array_beside(self.logits, sample_weight, "sample_weight")
        if sample_weight.ndim == 0:
            return np.broadcast_to(sample_weight, self.rows)
        self._check_shape("sample_weight", sample_weight, self.rows, "give one value per row, or one for all")
        return sample_weight

    @property
    def inputs(self):
        """The arrays that outputs must not disturb."""
        return [a for a in (self.logits, self.target, self.given_labels, self.sample_weight) if a is not None]

    def rounded(self, name, value, domain):
        """A parameter rounded to the computing dtype, in which it must be finite, and not 0 unless it is 0."""
        check_range(name, value, domain, self.dtype)
        return float(self.dtype.type(value))

    def classes_last(self, array):
        return array if self.axis == array.ndim - 1 else np.moveaxis(array, self.axis, -1)

    def operand(self, array):
        """An array as the hot loops read it."""
        return None if array is None else storage(array)

    def labels(self, ignore_index):
        """The labels, each of them a class or ignored; None if the call has none."""
        if self.given_labels is None:
            return None
        return labels_in_range(self.given_labels, self.labels_name, ignore_index, self.classes)

    def class_weights(self, class_weight):
        """One weight per class, contiguous and in the computing dtype."""
        if class_weight is None:
            return None
        if class_weight.shape != (self.classes,):
            raise ValueError(
                f"class_weight has shape {class_weight.shape}, expected ({self.classes},) for logits of "
                f"shape {self.shape}"
            )
        check_range("class_weight", class_weight, ">= 0", self.dtype)
        return np.array(class_weight, self.dtype)  # of the call's own: it may overlap an output

    def loop(self, kernel, parameters, elements, value=None, **others):
        """The hot loop over rows, prepared: `elements` is {GRAD or HESS: output}, `value` an output per row."""
        target = None if self.target is None else self.operand(self.classes_last(self.target))
        return rows.Rows(
            self.is_double,
            math.prod(self.rows),
            self.classes,
            self.operand(self.classes_last(self.logits)),
            kernel=kernel,
            parameters=parameters,
            target=target,
            value=value,
            elements={element: self.classes_last(array) for element, array in elements.items()},
            sample_weight=self.operand(self.sample_weight),
            **others,
        )

    def run(self, loop):
        """All rows of a loop."""
        run_blocks(loop.run, loop.blocks, loop.block_size, self.num_threads)

    def sum(self, values):
        return tree_sum(*storage(values), self.is_double, self.num_threads)


def labels_in_range(given, name, ignore_index, count, what="classes"):
    """Labels as the hot loops read them, each below `count` or ignored."""
    labels = rows.Labels(*storage(whole_numbers(given, name)), ignore_index, count)
    row = labels.first_out_of_range()
    if row >= 0:
        raise IndexError(f"{name} {label_text(given.flat[row])} at row {row} is out of bounds for {count} {what}")
    return labels
