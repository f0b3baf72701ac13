"""How Sphinx builds the manual: `sphinx-build -W docs docs/_build`."""

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent / "src"))  # the checkout is documented, whatever is installed

project = "parkdispatch"
author = "The parkdispatch authors"
project_copyright = "2026, the parkdispatch authors"
version = release = "0.2.0"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "manual",
    "mathml",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "outputs", "examples"]
templates_path: list[str] = []

myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
# a link to a file of the repository outside of the manual is a link to that file, not a page
myst_url_schemes = ["http", "https", "mailto"]

default_role = "code"  # docstrings mark code by single backquotes
autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "parkdispatch"
html_static_path = ["_static"]
html_css_files = ["manual.css"]
html_show_sourcelink = False
html_theme_options = {"sidebar_hide_name": False}
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

# the notebooks are executed whenever the manual is built; an error in one is an error of the build
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300


def _without_module_docstring(_app: object, what: str, *details: object) -> None:
    """The page introduces the package itself."""
    if what == "module":
        lines = details[-1]
        assert isinstance(lines, list)
        lines.clear()


def setup(app: Any) -> None:
    """Connect what autodoc is to leave out."""
    app.connect("autodoc-process-docstring", _without_module_docstring)
