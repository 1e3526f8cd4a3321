"""The package as it is shipped: symbols, stubs, versions, documents, and what an import brings in."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from stubs import stubs

import fastloss as fl
from fastloss.core import docstrings

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(fl.__file__).parent
OBJECTS = sorted((ROOT / "build" / "kernels").glob("*/*.o"))
EXTENSIONS = sorted(PACKAGE.rglob("*.so"))


def exported(file, *options):
    """The symbols that a file defines for others."""
    if not shutil.which("nm"):
        pytest.skip("nm is not installed")
    command = ["nm", "--defined-only", "--extern-only", "--format=posix", *options, file]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    names = {line.split()[0] for line in lines}
    return {name for name in names if not name.startswith("__odr_asan")}  # the address sanitizer's


@pytest.mark.parametrize("file", OBJECTS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_kernel_object_exports_its_table_alone(file):
    isa, (domain, arithmetic) = file.parent.name.split("-")[0], file.stem.split("_")
    assert exported(file) == {f"fl_{domain}_{isa}_{arithmetic}"}


def test_there_are_kernel_objects():
    if not OBJECTS:
        pytest.skip("fastloss was not built in this tree: pip install -e .")
    kinds = {(file.parent.name.split("-")[0], file.stem) for file in OBJECTS}
    assert {(isa, f"map_{arithmetic}") for isa in fl.isas() for arithmetic in (32, 64, 3264)} <= kinds
    assert {(isa, f"rows_{arithmetic}") for isa in fl.isas() for arithmetic in (32, 64)} <= kinds


@pytest.mark.parametrize("file", EXTENSIONS, ids=lambda file: file.name.split(".")[0])
def test_an_extension_exports_its_init_alone(file):
    assert exported(file, "--dynamic") == {f"PyInit_{file.name.split('.')[0]}"}


@pytest.mark.parametrize("file", EXTENSIONS, ids=lambda file: file.name.split(".")[0])
def test_an_extension_is_hardened(file):
    """Full RELRO, stack protectors, and no folder of its own to load libraries from"""
    if not shutil.which("readelf"):
        pytest.skip("readelf is not installed")
    command = ["readelf", "--wide", "--dynamic", "--program-headers", "--dyn-syms", file]
    read = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "GNU_RELRO" in read
    assert re.search(r"\(FLAGS_1\).*NOW", read)
    assert not re.search(r"R(UN)?PATH", read)
    if "fsanitize" not in fl.core.kernels.build_flags():
        assert "__stack_chk_fail" in read


def test_an_import_brings_in_numpy_alone():
    code = "import sys; before = set(sys.modules); import fastloss; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    packages = {name.split(".")[0] for name in done.stdout.split()}
    assert "numpy" in packages
    assert not packages & {"pyarrow", "typer", "rich", "matplotlib", "scipy", "ml_dtypes", "pandas", "torch"}


def test_modules_around_other_libraries_are_there_without_an_import():
    code = (
        "import fastloss as fl; libraries = fl.integrations; print(*dir(libraries)); libraries.scipy.rho\n"
        "assert not hasattr(libraries, 'nothing') and libraries.xgboost.objective(fl.huber)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert {"xgboost", "lightgbm", "catboost", "scipy", "statsmodels", "sklearn", "torch", "jax"} < {
        *done.stdout.split()
    }


@pytest.mark.parametrize(
    "call",
    [
        "fl.summarize([1.0, 2.0, 4.0], sample_weight=[1.0, 2.0, 3.0]).to_json()",
        "fl.Summary.from_json(fl.summarize([1.0, 2.0]).to_json(state=True))",
        "fl.adaptive.RobustRegressor('huber').fit([[0.0], [1.0], [2.0], [4.0]], [0.0, 1.0, 2.1, 9.0])",
        "fl.calibrate([[1.0, 2.0], [3.0, 1.0], [0.0, 2.0], [1.0, 0.0]], [1, 0, 1, 1])",
        "fl.penalty.l1.prox([3.0], 2.0)",
    ],
)
def test_what_takes_arrays_needs_numpy_alone(call):
    others = ("pyarrow", "pandas", "scipy", "sklearn", "typer", "rich", "matplotlib")
    code = f"import sys; sys.modules.update(dict.fromkeys({others})); import fastloss as fl; {call}"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- types ---------------------------------------------------------------------------------


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").exists()


def test_the_stubs_are_up_to_date():
    text = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    assert text == stubs(), "run: python tools/generate.py stubs"


@pytest.mark.parametrize("name", fl.__all__)
def test_the_stubs_declare(name):
    text = (PACKAGE / "__init__.pyi").read_text(encoding="utf-8")
    assert re.search(rf"^(def|class) {name}\b|^{name}: |import {name} as {name}$", text, re.MULTILINE)


# ---- documents -----------------------------------------------------------------------------


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_one():
    changes, citation = ((ROOT / name).read_text(encoding="utf-8") for name in ("CHANGELOG.md", "CITATION.cff"))
    assert fl.__version__ == version("fastloss") == pyproject()["project"]["version"]
    changed, day = re.search(r"^## (\S+) - (\S+)$", changes, re.MULTILINE).groups()
    cited, released = re.search(r'^version: (\S+)\ndate-released: "(\S+)"$', citation, re.MULTILINE).groups()
    assert changed == cited == fl.__version__
    assert day in (released, "unreleased")


def test_every_python_that_is_named_has_wheels_and_is_tested():
    settings = pyproject()
    named = re.findall(r"Python :: (3\.\d+)\n", "\n".join([*settings["project"]["classifiers"], ""]))
    wheels = {f"cp{python.replace('.', '')}-*" for python in named}
    workflow = (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    assert set(settings["tool"]["cibuildwheel"]["build"]) == wheels | {"cp314t-*"}
    assert re.findall(r"\d\.\d+", re.search(r"python: \[(.*)\]", workflow).group(1)) == named


def test_every_stage_is_named_and_runs_elsewhere():
    read = {name: (ROOT / name).read_text(encoding="utf-8") for name in (".ci/run", "CONTRIBUTING.md")}
    stages = set(re.search(r"^stages=\((.*)\)$", read[".ci/run"], re.M)[1].split())
    assert (
        set(re.findall("`([a-z]+)`", re.search(r"`bash .ci/run lint` \((.*)\)", read["CONTRIBUTING.md"])[1])) == stages
    )
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    once = set(re.search(r"stage: \[(.*)\]", workflow)[1].split(", "))
    assert once | {"install", "tests"} == stages


def test_addresses_of_the_project():
    urls = pyproject()["project"]["urls"]
    assert set(urls) == {"Documentation", "Source", "Issues", "Changes"}
    assert all(url.startswith("https://") for url in urls.values())


def test_docstrings_name_the_site_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == docstrings.SITE
    assert f"{docstrings.SITE}reference/huber.html" in fl.huber.__doc__


def test_the_readme_has_two_commands():
    """Which .ci/run runs as they stand."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^```console\n[^\n]+\n```$", text, re.MULTILINE)) == text.count("```console") == 2


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md", "csrc/README.md"])
def test_links_and_names_of_files_lead_somewhere(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    names = re.findall(r"`(?:[^`\n]* )?((?:tests|csrc|fastloss|bench|tools|docs|examples)/[\w./]*\w)[^`\n]*`", text)
    assert not [name for name in (*links, *names) if not (ROOT / name).exists()]


def test_the_tree_of_contributing_is_the_tree():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"## The tree\n\n```\n(.*?)```", text, re.DOTALL).group(1)
    folder, named = ROOT, set()
    for line in block.splitlines():
        names = re.findall(r"[\w./]*\w(?:\.\w+|/)", line)
        if not line.startswith(" "):
            folder = ROOT / names[0]
        for name in names:
            assert (folder / name).exists() or (ROOT / name).exists(), f"{name} is not in {folder}"
            named.add(name.rstrip("/"))
    sources = [*(ROOT / "csrc").iterdir(), *PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyx")]
    assert not {file.name for file in sources} - named
