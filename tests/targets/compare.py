"""Compare the bits of other targets, under their emulators, with those of this x86-64 machine, kernel by kernel.

    python tests/targets/compare.py [neon] [windows]

neon needs aarch64-linux-gnu-gcc and qemu-aarch64, windows x86_64-w64-mingw32-gcc and wine; where one is missing it says
so, and that is no failure. A target is built from csrc/ with the flags of setup.py, warnings being errors; the other
side are the objects in build/kernels.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from setup_constants import DOMAINS, GCC_FLAGS, ISA_FLAGS, KERNEL_FLAGS  # noqa: E402

DRIVER = Path(__file__).with_name("driver.c")


@dataclass(frozen=True)
class Target:
    """One instruction set of a processor and system, and those that have its bits, best first"""

    compiler: str
    machine: str
    isas: tuple[str, ...]
    references: tuple[str, ...] = ()
    emulator: str = ""
    flags: tuple[str, ...] = ()


THIS = Target("gcc", "x86_64", ("baseline", "avx2", "avx512"))
TARGETS = {
    "neon": Target("aarch64-linux-gnu-gcc", "aarch64", ("neon",), ("avx512", "avx2"), "qemu-aarch64"),
    # GCC aligns no vector of 32 bytes on the stack of Windows: those of 16 have to do. Its printf is C99's if asked.
    "windows": Target(
        "x86_64-w64-mingw32-gcc", "x86_64", ("baseline",), ("baseline",), "wine", ("-D__USE_MINGW_ANSI_STDIO=1",)
    ),
}


def newest(isa, domain, arithmetic):
    """The object that setup.py made last, or None."""
    found = (ROOT / "build" / "kernels").glob(f"{isa}-*/{domain}_{arithmetic}.o")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def build(folder, target):
    """The driver with the tables of a target."""
    csrc, isa_flags = ROOT / "csrc", ISA_FLAGS[target.machine]
    without = [f"-DFL_WITHOUT_{isa}" for isa in isa_flags if isa not in target.isas]
    flags = [*KERNEL_FLAGS, "-Werror", *target.flags, *without, "-I", str(csrc)]
    kernels = [
        (isa, domain, arithmetic)
        for isa in target.isas
        for domain, arithmetics in DOMAINS.items()
        for arithmetic in arithmetics
    ]
    built = [newest(*kernel) for kernel in kernels] if target is THIS else []
    sources = [(csrc / "dispatch.c", []), (DRIVER, [])]
    if not (built and all(built)):
        built = []
        for isa, domain, arithmetic in kernels:
            own = [
                *GCC_FLAGS[domain],
                *isa_flags[isa],
                "-include",
                f"simd/{isa}.h",
                f"-DFL_ARITH={arithmetic}",
            ]
            sources.append((csrc / f"{domain}.c", own))

    def compile_one(job):
        number, (source, own) = job
        made = folder / f"{target.compiler}-{number}.o"
        subprocess.run([target.compiler, *flags, *own, "-c", source, "-o", made], check=True)
        return made

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, enumerate(sources)))
    program = folder / f"{target.compiler}.exe"
    subprocess.run([target.compiler, "-static", *objects, *built, "-lm", "-o", program], check=True)
    return program


def compare(name):
    """Whether a target has the bits of this machine; it says what is not so, or missing."""
    target = TARGETS[name]
    missing = [tool for tool in (target.compiler, target.emulator) if not shutil.which(tool)]
    if missing or platform.machine() != "x86_64":
        print(f"{name} is not compared: {', '.join(missing) or 'x86-64'} is not here")
        return True
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        native, foreign = build(folder, THIS), build(folder, target)
        runs = [subprocess.run([native, isa], capture_output=True, text=True) for isa in target.references]
        ours = next((run.stdout for run in runs if run.returncode == 0), None)
        if ours is None:
            print(f"{name} is not compared: this machine runs none of {', '.join(target.references)}")
            return True
        command = [target.emulator, foreign, *target.isas]
        theirs = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = list(zip(ours.splitlines(), theirs.splitlines(), strict=True))
    different = [line for line, other in lines if line != other]
    for line in different:
        print(f"differs: {line}")
    print(f"{name}: {len(lines) - len(different)} passed, {len(different)} failed")
    return not different


if __name__ == "__main__":
    chosen = sys.argv[1:] or list(TARGETS)
    if not set(chosen) <= set(TARGETS):
        sys.exit(f"targets are {', '.join(TARGETS)}, got {' '.join(chosen)}")
    sys.exit(0 if all([compare(name) for name in chosen]) else 1)
