"""The floors of the package: an import leads downwards, or to another room of the same floor."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import fastloss as fl

PACKAGE = Path(fl.__file__).parent
# From the ground up; `fastloss` itself, the public names, is a floor too
FLOORS = ("core", "exact", "losses", "metrics", "penalty", "adaptive", "files", "scoring", "_moved", "fastloss",
          "integrations", "plot", "report", "cli", "__main__")  # fmt: skip
MODULES = sorted(p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".pyx", ".pxd"))
FOLDERS = sorted({p.parent for p in MODULES} - {PACKAGE})


def floor_of(module):
    """The floor of a module by its full name."""
    _, *rooms = module.split(".")
    return rooms[0] if rooms and rooms[0] in FLOORS else "fastloss"


def imports(path):
    """What a file imports of the package, wherever in it, by full names; Cython is read line by line."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        words = [line.split() for line in text.splitlines()]
        return {w[1] for w in words if len(w) > 2 and w[0] == "from" and w[1].split(".")[0] == "fastloss"}
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "fastloss"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_lead_downwards(path):
    rooms = path.relative_to(PACKAGE).with_suffix("").parts
    own = FLOORS.index(floor_of(".".join(("fastloss", *rooms))))
    upwards = [name for name in imports(path) if FLOORS.index(floor_of(name)) > own]
    assert not upwards, f"{FLOORS[own]} imports {upwards}, which are above it"


def room_of(module, floor):
    """The file or folder of a floor that a module is, or is in; None if it is on another floor."""
    names = module.split(".")
    if names[: len(floor)] != floor:
        return None
    place = PACKAGE.parent.joinpath(*names[: len(floor) + 1])
    is_room = place.is_dir() or any(place.with_suffix(suffix).exists() for suffix in (".py", ".pyx"))
    return names[len(floor)] if len(names) > len(floor) and is_room else "__init__"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(PACKAGE.parent).as_posix())
def test_the_rooms_of_a_floor_are_in_an_order(folder):
    """A cycle of imports between them is an error that names it, also where an import stands inside a function."""
    floor = list(folder.relative_to(PACKAGE.parent).parts)
    leads_to = {}
    for path in folder.rglob("*.py*"):
        if path in MODULES:
            own = path.relative_to(folder).parts[0].split(".")[0]
            leads_to.setdefault(own, set()).update({room_of(name, floor) for name in imports(path)} - {own, None})
    TopologicalSorter(leads_to).prepare()


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.suffix == ".pyx" and p.name != "plain.pyx"], ids=lambda path: path.name
)
def test_hot_loops_import_no_python(path):
    """They run the blocks that they are told; which thread runs which is decided above them, as in plain.pyx."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    imported = [line[1] for line in lines if len(line) > 2 and line[1].startswith("fastloss") and line[2] == "import"]
    compiled = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in PACKAGE.rglob("*.pyx")}
    assert set(imported) <= compiled


def test_no_two_files_of_tests_have_one_name():
    """pytest takes files in several folders for one module."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert not {name for name in names if names.count(name) > 1}
