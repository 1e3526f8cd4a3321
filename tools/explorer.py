"""The kernels and the registry of the losses of a residual, as the script that the documentation's explorer reads."""

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import fastloss as fl
from fastloss.core.partition import table
from fastloss.losses.catalogue import facts, summary

ROOT = Path(__file__).resolve().parents[1]
# Those of the kernels in setup.py; `reactor` is a module without a main function.
FLAGS = ["-target", "wasm32-wasi", "-mcpu=generic+simd128", "-mexec-model=reactor", "-Wl,--strip-all", "-std=gnu11",
         "-O2", "-g0", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-fno-builtin-gamma", "-Wall",
         "-Wextra", "-Wno-psabi", "-Werror"]  # fmt: skip
SOURCE = ["-include", "csrc/simd/wasm.h", "-DFL_ARITH=64", "-Icsrc", "tools/explorer.c"]


def script() -> str:
    """The text of docs/_static/explorer/kernels.js."""
    losses = ",\n".join(json.dumps(described(fl.get(name))) for name in fl.list_losses("residual"))
    return (
        '"use strict";\n'
        "// Written by python tools/generate.py explorer: the losses of a residual, and their kernels as WebAssembly\n"
        f"const LOSSES = [\n{losses},\n];\n"
        f"const SERIES = {json.dumps(series())};\n"
        f'const KERNELS = "{base64.b64encode(kernels()).decode()}";\n'
    )


def described(loss: fl.Loss) -> dict[str, object]:
    """What the page shows of a loss; a parameter without a default begins at 1."""
    parameters = [
        {"name": parameter, "domain": domain, "usual": loss.parameters.get(parameter, 1.0)}
        for parameter, domain in loss.domains.items()
    ]
    return {
        "name": loss.name,
        "summary": summary(loss),
        "formula": facts(loss)["formula"],
        "has_kinks": "c1" not in loss.traits,
        "parameters": parameters,
    }


def series() -> dict[str, object]:
    """The Chebyshev series of log Z, range by range."""
    ranges = ("LOW", "BELOW", "ABOVE", "HIGH")
    return {
        name: {"knots": getattr(table, f"{name}_KNOTS"), "pieces": getattr(table, f"{name}_VALUE")} for name in ranges
    }


def kernels() -> bytes:
    """tools/explorer.c as a module of WebAssembly."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "explorer.wasm")
        environment = {"ZIG_GLOBAL_CACHE_DIR": folder, **os.environ}
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, *SOURCE, "-o", str(target)]
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
        return target.read_bytes()
