"""The project's Markdown pages, split into the parts that tests check: blocks, inline code, links, headings.

The language of a fenced block says how it is tested:
- `python`: it is run. If its first line is `# name.py`, it is written to a file, which a later command runs.
- `text` directly after `python`: the output of that block; `...` matches anything.
- `console`: each line after `$ ` is run in bash and prints the lines below it; `...` matches anything.
- `sh`: it is not run, because it waits or needs an account; its `dynaseal` and `make` commands must exist.
- `json`, `hcl`: data.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LANGUAGES = frozenset({"python", "text", "console", "sh", "json", "hcl", ""})

_FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_INDENTED = re.compile(r"^ {4}(\S.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is the line number of its first line of content."""

    language: str
    text: str
    line: int

    @property
    def file_name(self) -> str | None:
        found = re.match(r"# ([a-z_]+\.py)\n", self.text)
        return found and found[1]


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> Sequence[Block]:
        text = self.text
        return [
            Block(match[1], match[2], text.count("\n", 0, match.start(2)) + 1)
            for match in _FENCE.finditer(text)
        ]

    @property
    def spans(self) -> Sequence[str]:
        """The inline code: what is between backticks."""
        return _SPAN.findall(self.prose)

    @property
    def links(self) -> Sequence[str]:
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> frozenset[str]:
        """The fragments that its headings make, as GitHub writes them."""
        plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(self.prose))
        return frozenset(heading.replace(" ", "-") for heading in plain)

    @property
    def commands(self) -> Iterator[str]:
        """The lines of shell, in blocks, indented lines and inline code."""
        yield from self.spans
        yield from _INDENTED.findall(self.prose)
        for block in self.blocks:
            if block.language in ("sh", "console"):
                yield from block.text.replace("\\\n", " ").splitlines()


def all_pages() -> Sequence[Page]:
    """Return every Markdown file of the project."""
    found = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
    for folder in ("docs", "terraform", "interop", "vectors"):
        found += sorted(path for path in (ROOT / folder).rglob("*.md") if ".terraform" not in path.parts)
    return [Page(path) for path in found]
