"""Build: a C source per domain of kernels, compiled once per instruction set and arithmetic, and the Cython extensions.

Switches, as environment variables: CC=clang  FASTLOSS_SANITIZE=address,undefined  FASTLOSS_WERROR=1
FASTLOSS_ISAS=avx2,avx512 (the kernels of these alone)
"""

import hashlib
import logging
import os
import platform
import shlex
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import Cython
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SANITIZE = os.environ.get("FASTLOSS_SANITIZE", "")
WERROR = os.environ.get("FASTLOSS_WERROR", "") not in ("", "0")
COMPILER = shlex.split(os.environ.get("CC", "gcc"))
COMPILER_VERSION = subprocess.run([*COMPILER, "--version"], check=True, capture_output=True, text=True).stdout
IS_GCC = "clang" not in COMPILER_VERSION

# The kernels rely on every operation being rounded as written: never -ffast-math, no contraction, no LTO. Debugging
# information, for which Python's own flags ask, would double the time of compilation.
KERNEL_FLAGS = ["-std=gnu11", "-O3", "-g0", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math",
                "-ffp-contract=off", "-fno-builtin-gamma", "-Wall", "-Wextra", "-Wno-psabi"]  # fmt: skip
# What an error in C may not become: another return address, a copy beyond an array, another table of functions.
HARDENING = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
IS_MACOS = platform.system() == "Darwin"  # whose linker knows neither of these
LINK_FLAGS = [] if IS_MACOS else ["-Wl,-z,relro,-z,now"]
STRIP_FLAGS = [] if IS_MACOS else ["-Wl,-s"]  # a wheel needs no names of local functions
if IS_MACOS:  # a Python for two processors would have its extensions for both
    os.environ.setdefault("ARCHFLAGS", f"-arch {platform.machine()}")
# map: lets GCC interleave the vectors that a loop has in flight, unless they fill the registers; clang does so unasked.
# Newer ones than 12 would have a loop for either side of each question in it, half as much code again.
# rows, columns: of what -O3 adds whole unrolling alone makes them faster, the rest larger. What it unrolls late seems
# unset to GCC 12.
GCC_FLAGS = {
    "map": ["-fschedule-insns", "-fno-unswitch-loops"],
    "rows": ["-O2", "-fpeel-loops", "-Wno-maybe-uninitialized"],
    "columns": ["-O2", "-fpeel-loops", "-Wno-maybe-uninitialized"],
    "distances": [],
    "tiles": [],
    "sums": [],
}
ISA_FLAGS = {
    "x86_64": {
        "baseline": [],
        "avx2": ["-mavx2", "-mfma", "-mtune=znver3"],
        "avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mtune=znver3"],
    },
    "aarch64": {"neon": []},
}
# What csrc/*.c are compiled for: see csrc/simd/vec.h
DOMAINS = {"map": (32, 64, 3264), "rows": (32, 64), "columns": (32, 64), "distances": (64, 3264), "tiles": (32, 64),
           "sums": (32, 64)}  # fmt: skip

# The extensions lock what threads share, or set it before these see it: they need no global lock of the interpreter.
CYTHON = {"build_dir": "build/cython", "language_level": 3,
          "compiler_directives": {"cdivision": True, "freethreading_compatible": True}}  # fmt: skip

if SANITIZE:
    # The optimizer takes ten times as long over the checks in these unrolled loops. What the null and object-size
    # checks would find, the address sanitizer does; no kernel hands on the address of a variable of an inner scope.
    # FL_SANITIZED leaves one vector in flight.
    KERNEL_FLAGS += [f"-fsanitize={SANITIZE}", "-fno-sanitize=null,object-size", "-fno-omit-frame-pointer",
                     "-fno-sanitize-address-use-after-scope",
                     "--param", "asan-instrumentation-with-call-threshold=0", "-O1", "-g1",
                     "-DFL_SANITIZED"]  # fmt: skip
    HARDENING = []  # the sanitizers see to it
    LINK_FLAGS += [f"-fsanitize={SANITIZE}"]
KERNEL_FLAGS += HARDENING
if WERROR:
    KERNEL_FLAGS += ["-Werror"]


def isa_flags():
    """The compiler's flags per instruction set of this machine."""
    name = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    if name not in ISA_FLAGS:
        raise SystemExit(f"fastloss has kernels for x86-64 and aarch64, not for {name}")
    return ISA_FLAGS[name]


# The instruction sets that this build has kernels for
ISAS = [isa for isa in os.environ.get("FASTLOSS_ISAS", "").split(",") if isa] or list(isa_flags())
if not set(ISAS) <= set(isa_flags()):
    raise SystemExit(f"FASTLOSS_ISAS is a list of {', '.join(isa_flags())}, got {','.join(ISAS)}")
MACROS = [(f"FL_WITHOUT_{isa}", None) for isa in isa_flags() if isa not in ISAS]


