"""What is wrong with a wheel is found: each fault is planted."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECK = Path(__file__).with_name("check.py")
HARDENED = ("-Wl,-z,relro,-z,now", "-Wl,-s")
SOURCE = "int add(int a, int b) { return a + b; }\n"
# pthread_create moved into libc.so.6 with glibc 2.34; an older one has it elsewhere.
NEW_SYMBOL = "#include <pthread.h>\nint go(void *(*f)(void *)) { pthread_t t; return pthread_create(&t, 0, f, 0); }\n"

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="extensions are no ELF files here"),
    pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("readelf")), reason="gcc and readelf make the faults"),
]


def checked(folder, flags, source=SOURCE, padding=0):
    """The exit code and what is said of a wheel with an extension that was linked so."""
    (folder / "one.c").write_text(source)
    made = folder / "one.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", made, folder / "one.c", *flags], check=True)
    wheel = folder / "one-1-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(made, "package/one.so")
        archive.writestr("package/data", b"\0" * padding)
    done = subprocess.run([sys.executable, CHECK, wheel], capture_output=True, text=True)
    return done.returncode, done.stdout


def test_a_wheel_as_it_should_be(tmp_path):
    assert checked(tmp_path, HARDENED) == (0, "1 wheels, 0 faults\n")


@pytest.mark.parametrize(
    ("flags", "fault"),
    [
        (HARDENED[:1], "is not stripped"),
        (("-Wl,-z,norelro,-z,now", "-Wl,-s"), "has no full RELRO"),
        (("-Wl,-z,relro,-z,lazy", "-Wl,-s"), "has no full RELRO"),
        ((*HARDENED, "-Wl,-z,execstack"), "has an executable stack"),
        ((*HARDENED, "-Wl,-rpath,/opt/lib"), "searches /opt/lib for libraries"),
        ((*HARDENED, "-Wl,--no-as-needed", "-lgcc_s"), "needs libgcc_s.so.1"),
    ],
)
def test_a_fault_of_an_extension_is_named(tmp_path, flags, fault):
    code, said = checked(tmp_path, flags)
    assert code == 1
    assert f"package/one.so {fault}" in said


def test_a_symbol_of_a_newer_glibc_is_named(tmp_path):
    code, said = checked(tmp_path, HARDENED, NEW_SYMBOL)
    if "glibc" not in said:
        pytest.skip("the C library here is older than 2.34")
    assert code == 1
    assert "needs glibc 2.34" in said


def test_a_wheel_that_is_too_large_is_named(tmp_path):
    code, said = checked(tmp_path, HARDENED, padding=6 << 20)
    assert code == 1
    assert "more than 6291456" in said


def test_a_wheel_without_extensions_is_named(tmp_path):
    wheel = tmp_path / "one-1-py3-none-any.whl"
    zipfile.ZipFile(wheel, "w").close()
    assert subprocess.run([sys.executable, CHECK, wheel], capture_output=True).returncode == 1
