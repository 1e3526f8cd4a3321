"""What to install, as messages say it: the commands work where they are read."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import fastloss as fl
from fastloss.core import config, installing

PACKAGE = Path(fl.__file__).parent
ROOT = PACKAGE.parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}
EXTRAS = sorted({name for text in SOURCES.values() for name in re.findall(r"install_extra\('(\w+)'\)", text)})


@pytest.fixture
def checkout(tmp_path):
    """A copy of the sources that was not built, in a folder whose name has to be quoted."""
    root = tmp_path / "a checkout"
    leave = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", "*.egg-info")
    for name in ("fastloss", "csrc"):
        shutil.copytree(ROOT / name, root / name, ignore=leave)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, root)
    return root


def said_by(code, folder, path):
    """The last line of what Python says of an error."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stderr
    return run.stderr.splitlines()[-1]


def dry_run(command, folder, *options):
    words = shlex.split(command)
    place = words.index("install") + 1
    done = subprocess.run(
        [*words[:place], "--dry-run", *options, *words[place:]], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_extras_and_libraries_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cli", "plot", "dask", "spark", "integrations"} <= set(EXTRAS) <= set(project["optional-dependencies"])


def test_messages_have_their_commands_from_one_place():
    there = [path.name for path, text in SOURCES.items() if "pip install" in text]
    assert not there


@pytest.mark.parametrize("extra", ["cli", "plot"])
def test_an_extra_of_what_is_installed_is_found_without_an_index(extra, tmp_path):
    """Those that the tests need themselves; of others the libraries come from an index."""
    pytest.importorskip("pip")
    try:
        distribution("fastloss")
    except PackageNotFoundError:
        pytest.skip("fastloss is not installed")
    command = installing.install_extra(extra)
    assert command.endswith(f"pip install 'fastloss[{extra}]'")
    dry_run(command, tmp_path, "--no-index")


def test_an_extra_of_a_checkout_that_is_not_installed(checkout, monkeypatch, tmp_path):
    """No index has fastloss: its folder is named."""
    pytest.importorskip("pip")
    monkeypatch.setattr(installing, "ROOT", checkout)
    monkeypatch.setattr(installing, "_is_installed", lambda: False)
    command = installing.install_extra("cli")
    assert command.endswith(f"pip install -e '{checkout}[cli]'")
    dry_run(command, tmp_path, "--no-index", "--no-build-isolation")


def test_a_checkout_that_is_not_built_says_so(checkout, tmp_path):
    said = said_by("import fastloss", checkout, checkout)
    match = re.fullmatch(
        r"ImportError: the fastloss in (.+) is not built for Python ([\d.]+): (.*pip install -e \.)", said
    )
    assert Path(match[1]) == checkout
    assert sys.version.startswith(match[2])
    assert said_by("import fastloss.core.loss", checkout, checkout) == said
    elsewhere = said_by("import fastloss", tmp_path, checkout)
    assert elsewhere.endswith(f": cd '{checkout}' && {match[3]}")


@pytest.mark.parametrize(
    "options", [("-m", "fastloss"), ("-W", "error", "-mfastloss"), ("-m", "fastloss", "score", "-m")]
)
def test_the_command_of_a_checkout_that_is_not_built_says_it_in_one_line(checkout, options):
    run = subprocess.run([sys.executable, *options], cwd=checkout, capture_output=True, text=True)
    message = said_by("import fastloss", checkout, checkout).removeprefix("ImportError: ")
    assert (run.returncode, run.stdout, run.stderr) == (2, "", f"fastloss: {message}\n")


def test_a_program_that_does_without_a_checkout_that_is_not_built(checkout):
    (checkout / "program.py").write_text("try:\n    import fastloss\nexcept ImportError:\n    print('without')")
    run = subprocess.run([sys.executable, "-m", "program", "fastloss"], cwd=checkout, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("without\n", "")


def test_the_command_that_builds_a_checkout(checkout):
    pytest.importorskip("pip")
    command = said_by("import fastloss", checkout, checkout).split(": ")[-1]
    dry_run(command, checkout, "--no-index", "--no-build-isolation")


def test_another_error_of_an_import_comes_out(checkout):
    (checkout / "fastloss" / "core" / "kernels.py").write_text("import no_such_library", encoding="utf-8")
    assert said_by("import fastloss", checkout, checkout) == "ModuleNotFoundError: No module named 'no_such_library'"


def test_pip_is_that_of_this_python(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    if shutil.which("pip"):
        assert installing.install_library("fsspec") == "pip install fsspec"
    other = tmp_path / "pip"
    other.write_text("")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installing.install_library("fsspec") == f"{shlex.quote(sys.executable)} -m pip install fsspec"


@pytest.mark.skipif(not (ROOT / "pyproject.toml").exists(), reason="what is installed is no checkout")
def test_a_checkout_that_is_not_installed_knows_its_version(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", missing)
    monkeypatch.delattr(config, "__version__", raising=False)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert config.__version__ == project["version"]


def test_a_pyarrow_that_is_too_old(monkeypatch, capfd):
    pyarrow = pytest.importorskip("pyarrow")
    from fastloss.cli import main

    monkeypatch.setattr(pyarrow, "__version__", "15.0.2")
    said = f"scoring files needs pyarrow {installing.PYARROW} or newer, 15.0.2 is installed: "
    with pytest.raises(ImportError, match=f"^{said}.*pip install -U pyarrow$"):
        fl.score("any.csv", loss=fl.huber, residual="r")
    assert main(["score", "any.csv", "--loss", "huber", "--residual", "r"]) == 2
    assert capfd.readouterr().err.startswith(f"fastloss: {said}")


def test_the_oldest_pyarrow_is_that_of_the_extra():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert f"pyarrow>={installing.PYARROW}" in extras["cli"]
