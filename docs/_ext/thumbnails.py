"""Pictures that sphinx-gallery gives no text get one: its thumbnails, whose title stands beside them."""

from pathlib import PurePath

from docutils import nodes


def setup(app):
    app.connect("doctree-read", describe)
    return {"parallel_read_safe": True}


def describe(app, doctree):
    for image in doctree.findall(nodes.image):
        if not image.get("alt"):
            name = PurePath(image["uri"]).stem.removeprefix("sphx_glr_").removesuffix("_thumb")
            image["alt"] = f"Picture of {name.replace('_', ' ')}"
