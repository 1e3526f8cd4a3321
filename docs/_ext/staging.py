"""Builds the site from a copy of docs/ inside OUT, where other extensions may write the pages that they generate."""

import shutil
from pathlib import Path

# What the copy leaves out: the settings, which stay where they are
SETTINGS = ("conf.py", "_ext", "_static", "__pycache__")
SCRIPTS = ("tutorials", "gallery")  # sphinx-gallery writes pages under these names


def setup(app):
    tree, staged = Path(app.srcdir), Path(app.doctreedir) / "tree" / "docs"
    if staged.exists():
        shutil.rmtree(staged)
    shutil.copytree(tree, staged, ignore=shutil.ignore_patterns(*SETTINGS, *SCRIPTS))
    for name in SCRIPTS:
        shutil.copytree(tree / name, staged / "_scripts" / name)
    compiled = staged.parent / "examples" / "compiled"  # to which docs/c.md links
    shutil.copytree(tree.parent / "examples" / "compiled", compiled, dirs_exist_ok=True)
    app.srcdir = staged
    return {"parallel_read_safe": True}
