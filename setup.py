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
COMPILER = shlex.split(os.environ.get("CC", "gcc"))
COMPILER_VERSION = subprocess.run([*COMPILER, "--version"], check=True, capture_output=True, text=True).stdout

# The kernels rely on every operation being rounded as written: never -ffast-math, no contraction, no LTO. Debugging
# information, for which Python's own flags ask, would double the time of compilation.
KERNEL_FLAGS = ["-std=gnu11", "-O3", "-g0", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math",
                "-ffp-contract=off", "-fno-builtin-gamma", "-Wall", "-Wextra", "-Wno-psabi"]  # fmt: skip
# Lets GCC interleave the vectors that a loop has in flight; clang does so unasked.
GCC_FLAGS = ["-fschedule-insns"]
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

    The objects know nothing of Python: those in build/kernels, a folder per compiler and flags, serve every Python.
    Each has beside it the hash of the preprocessed source that it was made from, and is used again while that holds.
    The extensions in build/extensions are kept per Python.
    """

    def build_extension(self, ext):
        if ext.name == "fastloss.core.kernels":
            ext.extra_objects = self.compile_kernels()
            ext.depends = [*ext.depends, *ext.extra_objects]
        target = Path(self.get_ext_fullpath(ext.name))
        kept = Path("build", "extensions", short_hash(*COMPILER, *KERNEL_FLAGS), target.name)
        if self.force or newer_group([*ext.sources, *ext.depends], kept):
            super().build_extension(ext)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(target, kept)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(kept, target)

    def compile_kernels(self):
        """All objects; those that are out of date are compiled, a line each."""
        kernels = [
            Kernel(isa, domain, arithmetic)
            for isa in ISA_FLAGS[machine()]
            for domain, arithmetics in DOMAINS.items()
            for arithmetic in arithmetics
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            is_current = pool.map(Kernel.is_current, kernels)
            stale = [kernel for kernel, current in zip(kernels, is_current, strict=True) if self.force or not current]
            for done, kernel in enumerate(pool.map(Kernel.compile, stale), 1):
                self.announce(f"kernels: {done} of {len(stale)} compiled ({kernel.target})", logging.INFO)
        return [str(kernel.target) for kernel in kernels]


class Kernel:
    """The object of one domain for one instruction set and arithmetic"""

    def __init__(self, isa, domain, arithmetic):
        flags = [*KERNEL_FLAGS, *ISA_FLAGS[machine()][isa], *([] if "clang" in COMPILER_VERSION else GCC_FLAGS)]
        folder = Path("build", "kernels", f"{isa}-{short_hash(COMPILER_VERSION, *flags)}")
        folder.mkdir(parents=True, exist_ok=True)
        self.target = folder / f"{domain}_{arithmetic}.o"
        self.key = folder / f"{domain}_{arithmetic}.key"
        what = ["-include", f"csrc/simd/{isa}.h", f"-DFL_ARITH={arithmetic}", f"csrc/{domain}.c"]
        self.command = [*COMPILER, *flags, "-Icsrc", *what]

    def source_key(self):
        """The hash of the source as the compiler sees it: neither comments nor times of files count."""
        run = subprocess.run([*self.command, "-E", "-P"], check=True, capture_output=True, text=True)
        return short_hash(run.stdout)

    def is_current(self):
        return self.target.exists() and self.key.exists() and self.key.read_text() == self.source_key()

    def compile(self):
        key = self.source_key()
        self.key.unlink(missing_ok=True)
        subprocess.run([*self.command, "-c", "-o", str(self.target)], check=True)
        self.key.write_text(key)
        return self


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
