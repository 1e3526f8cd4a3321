"""The same arrays in other places, orders and containers; outputs wherever they may be asked for."""

import sys

import numpy as np
import pyarrow as pa

from .guarded import CANARY, memory_order

__all__ = ["Output", "placed"]

LISTED = ("float64", "int64", "bool")  # the dtypes that NumPy gives to lists


# Objects that have nothing but one of the protocols of arrays


class WithInterface:
    def __init__(self, array):
        self._array, self.__array_interface__ = array, array.__array_interface__


class WithArray:
    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array


class WithDlpack:
    def __init__(self, array):
        self._array = array

    def __dlpack__(self, **keywords):
        return self._array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self._array.__dlpack_device__()


class Subclass(np.ndarray):
    pass


def _strided(random, slots, array, dtype):
    """Memory in a slot for an array like this one, in some layout."""
    shape = array.shape
    axes = list(range(array.ndim))
    layout = random.choice(("contiguous", "contiguous", "padded", "stepped", "any order", "reversed", "misaligned"))
    step = random.choice((2, 3, 7)) if layout == "stepped" else 1
    if layout == "any order":
        random.shuffle(axes)
    strides = memory_order(shape, dtype.itemsize, axes, step, random.randint(1, 9) if layout == "padded" else 0)
    if layout == "reversed":
        strides = [random.choice((-1, 1)) * stride for stride in strides]
    shift = random.randint(0, 63) if layout == "misaligned" else dtype.itemsize * random.choice((0, 0, 1, 3))
    return slots.array(shape, dtype, strides, random.random() < 0.7, shift)


def placed(random, slots, array):
    """What stands for an array in a call: its numbers in guarded memory, in one of the layouts and containers."""
    dtype = array.dtype
    if dtype.kind in "fiu" and dtype.itemsize > 1 and random.random() < 0.08:
        dtype = dtype.newbyteorder(">")
    if array.ndim and len(array) > 1 and random.random() < 0.1 and (array == array[:1]).all():
        row, _ = _strided(random, slots, array[:1], dtype)
        row[...] = array[:1]
        return np.broadcast_to(row, array.shape)
    copy, _ = _strided(random, slots, array, dtype)
    copy[...] = array
    if random.random() < 0.3:
        copy.flags.writeable = False
    return copy if random.random() < 0.7 else _contained(random, copy)


def _contained(random, array):
    """An array in another container, one that can hold it."""
    dtype, dense = array.dtype, array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative
    dense = dense and min(array.strides, default=0) >= 0
    kinds = [WithArray, WithInterface, lambda a: a.view(Subclass)]
    if dtype.isnative and dtype.kind in "fiu" and array.flags.aligned:
        kinds.append(memoryview)
        if array.flags.writeable:
            kinds.append(WithDlpack)
    if dtype.name in LISTED and array.ndim and array.size and array.size < 2000:
        kinds.append(lambda a: a.tolist())
    hosts = sys.modules
    if dense and array.flags.writeable and dtype.kind in "fi" and "torch" in hosts:
        kinds.append(hosts["torch"].from_numpy)
    if dense and array.ndim == 1 and dtype.kind in "fiu" and dtype.name != "bfloat16":
        kinds.append(pa.array)
        kinds += [hosts["polars"].Series] if "polars" in hosts and dtype.itemsize > 2 else []
        kinds += [hosts["pandas"].Series] if "pandas" in hosts else []
    if dtype.name == "bfloat16":  # which protocols and buffers cannot name
        return array.view(Subclass)
    return random.choice(kinds)(array)


class Output:
    """An array for results in guarded memory, around which nothing may be written."""

    def __init__(self, random, slots, like):
        self.array, self._region = _strided(random, slots, like, like.dtype)
        self._region[:] = CANARY
        self._untouched = self._region.copy()

    def is_untouched(self):
        return np.array_equal(self._region, self._untouched)

    def differs(self, want):
        """What is wrong after a call that was to leave `want`: nothing, or a word."""
        got = self.array.copy(order="C")
        self.array[...] = np.frombuffer(bytes([CANARY]) * self.array.itemsize, self.array.dtype)[0]
        if not self.is_untouched():
            return "write outside of out"
        return "" if same_bits(got, want) else "wrong bits"


def same_bits(got, want):
    """Equal dtype, shape and bytes; of a NaN there is one kind."""
    if got.dtype != want.dtype or got.shape != want.shape:
        return False
    got, want = np.ascontiguousarray(got), np.ascontiguousarray(want)
    if got.tobytes() == want.tobytes():
        return True
    differ = got.reshape(-1).view(f"u{got.itemsize}") != want.reshape(-1).view(f"u{want.itemsize}")
    return bool((np.isnan(got.reshape(-1)[differ]) & np.isnan(want.reshape(-1)[differ])).all())
