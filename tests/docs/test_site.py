"""The pages of the site: built offline into a folder of its own, whole, and free of what others serve."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import fastloss as fl
from fastloss.plot.style import DARK, LIGHT

pytestmark = pytest.mark.docs

PRESETS = set(fl.list_losses("residual"))  # what the explorer's script reads behind the # of its address
ROOT = Path(__file__).resolve().parents[2]
PARTS = ("Domain", "Parameters", "Special values", "Accuracy", "Speed", "Source", "Example", "See also")


def test_the_tree_stays_as_it_is(built):
    _, before, after = built
    assert after == before


def test_other_sites_can_refer_to_it(built):
    out, *_ = built
    assert (out / "objects.inv").read_bytes().startswith(b"# Sphinx inventory version 2")


def test_scripts_styles_fonts_and_pictures_are_its_own(built, site):
    out, *_ = built
    foreign = {(name, part) for name, page in site.items() for part in page.parts if urlsplit(part).netloc}
    assert not foreign
    for style in out.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def test_no_link_is_broken(built, site):
    out, *_ = built
    broken = []
    for name, page in site.items():
        for link in [*page.links, *page.parts]:
            scheme, host, path, _, fragment = urlsplit(link)
            if scheme or host:
                continue
            place = (page.path.parent / unquote(path)).resolve() if path else page.path
            target = site.get(place.relative_to(out.resolve()).as_posix()) if place.is_relative_to(out) else None
            ids = target.ids | PRESETS if target and target.path.name == "explorer.html" else target and target.ids
            if not place.exists() or (fragment and target and unquote(fragment) not in ids):
                broken.append(f"{name}: {link}")
    assert not broken


def test_every_picture_has_a_text(site):
    without = [(name, image["src"]) for name, page in site.items() for image in page.images if not image.get("alt")]
    assert not without


FORMS = ({"only-wide", "only-light"}, {"only-wide", "only-dark"}, {"only-narrow", "only-light"},
         {"only-narrow", "only-dark"})  # fmt: skip


def forms(images):
    """[(stem of a picture, [the file of each of FORMS that it has])]"""
    found = {}
    for image in images:
        name = Path(image["src"])
        stem = re.sub("(-narrow)?(-dark)?$", "", name.stem)
        kinds = {kind for kind in image["class"].split() if kind.startswith("only-")}
        assert name.stem == stem + "-narrow" * ("only-narrow" in kinds) + "-dark" * ("only-dark" in kinds)
        found.setdefault(stem, []).append(kinds)
    return found


def test_pictures_of_scripts_are_for_light_dark_wide_and_narrow_pages(site):
    for name, page in site.items():
        if name.startswith(("gallery/", "tutorials/")) and not name.endswith("/index.html"):
            drawn = forms(page.images)
            assert drawn
            for stem, kinds in drawn.items():  # an animation has one width
                assert kinds == ([{"only-light"}, {"only-dark"}] if stem == "line" else [*FORMS])
            for image in page.images:
                text = (page.path.parent / image["src"]).read_bytes().decode(errors="replace")
                if "only-dark" in image["class"] and image["src"].endswith(".svg"):
                    assert DARK.ink in text and LIGHT.ink not in text and "#000000" not in text
                if "only-narrow" in image["class"]:  # 390 pixels less its margins: text has the size it was given
                    assert float(re.search(r'width="([\d.]+)pt"', text)[1]) <= 300


def test_jobs_in_which_we_are_behind_are_named(site):
    files = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    ahead = dict(re.findall(r"^\| (.+?) \|.* \| ([\d.]+) \([\d.]+\) \|", files, re.MULTILINE))
    text = site["explanation/benchmarks.html"].path.read_text(encoding="utf-8")
    named = {name for name in ahead if f"<td><p>{name}</p></td>" in text}
    assert ahead and named == {name for name, ratio in ahead.items() if float(ratio) < 1}


@pytest.mark.parametrize(("name", "drawn"), [("boosting.html", "boosting"), ("explanation/benchmarks.html", "speed")])
def test_pictures_of_the_readme_have_their_twins(site, name, drawn):
    assert forms(site[name].images) == {drawn: [*FORMS]}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(rf"docs/({drawn}[\w-]*\.png)\"", readme)
    assert sorted(named) == sorted({Path(image["src"]).name for image in site[name].images})


def test_thumbnails_have_twins_for_dark_pages(site):
    for name in ("gallery/index.html", "tutorials/index.html"):
        thumbs = [image for image in site[name].images if "_thumb" in image["src"]]
        light = [image["src"] for image in thumbs if "only-light" in image["class"]]
        dark = [image["src"] for image in thumbs if "only-dark" in image["class"]]
        assert light and dark == [src.replace("_thumb", "_thumb-dark") for src in light]
        assert len(thumbs) == len(light) + len(dark)
        for src in dark:
            drawn = (site[name].path.parent / src).read_text(encoding="utf-8")
            assert LIGHT.ink not in drawn


@pytest.mark.parametrize("name", fl.list_losses())
def test_a_loss_has_its_page(site, name):
    page = site[f"reference/{name}.html"]
    assert set(PARTS) <= set(page.headings)
    assert f"fastloss.{name}" in page.ids
    text = Path(page.path).read_text(encoding="utf-8")
    assert 'class="math' in text and f"{name}.svg" in text and f"{name}-dark.svg" in text
