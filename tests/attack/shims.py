"""The C of the attacks, compiled when it is needed by the compiler at hand."""

import ctypes
import os
import shlex
import subprocess
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["compiled", "environment"]

HERE = Path(__file__).parent


@cache
def compiled(name):
    """The path of a shared library of one source. Each process makes its own."""
    path = Path(tempfile.mkdtemp()) / f"{name}.so"
    compiler = shlex.split(os.environ.get("CC", "gcc"))
    subprocess.run([*compiler, "-shared", "-fPIC", "-O1", str(HERE / f"{name}.c"), "-o", str(path)], check=True)
    return path


@cache
def environment():
    """(get(), set(bits), the modes to set) of this thread's floating-point environment"""
    library = ctypes.CDLL(str(compiled("environment")))
    library.attack_environment.restype = ctypes.c_ulong
    library.attack_set_environment.argtypes = [ctypes.c_ulong]
    modes, found = (ctypes.c_ulong * 16).in_dll(library, "attack_modes"), []
    for mode in modes:
        if mode == 0:
            return library.attack_environment, library.attack_set_environment, tuple(found)
        found.append(mode)
    raise ValueError("attack_modes has no end")
