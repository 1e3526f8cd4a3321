"""Build: one C source per instruction set, compiled once per arithmetic, linked into one Cython extension.

Switches, as environment variables: FASTLOSS_SANITIZE=address,undefined  FASTLOSS_WERROR=1
"""

import hashlib
import os
import platform
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
ARITHMETICS = (32, 64, 3264)  # csrc/simd.h

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


class BuildKernels(build_ext):
    """Compiles csrc/isa/*.c with the flags of their instruction set and hands the objects to the extension.

    The objects know nothing of Python. They stay in build/kernels, one folder a command line, and are used again until
    a source changes.
    """

    def build_extension(self, ext):
        if ext.name == "fastloss._kernels":
            ext.extra_objects = self.compile_kernels()
        super().build_extension(ext)

    def compile_kernels(self):
        scheduling = ["-fschedule-insns"] if "gcc" in self.compiler.compiler_so[0] else []
        jobs = [
            (isa, arithmetic, flags + scheduling)
            for isa, flags in ISA_FLAGS[machine()].items()
            for arithmetic in ARITHMETICS
        ]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(lambda job: self.compile_one(*job), jobs))

    def compile_one(self, isa, arithmetic, flags):
        flags = KERNEL_FLAGS + flags
        command = hashlib.sha256(" ".join([*self.compiler.compiler_so, *flags]).encode()).hexdigest()
        folder, source = f"build/kernels/{isa}-{arithmetic}-{command[:8]}", f"csrc/isa/{isa}.c"
        target = f"{folder}/csrc/isa/{isa}.o"
        if self.force or newer_group(KERNEL_SOURCES, target):
            self.compiler.compile(
                [source], folder, [("FL_ARITH", str(arithmetic))], include_dirs=["csrc"], extra_postargs=flags
            )
        return target


def extension(module, sources=()):
    sanitizer = [f"-fsanitize={SANITIZE}"] if SANITIZE else []
    return Extension(
        f"fastloss.{module}",
        [f"fastloss/{module}.pyx", *sources],
        include_dirs=["csrc"],
        extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=hidden", *sanitizer],
        extra_link_args=sanitizer,
        define_macros=[("FL_BUILD_FLAGS", '"' + " ".join(KERNEL_FLAGS) + '"')],
        depends=KERNEL_SOURCES,
    )


KERNEL_SOURCES = sorted(str(p) for p in Path("csrc").rglob("*") if p.suffix in {".h", ".c", ".inc", ".def"})
C_SOURCES = {"_kernels": ["csrc/dispatch.c"], "_buffers": ["csrc/storage.c"]}
MODULES = sorted(p.stem for p in Path("fastloss").glob("*.pyx"))

setup(
    ext_modules=cythonize(
        [extension(name, C_SOURCES.get(name, ())) for name in MODULES],
        build_dir="build/cython",
        language_level=3,
        compiler_directives={"cdivision": True},
    ),
    cmdclass={"build_ext": BuildKernels},
)
