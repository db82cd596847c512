"""How Sphinx makes the site. Nothing is loaded from other hosts: the theme has its own files."""

project = "Pellucid, chapter by chapter"
html_title = project
extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_block", "colon_fence"]
myst_heading_anchors = 2

html_theme = "furo"
html_static_path = ["style"]
html_css_files = ["book.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
