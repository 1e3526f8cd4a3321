"""Arrays that lie against memory which may not be touched: reading or writing one byte beyond ends the process."""

import ctypes
import mmap

import numpy as np

__all__ = ["CANARY", "Slots", "memory_order"]

PAGE = mmap.PAGESIZE
PROT_NONE = 0
CANARY = 0xA5
MARGIN = 128  # bytes of canary that are looked at on either side of an output

_libc = ctypes.CDLL(None, use_errno=True)


class Slot:
    """Pages between two that may not be touched."""

    def __init__(self, size):
        size = -(-size // PAGE) * PAGE
        self._map = mmap.mmap(-1, size + 2 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        whole = np.frombuffer(self._map, np.uint8)
        self.memory = whole[PAGE : PAGE + size]
        address = whole.ctypes.data
        for page in (address, address + PAGE + size):
            if _libc.mprotect(ctypes.c_void_p(page), PAGE, PROT_NONE):
                raise OSError(ctypes.get_errno(), "mprotect")


class Slots:
    """Slots of several sizes, given out again after each call."""

    def __init__(self):
        self._kept = {}
        self._used = {}

    def array(self, shape, dtype, strides, at_end, shift):
        """(an array whose outermost byte is `shift` bytes from the end of a slot, or from its beginning; the memory
        around it)"""
        if 0 in shape:
            return np.empty(shape, dtype), np.empty(0, np.uint8)
        steps = [(n - 1) * stride for n, stride in zip(shape, strides, strict=True)]
        below = -sum(step for step in steps if step < 0)
        extent = below + sum(step for step in steps if step > 0) + dtype.itemsize
        memory = self._take(extent + shift).memory
        start = memory.size - extent - shift if at_end else shift
        low, high = max(start - MARGIN, 0), min(start + extent + MARGIN, memory.size)
        return np.ndarray(shape, dtype, memory, start + below, strides), memory[low:high]

    def _take(self, size):
        size = 1 << max(16, (size - 1).bit_length())
        kept, used = self._kept.setdefault(size, []), self._used.get(size, 0)
        if used == len(kept):
            kept.append(Slot(size))
        self._used[size] = used + 1
        return kept[used]

    def release(self):
        self._used.clear()


def memory_order(shape, itemsize, axes, step, padding):
    """Strides of an array whose axes lie in memory in this order, outermost first, the last with a step between its
    elements, every row with some elements of padding."""
    strides, size = [0] * len(shape), itemsize * step
    for k, axis in enumerate(reversed(axes)):
        strides[axis] = size
        size *= max(shape[axis], 1)
        if k == 0:
            size += padding * itemsize
    return strides
