"""C of the kernels, compiled by a test with the flags of setup.py."""

import ast
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import fastloss as fl

ROOT = Path(__file__).resolve().parents[2]
CSRC = ROOT / "csrc"
COMPILER = shlex.split(os.environ.get("CC", "gcc"))


def need_compiler():
    if not shutil.which(COMPILER[0]):
        pytest.skip(f"there is no compiler {COMPILER[0]}", allow_module_level=True)


def _settings():
    """The constants of setup.py, which cannot be imported without building."""
    names = ("KERNEL_FLAGS", "ISA_FLAGS")
    nodes = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8")).body
    assignments = [node for node in nodes if isinstance(node, ast.Assign) and node.targets[0].id in names]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assignments}


SETTINGS = _settings()  # once: CPython 3.11 cannot parse in several threads at once


def kernel_flags(isa, arithmetic, csrc=CSRC, optimize="-O1"):
    """What setup.py compiles an object of kernels with, less optimized."""
    own = next(isas[isa] for isas in SETTINGS["ISA_FLAGS"].values() if isa in isas)
    flags = [flag for flag in SETTINGS["KERNEL_FLAGS"] if flag != "-O3"]
    return [*flags, *own, optimize, "-I", csrc, "-include", f"simd/{isa}.h", f"-DFL_ARITH={arithmetic}"]


def compile_c(*arguments):
    subprocess.run([*COMPILER, *map(str, arguments)], check=True)


def isas():
    """The instruction sets that this machine runs."""
    return fl.isas()
