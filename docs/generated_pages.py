"""A hook of MkDocs: pages that are made from the code when the documentation is built."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import api_reference
import data_dictionary

PAGES = {
    "reference/data-dictionary.md": data_dictionary.markdown,
    "reference/api.md": api_reference.markdown,
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for path, markdown in PAGES.items():
        files.append(File.generated(config, path, content=markdown()))
    return files
