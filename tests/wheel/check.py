"""Check wheels for Linux as they are to be published: python tests/wheel/check.py dist/*.whl

Each extension is stripped, has full RELRO, searches no folder of its own for libraries, needs the C library alone and
none newer than that of manylinux_2_28; the wheel is small. What is not so is named, and the exit code is 1.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

MOST_BYTES = 6 << 20
GLIBC = (2, 28)
LIBRARIES = {"libc.so.6", "libm.so.6", "libpthread.so.0", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def faults_of_extension(file):
    """What is wrong with a shared object, a text each."""
    command = ["readelf", "--wide", "--sections", "--program-headers", "--dynamic", "--version-info", file]
    read = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if re.search(r"\s\.(symtab|debug_\w+)\s", read):
        yield "is not stripped"
    if "GNU_RELRO" not in read or not re.search(r"\((FLAGS|FLAGS_1|BIND_NOW)\).*NOW", read):
        yield "has no full RELRO"
    if re.search(r"GNU_STACK.*RWE", read):
        yield "has an executable stack"
    for path in re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", read):
        yield f"searches {path} for libraries"
    for library in set(re.findall(r"\(NEEDED\).*\[(.*)\]", read)) - LIBRARIES:
        yield f"needs {library}"
    for version in sorted({tuple(map(int, found)) for found in re.findall(r"Name: GLIBC_(\d+)\.(\d+)", read)}):
        if version > GLIBC:
            yield f"needs glibc {'.'.join(map(str, version))}"


def faults_of_wheel(file):
    """What is wrong with a wheel, a text each."""
    size = Path(file).stat().st_size
    if size > MOST_BYTES:
        yield f"has {size} bytes, more than {MOST_BYTES}"
    with zipfile.ZipFile(file) as wheel, tempfile.TemporaryDirectory() as folder:
        extensions = [name for name in wheel.namelist() if name.endswith(".so")]
        if not extensions:
            yield "has no extensions"
        for name in extensions:
            for fault in faults_of_extension(wheel.extract(name, folder)):
                yield f"{name} {fault}"


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("no wheel is given: python tests/wheel/check.py dist/*.whl")
    found = [f"{file}: {fault}" for file in sys.argv[1:] for fault in faults_of_wheel(file)]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(sys.argv) - 1} wheels, {len(found)} faults")
    sys.exit(1 if found else 0)
