"""Compare the bits of NEON, under an emulator, with those of this x86-64 machine, kernel by kernel.

    python tests/neon/compare.py

Needs aarch64-linux-gnu-gcc and qemu-aarch64; where one is missing it says so, and the exit code is 0. NEON is built
from csrc/ with the flags of setup.py, warnings being errors; the other side are the objects in build/kernels.
"""

import ast
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).with_name("driver.c")
TOOLS = ("aarch64-linux-gnu-gcc", "qemu-aarch64")
REFERENCE = ("avx512", "avx2")  # the best of these that the machine has


def settings():
    """The constants of setup.py, which cannot be imported without building."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id in ("KERNEL_FLAGS", "GCC_FLAGS", "ISA_FLAGS", "DOMAINS"):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def newest(isa, domain, arithmetic):
    """The object that setup.py made last, or None."""
    found = (ROOT / "build" / "kernels").glob(f"{isa}-*/{domain}_{arithmetic}.o")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def build(folder, compiler, machine):
    """The driver with all tables of a machine."""
    setup, csrc = settings(), ROOT / "csrc"
    flags = [*setup["KERNEL_FLAGS"], "-Werror", "-I", str(csrc)]
    kernels = [
        (isa, domain, arithmetic)
        for isa in setup["ISA_FLAGS"][machine]
        for domain, arithmetics in setup["DOMAINS"].items()
        for arithmetic in arithmetics
    ]
    tables = [
        (
            csrc / f"{domain}.c",
            [
                *setup["GCC_FLAGS"][domain],
                *setup["ISA_FLAGS"][machine][isa],
                *("-include", f"simd/{isa}.h", f"-DFL_ARITH={arithmetic}"),
            ],
        )
        for isa, domain, arithmetic in kernels
    ]
    built = [newest(*kernel) for kernel in kernels]
    if all(built):
        tables = []
    else:
        built = []
    others = [(ROOT / "csrc" / "dispatch.c", []), (DRIVER, [])]

    def compile_one(job):
        number, (source, own) = job
        target = folder / f"{machine}-{number}.o"
        subprocess.run([compiler, *flags, *own, "-c", source, "-o", target], check=True)
        return target

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_one, enumerate([*tables, *others])))
    program = folder / machine
    subprocess.run([compiler, "-static", *objects, *built, "-lm", "-o", program], check=True)
    return program


def main():
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing or platform.machine() != "x86_64":
        print(f"NEON is not compared: {', '.join(missing) or 'x86-64'} is not here")
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        native, foreign = build(folder, "gcc", "x86_64"), build(folder, TOOLS[0], "aarch64")
        runs = [subprocess.run([native, isa], capture_output=True, text=True) for isa in REFERENCE]
        ours = next((run.stdout for run in runs if run.returncode == 0), None)
        if ours is None:
            print(f"NEON is not compared: this machine runs none of {', '.join(REFERENCE)}")
            return 0
        theirs = subprocess.run([TOOLS[1], foreign, "neon"], check=True, capture_output=True, text=True).stdout
    lines = list(zip(ours.splitlines(), theirs.splitlines(), strict=True))
    different = [line for line, other in lines if line != other]
    for line in different:
        print(f"differs: {line}")
    print(f"{len(lines) - len(different)} passed, {len(different)} failed")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
