"""What everybody may see and nobody changes."""

import numpy as np


class FixedDict(dict):
    """A dictionary that is read alone. It is one to JSON, pickle and all else that takes one; `copy()` is an ordinary
    one."""

    __slots__ = ()

    def _refuse(self, *arguments, **keywords):
        raise TypeError("this dictionary cannot be changed: change a copy() of it")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self):
        return FixedDict, (dict(self),)


def fixed(value):
    """A value that nobody changes any more: of an array a copy in memory that cannot be made writeable."""
    if type(value) is not np.ndarray or type(value.base) is bytes:
        return value
    return np.ndarray(value.shape, value.dtype, value.tobytes())
