"""Build: a C source per domain of kernels, compiled once per instruction set and arithmetic, and the Cython extensions.

Switches, as environment variables: CC=clang  FASTLOSS_SANITIZE=address,undefined  FASTLOSS_WERROR=1
"""

import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

SANITIZE = os.environ.get("FASTLOSS_SANITIZE", "")
WERROR = os.environ.get("FASTLOSS_WERROR", "") not in ("", "0")

# The kernels rely on every operation being rounded as written: never -ffast-math, no contraction, no LTO.
# -fschedule-insns lets the compiler interleave the vectors that a loop has in flight. Debugging information, for which
# Python's own flags ask, would double the time of compilation.
KERNEL_FLAGS = ["-std=gnu11", "-O3", "-g0", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math",
                "-ffp-contract=off", "-fno-builtin-gamma", "-Wall", "-Wextra", "-Wno-psabi"]  # fmt: skip
ISA_FLAGS = {
    "x86_64": {
        "baseline": [],
        "avx2": ["-mavx2", "-mfma", "-mtune=znver3"],
        "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mtune=znver3"],
    },
    "aarch64": {"neon": []},
}
DOMAINS = {"map": (32, 64, 3264), "rows": (32, 64)}  # what csrc/*.c are compiled for: see csrc/simd/vec.h

if SANITIZE:
    # The optimizer takes ten times as long over the checks in these unrolled loops. What the null and object-size
    # checks would find, the address sanitizer does. FL_SANITIZED leaves one vector in flight.
    KERNEL_FLAGS += [f"-fsanitize={SANITIZE}", "-fno-sanitize=null,object-size", "-fno-omit-frame-pointer",
                     "--param", "asan-instrumentation-with-call-threshold=0", "-O1", "-g1",
                     "-DFL_SANITIZED"]  # fmt: skip
if WERROR:
    KERNEL_FLAGS += ["-Werror"]


def machine():
    name = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if name not in ISA_FLAGS:
        raise SystemExit(f"fastloss has kernels for x86-64 and aarch64, not for {name}")
    return name


class Build(build_ext):
    """Compiles csrc/map.c and csrc/rows.c per instruction set and arithmetic, and links the objects into core.kernels.

    The objects know nothing of Python: those in build/kernels, a folder per compiler and flags, serve every Python and
    are used again until a header that they include changes. So are the extensions in build/extensions, per Python.
    """

    def build_extension(self, ext):
        if ext.name == "fastloss.core.kernels":
            ext.extra_objects = self.compile_kernels()
            ext.depends = [*ext.depends, *ext.extra_objects]
        target = Path(self.get_ext_fullpath(ext.name))
        kept = Path("build", "extensions", short_hash(*KERNEL_FLAGS), target.name)
        if self.force or newer_group([*ext.sources, *ext.depends], kept):
            super().build_extension(ext)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(target, kept)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(kept, target)

    def compile_kernels(self):
        """All objects; those that are out of date are compiled, a line each."""
        compiler = shlex.split(os.environ.get("CC", "gcc"))
        version = subprocess.run([*compiler, "--version"], check=True, capture_output=True, text=True).stdout
        scheduling = [] if "clang" in version else ["-fschedule-insns"]
        targets, jobs = [], []
        for isa, own in ISA_FLAGS[machine()].items():
            flags = [*KERNEL_FLAGS, *own, *scheduling]
            folder = Path("build", "kernels", f"{isa}-{short_hash(version, *flags)}")
            folder.mkdir(parents=True, exist_ok=True)
            for domain, arithmetics in DOMAINS.items():
                for arithmetic in arithmetics:
                    target = folder / f"{domain}_{arithmetic}.o"
                    targets.append(str(target))
                    if self.force or is_stale(target):
                        jobs.append([*compiler, *flags, *kernel_arguments(domain, isa, arithmetic), "-o", str(target)])
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for done, job in enumerate(pool.map(self.compile_kernel, jobs), 1):
                self.announce(f"kernels: {done} of {len(jobs)} compiled ({job[-1]})", logging.INFO)
        return targets

    def compile_kernel(self, command):
        subprocess.run(command, check=True)
        return command


def kernel_arguments(domain, isa, arithmetic):
    """What selects the kernels of one object; the compiler writes what it depends on beside it."""
    return ["-MMD", "-Icsrc", "-include", f"csrc/isa/{isa}.h", f"-DFL_ARITH={arithmetic}", "-c", f"csrc/{domain}.c"]


def is_stale(target):
    """Whether an object is missing, or older than a file that it was made from."""
    made_from = target.with_suffix(".d")
    if not (target.exists() and made_from.exists()):
        return True
    files = made_from.read_text().replace("\\\n", " ").split(":", 1)[1].split()
    return any(not Path(f).exists() or Path(f).stat().st_mtime > target.stat().st_mtime for f in files)


def short_hash(*words):
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]


def extension(source):
    module = source.stem
    sanitizer = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
    return Extension(
        ".".join(source.with_suffix("").parts),
        [str(source), *C_SOURCES.get(module, [])],
        include_dirs=["csrc"],
        extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=hidden", *sanitizer],
        extra_link_args=sanitizer,
        define_macros=[("FL_BUILD_FLAGS", '"' + " ".join(KERNEL_FLAGS) + '"')],
        depends=INTERFACE.get(module, []),
    )


# What dispatch.c, storage.c and Cython see of the kernels
KERNEL_TABLES = ["csrc/api.h", "csrc/losses.def", "csrc/map/losses/robust_regions.h"]
KERNEL_TABLES += ["csrc/rows/api.h", "csrc/rows.def"]
INTERFACE = {"kernels": KERNEL_TABLES, "rows": KERNEL_TABLES, "buffers": ["csrc/storage/storage.h"]}
C_SOURCES = {"kernels": ["csrc/dispatch.c"], "buffers": ["csrc/storage/storage.c"]}

setup(
    ext_modules=cythonize(
        [extension(source) for source in sorted(Path("fastloss").rglob("*.pyx"))],
        build_dir="build/cython",
        language_level=3,
        compiler_directives={"cdivision": True},
    ),
    cmdclass={"build_ext": Build},
)
