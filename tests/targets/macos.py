"""Build all that is compiled for macOS on arm64, on this x86-64 machine, of the last commit: none of it is run.

    python tests/targets/macos.py

setup.py is told that it is there; clang compiles and links (the extra `clang`), warnings in the kernels being errors.
What the extensions leave to be found when they are loaded has to be Python's or the C library's. Needs git, pip and
llvm-nm (Debian's llvm).
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLANG = f"{sys.executable} -m ziglang cc -target aarch64-macos"
AS_THERE = """
import platform, runpy, numpy
platform.system, platform.machine = lambda: "Darwin", lambda: "arm64"
numpy.get_include = lambda: {include!r}
runpy.run_path("setup.py", run_name="__main__")
"""
# Of the C library, and what the compiler and the loader of macOS have beside it
KNOWN = {
    *("aligned_alloc", "bzero", "calloc", "free", "malloc", "memchr", "memcmp", "memcpy", "memmove", "memset"),
    *("memset_pattern16", "realloc", "snprintf", "strchr", "strcmp", "strlen", "strncmp", "strrchr", "strstr"),
    *("strtok_r", "vsnprintf", "__memcpy_chk", "__memmove_chk", "__stack_chk_fail", "__stack_chk_guard"),
    *("_tlv_bootstrap", "dyld_stub_binder"),
}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def headers(folder):
    """NumPy's for macOS: those of Linux ask for files that are not there."""
    wanted = ["--platform=macosx_14_0_arm64", "--only-binary=:all:", "--no-deps", "-q", "-d", folder]
    run(sys.executable, "-m", "pip", "download", *wanted, "numpy")
    [wheel] = folder.glob("numpy*.whl")
    with zipfile.ZipFile(wheel) as files:
        files.extractall(folder)
    return folder / "numpy" / "_core" / "include"


def build(folder):
    """The extensions"""
    tree = folder / "tree"
    run("git", "clone", "-q", ROOT, tree)
    if (ROOT / "build" / "cython").exists():
        shutil.copytree(ROOT / "build" / "cython", tree / "build" / "cython")
    environment = os.environ | {
        "CC": CLANG,
        "LDSHARED": f"{CLANG} -shared -undefined dynamic_lookup",
        "FASTLOSS_WERROR": "1",
        "CFLAGS": "-g0",
    }
    code = AS_THERE.format(include=str(headers(folder)))
    run(sys.executable, "-c", code, "-q", "build_ext", "--build-lib", folder / "built", cwd=tree, env=environment)
    return sorted((folder / "built").rglob("*.so"))


def missing(extension):
    """The names that an extension expects of others, and that none of them is known to have"""
    lines = run("llvm-nm", "-u", extension, capture_output=True, text=True).stdout.split()
    names = [line.removeprefix("_") for line in lines]
    return [name for name in names if name not in KNOWN and not name.startswith(("Py", "_Py"))]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = {extension.name: missing(extension) for extension in build(Path(place))}
    for name, others in found.items():
        print(f"{name}: {'nothing is missing' if not others else 'missing ' + ', '.join(others)}")
    print(f"{len(found)} extensions")
    sys.exit(1 if not found or any(found.values()) else 0)
