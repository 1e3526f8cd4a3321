"""The thumbnails of sphinx-gallery: each gets a text, as its title stands beside it, and a twin for dark pages."""

from pathlib import Path, PurePath

from docutils import nodes
from grounds import in_dark

ENDING = "_thumb.svg"


def setup(app):
    app.connect("doctree-read", complete, priority=100)  # before Sphinx collects the pictures
    return {"parallel_read_safe": True}


def complete(app, doctree):
    for image in list(doctree.findall(nodes.image)):
        if not image.get("alt"):
            name = PurePath(image["uri"]).stem.removeprefix("sphx_glr_").removesuffix("_thumb")
            image["alt"] = f"Picture of {name.replace('_', ' ')}"
        if image["uri"].endswith(ENDING):
            image.parent.insert(image.parent.index(image) + 1, _dark_twin(Path(app.srcdir), image))
            image["classes"].append("only-light")


def _dark_twin(folder, image):
    """The picture in the colours of dark pages, which is written beside it."""
    twin = image.copy()
    twin["uri"] = image["uri"].replace(ENDING, "_thumb-dark.svg")
    twin["classes"] = [*image["classes"], "only-dark"]
    light, dark = (folder / uri.lstrip("/") for uri in (image["uri"], twin["uri"]))
    dark.write_text(in_dark(light.read_text(encoding="utf-8")), encoding="utf-8")
    return twin
