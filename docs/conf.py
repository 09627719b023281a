"""Sphinx: Markdown in, HTML out, nothing fetched from elsewhere. Reference pages are made by ``reference.py``."""

import sys
from pathlib import Path

from adaptlearn import __version__

sys.path.insert(0, str(Path(__file__).parent))

project, author, version, release = "adaptlearn", "The adaptlearn maintainers", __version__, __version__
copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
html_theme = "furo"
html_title = f"adaptlearn {version}"
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]  # links to files outside docs/ lead into the repository
