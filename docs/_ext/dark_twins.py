"""Pictures that have a twin for dark pages: NAME-dark beside NAME, and the thumbnails of sphinx-gallery, whose twin is
made here. Thumbnails get a text, as their title stands beside them."""

from pathlib import Path, PurePath

from docutils import nodes
from grounds import in_dark


def setup(app):
    app.connect("doctree-read", complete, priority=100)  # before Sphinx collects the pictures
    return {"parallel_read_safe": True}


def complete(app, doctree):
    for image in list(doctree.findall(nodes.image)):
        name = PurePath(image["uri"])
        if not image.get("alt"):
            stem = name.stem.removeprefix("sphx_glr_").removesuffix("_thumb")
            image["alt"] = f"Picture of {stem.replace('_', ' ')}"
        light = Path(app.env.relfn2path(image["uri"])[1])
        dark = light.with_stem(f"{light.stem}-dark")
        if name.match("*_thumb.svg"):
            dark.write_text(in_dark(light.read_text(encoding="utf-8")), encoding="utf-8")
        if dark.exists() and not {"only-light", "only-dark"} & set(image["classes"]):
            twin = image.copy()
            twin["uri"] = str(name.with_stem(dark.stem))
            twin["classes"] = [*image["classes"], "only-dark"]
            image["classes"].append("only-light")
            image.parent.insert(image.parent.index(image) + 1, twin)
