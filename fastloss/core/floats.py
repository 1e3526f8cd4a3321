"""Python in the floating-point environment of the kernels, where a thread has another."""

from functools import wraps

from fastloss.core.kernels import StandardFloats, are_standard_floats


def in_standard_floats(function):
    """A function that runs in it: parameters are rounded, and sums divided, as they always are."""

    @wraps(function)
    def call(*arguments, **keywords):
        if are_standard_floats():
            return function(*arguments, **keywords)
        with StandardFloats():
            return function(*arguments, **keywords)

    return call
