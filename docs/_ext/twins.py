"""Pictures that have twins for dark pages, for narrow ones, or for both: NAME-dark, NAME-narrow and NAME-narrow-dark
beside NAME. Thumbnails of sphinx-gallery get a dark one here, and a text, as their title stands beside them.
"""

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
        if name.match("*_thumb.svg"):
            light = _file(app, image)
            light.with_stem(f"{light.stem}-dark").write_text(in_dark(light.read_text("utf-8")), encoding="utf-8")
        for each in (image, _twin(app, image, "narrow", "wide")):
            if each:
                _twin(app, each, "dark", "light")


def _twin(app, image, kind, other):
    """The twin of a picture, of pages of one kind, that is put behind the picture, which is for pages of the other."""
    file, name = _file(app, image), PurePath(image["uri"])
    if not file.with_stem(f"{file.stem}-{kind}").exists():
        return None
    twin = image.copy()
    twin["uri"] = str(name.with_stem(f"{name.stem}-{kind}"))
    twin["classes"] = [*image["classes"], f"only-{kind}"]
    image["classes"] = [*image["classes"], f"only-{other}"]
    image.parent.insert(image.parent.index(image) + 1, twin)
    return twin


def _file(app, image):
    return Path(app.env.relfn2path(image["uri"])[1])
