"""How the guide is built (Sphinx, MyST)."""

from engager import __version__

project = "engager"
author = "The engager developers"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"engager {release}"
exclude_patterns = ["_build"]
