"""The site: python -m sphinx -W docs OUT

It is built from a copy of this folder inside OUT, beside which the extensions of docs/_ext and sphinx-gallery write
their pages, so that nothing is left in the tree.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

import fastloss  # noqa: E402

project = "fastloss"
author = "the fastloss developers"
project_copyright = "the fastloss developers"
version = release = fastloss.__version__

smartquotes = False  # which make one dash of those of --loss

extensions = [
    "staging",  # first: the others write where it points
    "loss_pages",
    "behind",
    "command_pages",
    "twins",
    "breaks",
    "myst_parser",
    "sphinx.ext.autodoc",
    "docstrings",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_scripts", "explanation/behind.md"]

myst_enable_extensions = ["attrs_inline", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

default_role = "code"  # what docstrings have between backticks
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings have them
napoleon_google_docstring = False
napoleon_custom_sections = ["Source"]

sphinx_gallery_conf = {
    "examples_dirs": ["_scripts/tutorials", "_scripts/gallery"],
    "gallery_dirs": ["tutorials", "gallery"],
    "filename_pattern": r"\.py$",  # all are run
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "image_scrapers": ("grounds.scrape",),
    "reset_modules": ("grounds.reset",),
    "show_signature": False,
    "show_memory": False,
    "write_computation_times": False,
    "download_all_examples": False,
    "remove_config_comments": True,
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = "fastloss"
html_context = {"default_mode": "auto"}  # light or dark, as the reader has it; without it the theme logs an error
html_favicon = "_static/icon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {"start": [], "explorer": []}  # which have no pages below them
html_show_sourcelink = False
html_domain_indices = False
html_theme_options = {
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
}
