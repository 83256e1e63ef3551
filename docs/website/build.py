"""Builds the documentation's site: `make docs`.

The pages are gathered in a temporary folder, the pages of the public modules are made from their docstrings,
and mkdocs builds the site from both. A broken link or anchor, and a page without a place in the navigation,
are errors.
"""

import argparse
import logging
import tempfile
from pathlib import Path

from api_pages import MODULES, write_api_pages
from mkdocs.commands.build import build
from mkdocs.config import load_config
from navigation import navigation
from staging import ROOT, stage


def main() -> None:
    """Build the site in a folder."""
    parser = argparse.ArgumentParser(description="Build the documentation's site.")
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "site")
    parser.add_argument("--url", help="the address under which it is published")
    arguments = parser.parse_args()
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    with tempfile.TemporaryDirectory() as temporary:
        staged = Path(temporary)
        stage(staged)
        write_api_pages(staged)
        config = load_config(
            str(ROOT / "mkdocs.yml"),
            docs_dir=str(staged),
            site_dir=str(arguments.folder.resolve()),
            site_url=arguments.url or "",
            nav=navigation(staged, list(MODULES.values())),
            strict=True,
        )
        build(config)


if __name__ == "__main__":
    main()
