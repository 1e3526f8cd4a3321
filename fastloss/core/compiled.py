"""Compiled functions of numbers, double(double, ...), as other libraries hand them over."""

import ctypes
import re

from fastloss.core.functions import MOST_ARGUMENTS


def address_of(function, count, what):
    """The address of a compiled function of `count` doubles; None if it is a function of Python.

    Raises
    ------
    TypeError
        If it takes or returns something else.
    """
    pointer = getattr(function, "ctypes", function)  # of numba
    if isinstance(pointer, ctypes._CFuncPtr):
        if pointer.argtypes is None:
            raise TypeError(f"{what} has no types: set its argtypes and restype to ctypes.c_double")
        result, *arguments = [_text_of(kind) for kind in (pointer.restype, *pointer.argtypes)]
        are_doubles = {result, *arguments} == {"double"}
        _check(are_doubles, len(arguments), count, what, f"{result}({', '.join(arguments)})")
        return ctypes.cast(pointer, ctypes.c_void_p).value
    if type(function).__name__ == "LowLevelCallable" and isinstance(function, tuple):
        return _of_scipy(function, count, what)
    return None


def _text_of(kind):
    """The name of a type of ctypes, as C has it."""
    return "void" if kind is None else kind.__name__.removeprefix("c_")


def _of_scipy(function, count, what):
    """A LowLevelCallable is (capsule that is named by the signature, function, user data)."""
    capsule = tuple.__getitem__(function, 0)  # which its class hides
    if _context_of(capsule):
        raise TypeError(f"{what} has user data: it is a function of numbers alone")
    signature = _name_of(capsule)
    found = re.fullmatch(rb"double \((.*)\)", signature.strip())
    arguments = [kind.strip() for kind in found[1].split(b",")] if found else []
    _check(bool(found) and set(arguments) == {b"double"}, len(arguments), count, what, signature.decode())
    return _pointer_of(capsule, signature)


def _check(are_doubles, given, count, what, types):
    if not are_doubles or given != count:
        raise TypeError(f"{what} must be double({', '.join(['double'] * count)}), got {types}")
    if count > MOST_ARGUMENTS:
        raise TypeError(f"{what} has {count} arguments: compiled functions have at most {MOST_ARGUMENTS}")


def _of_capsules(name, result, *arguments):
    return ctypes.PYFUNCTYPE(result, ctypes.py_object, *arguments)((f"PyCapsule_{name}", ctypes.pythonapi))


_name_of = _of_capsules("GetName", ctypes.c_char_p)
_context_of = _of_capsules("GetContext", ctypes.c_void_p)
_pointer_of = _of_capsules("GetPointer", ctypes.c_void_p, ctypes.c_char_p)
