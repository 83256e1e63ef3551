"""The site's navigation: the sections of docs/README.md in their order, then what only the site has."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from staging import PROJECT_PAGES

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#\s]+\.md)[^)\s]*\)")
_FOLDERS = {"decisions", "files", "project", "terraform"}
"""The folders with sections of their own, whatever docs/README.md has of them."""


def navigation(staged: Path, modules: Sequence[str]) -> list[Any]:
    """Return mkdocs' setting `nav` for the pages in a folder.

    Args:
        staged: The folder with all pages.
        modules: The pages of the public modules.
    """
    index = (staged / "README.md").read_text(encoding="utf-8")
    first, *sections = _SECTION.split(index)
    parts = [("", first), *zip(sections[::2], sections[1::2], strict=True)]
    listed = {"README.md"}
    named: dict[str, list[str]] = {}
    for heading, text in parts:
        links = [
            link for link in dict.fromkeys(_LINK.findall(text)) if link.partition("/")[0] not in _FOLDERS
        ]
        named[heading] = [link for link in links if link not in listed]
        listed.update(links)
    return [
        "README.md",
        *named.pop(""),
        *({heading: links} for heading, links in named.items() if links),
        {"Public names": list(modules)},
        {"Terraform": _pages(staged, "terraform")},
        {"Decisions": ["decisions/README.md", *_pages(staged, "decisions", "0*.md")]},
        {"Project": [f"project/{name}" for name in PROJECT_PAGES]},
        {"Files": _pages(staged, "files")},
    ]


def _pages(staged: Path, folder: str, pattern: str = "*.md") -> list[str]:
    return sorted(path.relative_to(staged).as_posix() for path in (staged / folder).rglob(pattern))
