"""Make the wheel for Linux on aarch64 on this x86-64 machine, of the last commit, and try it under the emulator.

    python tests/targets/wheel.py DIST

The emulator runs Debian's Python for arm64, unpacked into a folder that goes away; the compiler that it calls is a
cross-compiler, which runs as it is. It needs a Debian that has the version of Python which runs this, git,
gcc-aarch64-linux-gnu and qemu-user. The wheel is checked as tests/wheel/check.py does, has to return the bits of
tests/hashes.json, and to score a file to the bytes that this machine writes, for which the checkout is to be built.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = f"python3.{sys.version_info.minor}"
TOOLS = ("aarch64-linux-gnu-gcc", "qemu-aarch64", "apt-get", "dpkg", "git")
PLATFORMS = [f"--platform=manylinux{version}_aarch64" for version in ("2014", "_2_17", "_2_27", "_2_28")]
SCORE = ("score", "preds.csv", "--loss=robust", "-palpha=-2", "--pred=p", "--target=y", "--emit=value,grad", "-o")


def run(*command, **options):
    subprocess.run([str(word) for word in command], check=True, **options)


def python_for_arm64(folder):
    """Debian's, unpacked: the folder that stands for /"""
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / "apt" / name).mkdir(parents=True)
    (folder / "apt" / "state" / "status").touch()
    settings = {
        "Dir::State": folder / "apt" / "state",
        "Dir::State::status": folder / "apt" / "state" / "status",
        "Dir::Cache": folder / "apt" / "cache",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", "--yes", *(f"-o{name}={value}" for name, value in settings.items())]
    run(*apt, "update")
    wanted = (f"{PYTHON}-minimal", f"lib{PYTHON}-dev", "libstdc++6")  # the last for NumPy
    run(*apt, "install", "--download-only", "--no-install-recommends", *wanted)
    for package in (folder / "apt" / "cache" / "archives").glob("*.deb"):
        run("dpkg", "-x", package, folder / "root")
    return folder / "root"


def libraries_for_arm64(folder):
    """What the build and the trial import: the folder they are in"""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    needed = [*project["build-system"]["requires"], *extras["cli"], *extras["test"]]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-warn-conflicts", "--only-binary=:all:", *PLATFORMS]
    pip += [f"--python-version=3.{sys.version_info.minor}", "--target", folder / "libraries"]
    run(*pip, *(name for name in needed if not name.startswith("fastloss")))
    return folder / "libraries"


def main(dist):
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        sys.exit(f"{', '.join(missing)} is not here: apt-get install gcc-aarch64-linux-gnu qemu-user git")
    here = os.environ | {"PYTHONPATH": str(ROOT)}
    if subprocess.run([sys.executable, "-m", "fastloss", "--version"], env=here, stdout=subprocess.DEVNULL).returncode:
        sys.exit(2)  # it has said what builds it
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        root, libraries = python_for_arm64(folder), libraries_for_arm64(folder)
        emulated = ["qemu-aarch64", "-L", root, root / "usr" / "bin" / PYTHON]
        tree, installed, made = folder / "tree", folder / "installed", folder / "made"

        run("git", "clone", "-q", ROOT, tree)
        headers = f"-I{root}/usr/include/{PYTHON} -I{root}/usr/include"
        build = {"CC": "aarch64-linux-gnu-gcc", "CFLAGS": headers, "FASTLOSS_WERROR": "1", "PYTHONPATH": str(libraries)}
        run(*emulated, "setup.py", "-q", "bdist_wheel", "-d", made, cwd=tree, env=os.environ | build)
        (wheel,) = made.glob("*.whl")
        run(sys.executable, ROOT / "tests" / "wheel" / "check.py", wheel)
        zipfile.ZipFile(wheel).extractall(installed)

        shutil.rmtree(tree / "fastloss")  # the one that is tried is that of the wheel
        trial = os.environ | {"PYTHONPATH": f"{installed}{os.pathsep}{libraries}"}
        bits = ["-m", "pytest", "-q", "-o", "addopts=", "tests/core/test_bits.py", "-k", "test_hash"]
        run(*emulated, *bits, cwd=tree, env=trial)
        rows = (f"{k * k % 997 / 31},{k / 10}\n" for k in range(10_000))
        (folder / "preds.csv").write_text("p,y\n" + "".join(rows), encoding="utf-8")
        run(*emulated, "-m", "fastloss", *SCORE, "there.parquet", cwd=folder, env=trial)
        run(sys.executable, "-m", "fastloss", *SCORE, "here.parquet", cwd=folder, env=here)
        if (folder / "there.parquet").read_bytes() != (folder / "here.parquet").read_bytes():
            sys.exit("a scored file has other bytes than on this machine")
        Path(dist).mkdir(exist_ok=True)
        shutil.copy(wheel, dist)
        print(f"made: {Path(dist) / wheel.name}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("the folder for the wheel is to be named: python tests/targets/wheel.py DIST")
    main(sys.argv[1])
