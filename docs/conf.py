"""Sphinx: Markdown in, HTML out, nothing fetched from elsewhere."""

from adaptlearn import __version__

project, author, version, release = "adaptlearn", "The adaptlearn maintainers", __version__, __version__
copyright = author
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"adaptlearn {version}"
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]  # links to files outside docs/ lead into the repository
