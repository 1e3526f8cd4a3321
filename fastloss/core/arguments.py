"""Checks and conversions of arguments: all errors in them are raised here, before anything is written."""

import functools
import sys
from numbers import Integral

import numpy as np

from fastloss.core.allocation import empty
from fastloss.core.buffers import AS_BITS, STORAGE_NAMES, STORAGES, are_same
from fastloss.core.foreign import from_foreign

EXPECTED = f"expected {', '.join(STORAGE_NAMES)}, integers or booleans"
REDUCTIONS = ("none", "sum", "mean")
INFINITY = float("inf")
LINE_BYTES = 64  # of a cache
SHOWN = 100  # characters of a value in a message
OVERLAP_WORK = 10_000  # of NumPy's search for an element that two arrays have in common


def near_names(name, known, others=None):
    """For an error message: the names like `name`, at most five; if there are none all of them, or `others`."""
    import difflib  # which takes longer than all other imports

    name, ordered = str(name), sorted(known)
    near = difflib.get_close_matches(name, ordered, n=5)
    if not near and len(name) > 2:  # a part of a name, as cross of cross_entropy
        near = [one for one in ordered if name in one][:5]
    return others if others and not near else f"did you mean: {', '.join(near or known)}?"


def shown(value):
    """A value as error messages print it: in one line, short, and whatever it is."""
    if isinstance(value, np.number | np.bool_ | np.str_):  # 7 of np.int64(7)
        value = value.item()
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[:SHOWN] + "...")
    try:
        text = repr(value)
    except Exception:  # of a class of the caller's; or an integer of thousands of digits
        text = f"an integer of {value.bit_length()} bits" if isinstance(value, int) else f"a {type(value).__name__}"
    if "\n" in text:
        text = " ".join(text.split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def check_count(value, name="num_threads"):
    if isinstance(value, Integral) and not isinstance(value, bool) and value >= 1:
        return int(value)
    raise ValueError(f"{name} must be an integer >= 1, got {shown(value)}")


def check_reduction(reduction):
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of 'none', 'sum', 'mean', got {shown(reduction)}")


def as_names(names, name):
    """One name, or several, as a tuple; of strings alone."""
    if isinstance(names, str):
        return (names,)
    try:
        names = tuple(names)
    except Exception as error:  # a class of the caller's may raise anything
        raise TypeError(f"{name} must be a name or a tuple of names, got {shown(names)}") from error
    if not all(isinstance(one, str) for one in names):
        raise ValueError(f"{name} must be a name or a tuple of names, got {shown(names)}")
    return names


def as_array(x, name):
    """`x` as an array of floats, integers or booleans; bfloat16 counts as a float."""
    array = x
    if type(x) is not np.ndarray:
        refuse_mask(x, name)
        array = from_foreign(x, name)
    dtype = array.dtype
    if dtype.char in "fd" or dtype.kind in "biu" or dtype.name in STORAGE_NAMES:
        return array
    given = f", which is {shown(x)}" if dtype.kind == "O" and not array.ndim else ""
    fix = "give its toarray()" if hasattr(x, "toarray") else EXPECTED
    raise TypeError(f"unsupported dtype {dtype} for {name!r}{given}; {fix}")


def refuse_mask(x, name):
    masked = sys.modules.get("numpy.ma")  # which nobody has a mask without, and which takes long to import
    if masked is not None and isinstance(x, masked.MaskedArray):
        raise TypeError(f"{name!r} is a masked array, whose mask would be lost; fill it first")


def as_array_beside(pred, x, name):
    """`x` as an array; a Python float takes the dtype that pred is computed in, as it does beside NumPy's arrays."""
    return np.asarray(x, computing_dtype(pred)) if type(x) is float else as_array(x, name)


def is_integral(array):
    return array.dtype.kind in "biu"


def whole_numbers(labels, name):
    """Labels as integers: floats are taken where all are whole."""
    if is_integral(labels):
        return labels
    numbers = labels.astype(FLOAT64, copy=False)
    with np.errstate(invalid="ignore"):
        integers = numbers.astype(np.int64)
    if (integers == numbers).all():
        return integers
    is_whole = (numbers == np.trunc(numbers)) & (abs(numbers) != INFINITY)
    if not is_whole.all():
        row = int(is_whole.argmin())
        null = ", it is NaN or null" if numbers.flat[row] != numbers.flat[row] else ""
        raise ValueError(
            f"{name} {numbers.flat[row]} at row {row} is not a whole number{null}: labels are integers, one per row"
        )
    # the labels that differ are whole numbers beyond int64, where there is no class: they become the largest int64
    return np.where(integers == numbers, integers, np.iinfo(np.int64).max)


def label_text(label):
    """A label as error messages print it: 7 of 7.0."""
    return str(label) if label.dtype.kind in "biu" else f"{float(label):.16g}"


def computing_dtype(pred, target=None, sample_weight=None):
    """float64 if any floating input is, or if pred is integral; else float32."""
    if pred.dtype.char == "d" or is_integral(pred):
        return FLOAT64
    if (target is not None and target.dtype.char == "d") or (
        sample_weight is not None and sample_weight.dtype.char == "d"
    ):
        return FLOAT64
    return FLOAT32


FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def storage(array):
    """(array, storage) as the hot loops read it: bfloat16 as its bits."""
    number = STORAGES[array.dtype.char]
    if number not in AS_BITS:
        return array, number
    return array.view(np.dtype(f"u{array.itemsize}").newbyteorder(array.dtype.byteorder)), number


def lose_digits(pred, target):
    """Whether both are integers, of which float64 may round some before they are subtracted."""
    return is_integral(pred) and is_integral(target) and max(pred.dtype.itemsize, target.dtype.itemsize) == 8


def broadcast_parameter(name, value, shape, dtype):
    """An array parameter in the computing dtype, seen in the input's shape without a copy of that size."""
    if value.dtype != dtype:
        with np.errstate(over="ignore"):  # to infinity, where that is part of the domain
            value = value.astype(dtype)
    if value.shape == shape:
        return value
    try:
        return np.broadcast_to(value, shape)
    except ValueError:
        raise ValueError(
            f"{name} of shape {value.shape} does not broadcast against the input's shape {shape}; "
            "give one value, one per column or one per element"
        ) from None


def broadcast_sample_weight(weight, shape):
    """sample_weight in the input's shape, from that shape, one value a row, or one for all."""
    if weight.shape == shape:
        return weight
    if weight.ndim == 0:
        return np.broadcast_to(weight, shape)
    if len(shape) > 1 and weight.shape == shape[:1]:
        return np.broadcast_to(weight.reshape(weight.shape + (1,) * (len(shape) - 1)), shape)
    raise ValueError(
        f"sample_weight of shape {weight.shape} does not fit the input's shape {shape}; "
        "give that shape, one value a row or one for all"
    )


def check_outputs(out, shapes, dtype, inputs, in_place=True):
    """(arrays to compute into, where they go then) for an `out` argument; see `final_results`.

    An `out` that overlaps an input is computed into a temporary, unless it is exactly one of the first two inputs and
    the call can work `in_place`.
    """
    if out is None:
        return [empty(shape, dtype) for shape in shapes], None
    outs = tuple(out) if isinstance(out, tuple) else (out,)
    count = len(shapes)
    if len(outs) != count:
        raise ValueError(f"out must hold {count} array{'s' * (count != 1)}, got {len(outs)}")
    for o in outs:
        if not isinstance(o, np.ndarray):
            raise TypeError(f"out must be a numpy array, got {type(o).__name__}")
        if type(o) is not np.ndarray:
            refuse_mask(o, "out")
    views = [np.asarray(o) for o in outs]  # what a class of the caller's says about its arrays need not be so
    for view, shape in zip(views, shapes, strict=True):
        if view.shape != shape:
            raise ValueError(f"out has shape {view.shape}, expected {shape}")
        if view.dtype != dtype or not view.dtype.isnative:
            raise TypeError(f"out has dtype {view.dtype}, expected {dtype}")
        if not view.flags.writeable:
            raise ValueError("out is read-only")
    for i, view in enumerate(views):
        if any(share_memory(view, other) for other in views[:i]):
            raise ValueError("out holds arrays that share memory; give each output its own")
        if _overlaps_itself(view):
            raise ValueError("out has elements that share memory; give an array that has its own for each")
    if any(_is_in_the_way(view, inputs, in_place) for view in views):
        return [empty(shape, dtype) for shape in shapes], (views, outs)
    return views, (views, outs)


def final_results(computed, destination):
    """The results of a call: copied where they go, if they were computed beside that (check_outputs); numbers for
    arrays without axes."""
    if destination is None:
        return [array if array.ndim else array[()] for array in computed]
    views, outs = destination
    for array, view in zip(computed, views, strict=True):
        if array is not view:
            view[...] = array
    return list(outs)


def _is_in_the_way(out, inputs, in_place):
    """Whether writing an output could change an input before it is read."""

    def disturbs(j, array):
        if type(array) is not np.ndarray or not share_memory(out, array):
            return False
        return not (in_place and j < 2 and array.dtype == out.dtype and are_same(out, array))

    return any(disturbs(j, array) for j, array in enumerate(inputs))


def share_memory(a, b):
    """Whether two arrays have a byte in common; True, too, where that would take long to find out."""
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=OVERLAP_WORK)
    except RuntimeError:  # NumPy's TooHardError
        return True


def _overlaps_itself(array):
    """Whether two elements of an array have a byte in common."""
    if array.flags.c_contiguous:
        return False
    axes = sorted((abs(stride), n) for stride, n in zip(array.strides, array.shape, strict=True) if n > 1)
    span, are_nested = array.itemsize, True
    for stride, n in axes:
        are_nested = are_nested and stride >= span
        span += stride * (n - 1)
    if are_nested or array.nbytes > span:
        return not are_nested
    places = functools.reduce(np.add.outer, [stride * np.arange(n) for stride, n in axes]).ravel()
    return bool((np.diff(np.sort(places)) < array.itemsize).any())
