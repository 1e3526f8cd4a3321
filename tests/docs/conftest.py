"""The site, built once as CONTRIBUTING says, for all that look at it."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("sphinx", "myst_parser", "pydata_sphinx_theme", "sphinx_gallery", "sphinx_copybutton", "matplotlib", "typer")


def git_status():
    command = ["git", "status", "--porcelain", "--ignored"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


class Page(HTMLParser):
    """What a page refers to, what may be referred to in it, and its headings."""

    def __init__(self, path):
        super().__init__()
        self.path, self.links, self.parts, self.ids, self.images, self.headings = path, [], [], set(), [], []
        self._in_heading = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("script", "img", "link", "iframe", "source", "video"):
            self.parts += [given[name] for name in ("src", "href") if given.get(name)]
            if tag == "img":
                self.images.append(given)
        elif tag == "h2":
            self._in_heading = True
            self.headings.append("")

    def handle_endtag(self, tag):
        self._in_heading = self._in_heading and tag not in ("h2", "a")

    def handle_data(self, data):
        if self._in_heading and data != "#":
            self.headings[-1] += data


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder of the site, and what git says of the tree before and after."""
    for name in NEEDED:
        pytest.importorskip(name)
    out, before = tmp_path_factory.mktemp("site"), git_status()
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "docs", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out, before, git_status()


@pytest.fixture(scope="session")
def site(built):
    """{address within the site: page}"""
    out, *_ = built
    pages = sorted(path for path in out.rglob("*.html") if "_static" not in path.parts)
    return {path.relative_to(out).as_posix(): Page(path) for path in pages}
