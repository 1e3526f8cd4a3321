"""C of the kernels, compiled by a test with the flags of setup.py."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from setup_constants import ISA_FLAGS, KERNEL_FLAGS

import fastloss as fl

ROOT = Path(__file__).resolve().parents[2]
CSRC = ROOT / "csrc"
COMPILER = shlex.split(os.environ.get("CC", "gcc"))


def need_compiler():
    if not shutil.which(COMPILER[0]):
        pytest.skip(f"there is no compiler {COMPILER[0]}", allow_module_level=True)


def kernel_flags(isa, arithmetic, csrc=CSRC, optimize="-O1"):
    """What setup.py compiles an object of kernels with, less optimized."""
    own = next(isas[isa] for isas in ISA_FLAGS.values() if isa in isas)
    flags = [flag for flag in KERNEL_FLAGS if flag != "-O3"]
    return [*flags, *own, optimize, "-I", csrc, "-include", f"simd/{isa}.h", f"-DFL_ARITH={arithmetic}"]


def compile_c(*arguments):
    subprocess.run([*COMPILER, *map(str, arguments)], check=True)


def isas():
    """The instruction sets that this machine runs."""
    return fl.isas()