class Build(build_ext):
    """Compiles the domains of csrc/ per instruction set and arithmetic, and links the objects into core.kernels.

    The objects know nothing of Python: those in build/kernels serve every Python. They and the extensions in
    build/extensions lie in folders per compiler and flags, beside each the hash of what it was made from (.key), and
    are used again while that holds. Times of files do not count.
    """

    cython = threading.Lock()

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def build_extensions(self):
        # Some Pythons ask for the folder of their own libraries as a place to load libraries from.
        self.compiler.linker_so = [word for word in self.compiler.linker_so if not word.startswith("-Wl,-rpath")]
        super().build_extensions()

    def build_extension(self, ext):
        if not self.inplace and not SANITIZE:
            ext.extra_link_args = [*ext.extra_link_args, *STRIP_FLAGS]
        if ext.name == "fastloss.core.kernels":
            ext.extra_objects = self.compile_kernels()
        target = Path(self.get_ext_fullpath(ext.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = [*KERNEL_FLAGS, *ext.extra_compile_args, *ext.extra_link_args, *ISAS]
        folder = Path("build", "extensions", short_hash(COMPILER_VERSION, Cython.__version__, *flags))
        kept = folder / target.name
        key = content_hash(ext.sources, ext.depends, ext.extra_objects)
        if not self.force and is_made_from(kept, key):
            shutil.copy2(kept, target)
            return
        target.unlink(missing_ok=True)  # one that is newer than the sources would be left as it is
        with self.cython:
            ext.sources = cythonize([ext], **CYTHON)[0].sources
        with making(kept, key):
            super().build_extension(ext)
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(target, kept)

    def compile_kernels(self):
        """All objects; those that are out of date are compiled, a line each."""
        kernels = [
            Kernel(isa, domain, arithmetic)
            for isa in ISAS
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
        flags = [*KERNEL_FLAGS, *isa_flags()[isa], *(GCC_FLAGS[domain] if IS_GCC and not SANITIZE else [])]
        folder = Path("build", "kernels", f"{isa}-{short_hash(COMPILER_VERSION, *flags)}")
        folder.mkdir(parents=True, exist_ok=True)
        self.target = folder / f"{domain}_{arithmetic}.o"
        what = ["-include", f"csrc/simd/{isa}.h", f"-DFL_ARITH={arithmetic}", f"csrc/{domain}.c"]
        self.command = [*COMPILER, *flags, "-Icsrc", *what]

    def key(self):
        """The hash of the source as the compiler sees it: a comment changes nothing."""
        run = subprocess.run([*self.command, "-E", "-P"], check=True, capture_output=True, text=True)
        return short_hash(run.stdout)

    def is_current(self):
        return is_made_from(self.target, self.key())

    def compile(self):
        with making(self.target, self.key()):
            subprocess.run([*self.command, "-c", "-o", str(self.target)], check=True)
        return self


def is_made_from(target, key):
    record = target.with_suffix(".key")
    return target.exists() and record.exists() and record.read_text() == key


@contextmanager
def making(target, key):
    """Record the key of a target once it is made; one that was interrupted has none."""
    record = target.with_suffix(".key")
    record.unlink(missing_ok=True)
    yield
    record.write_text(key)


def content_hash(*lists):
    return short_hash(*(hashlib.sha256(Path(file).read_bytes()).hexdigest() for files in lists for file in files))


def short_hash(*words):
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]


C_SOURCES = {"kernels": ["csrc/dispatch.c", "csrc/capi.c"], "buffers": ["csrc/storage/storage.c"]}
# What Cython and these see of the others
INTERFACES = ["csrc/*.h", "csrc/*.def", "csrc/*/api.h", "csrc/storage/storage.*", "csrc/map/losses/robust_regions.h"]
INTERFACES += ["csrc/tiles/*.def", "fastloss/**/*.px[di]", "fastloss/include/*.h"]


# Of an extension that -O2 makes larger, and no faster
OPTIMIZED = {"thrift": "-Os"}


def extension(source):
    module = source.stem
    flags = [f"-fsanitize={SANITIZE}", "-O1"] if SANITIZE else [OPTIMIZED.get(module, "-O2"), *HARDENING]
    if IS_GCC:
        flags += ["-fvect-cost-model=dynamic"]  # vectors for loops of any length, as clang has them
    return Extension(
        ".".join(source.with_suffix("").parts),
        [str(source), *C_SOURCES.get(module, [])],
        include_dirs=["csrc", "fastloss/include", numpy.get_include()],
        extra_compile_args=["-std=gnu11", "-fvisibility=hidden", "-ffp-contract=off", *flags],
        extra_link_args=LINK_FLAGS,
        define_macros=[
            ("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"),
            ("NPY_TARGET_VERSION", "NPY_1_23_API_VERSION"),
            ("FL_BUILD_FLAGS", '"' + " ".join(KERNEL_FLAGS) + '"'),
            *MACROS,
        ],
        depends=[str(file) for pattern in INTERFACES for file in sorted(Path().glob(pattern))],
    )


setup(
    ext_modules=[extension(source) for source in sorted(Path("fastloss").rglob("*.pyx"))],
    cmdclass={"build_ext": Build},
)
