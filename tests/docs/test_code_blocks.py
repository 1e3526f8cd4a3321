"""The code of every page runs as it stands, from its first block to its last."""

import contextlib
import re
import sys
from pathlib import Path

import pytest
from blocks import blocks, imported, run_page
from surroundings import STANDS_FOR, SURROUNDINGS, ray

ROOT = Path(__file__).resolve().parents[2]
RECIPES = sorted(set(ROOT.glob("docs/recipes/*.md")) - {ROOT / "docs/recipes/index.md"})
PAGES = [page for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))) if blocks(page)]
pytestmark = [pytest.mark.docs, pytest.mark.filterwarnings("ignore")]  # of other libraries


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setitem(sys.modules, "ray", ray())
    for name in imported(page):
        pytest.importorskip(name)
    name = page.relative_to(ROOT).as_posix()
    surroundings = SURROUNDINGS.get(name, lambda: contextlib.nullcontext({}))
    with surroundings() as names:
        run_page(page, {"__name__": "page", **names}, tmp_path, STANDS_FOR)


@pytest.mark.parametrize("page", RECIPES, ids=lambda page: page.stem)
def test_a_recipe_is_short_and_shows_what_it_prints(page):
    text = page.read_text(encoding="utf-8")
    assert len(text.split()) <= 900
    assert any(prints for *_, prints in blocks(page))
    assert page.relative_to(ROOT).as_posix() not in SURROUNDINGS  # its folder is empty
    assert re.fullmatch(r"(- .*\]\(.*\.(md|rst)\).*\n( .*\n)?)+", text.partition("\n## See also\n\n")[2])


def test_pages_that_are_named_are_there():
    assert {page.relative_to(ROOT).as_posix() for page in PAGES} >= set(SURROUNDINGS)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("```python\n>>> 1 + 1\n3\n\n```\n", "Expected:\n    3"),
        ("```console\nfalse\n```\n", "exit code 1"),
        ("```python\nassert 1 > 2\n```\n", ""),
        ("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n", "printed\n2"),
        ("```console\necho a\n```\n\n```text\nb\n```\n", "printed\na"),
    ],
)
def test_a_block_that_fails_is_found(block, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.md").write_text(f"# Page\n\n{block}", encoding="utf-8")
    with pytest.raises(AssertionError, match=said):
        run_page(tmp_path / "page.md", {}, tmp_path)


def test_names_of_a_block_are_those_of_the_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codes = {"x = 1\n": "python", ">>> x\n1\n>>> y = 2\n\n": "python", "touch z\n": "console", "y\n": "python"}
    text = "\n".join(f"```{language}\n{code}```\n" for code, language in codes.items())
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    run_page(tmp_path / "page.md", {}, tmp_path)
    assert (tmp_path / "z").exists()
