"""The project's Markdown pages, split into the parts that tests check: blocks, inline code, links, headings.

The language of a fenced block says how it is tested:
- `python`: if its first line is `# name.py`, it is that file. All others of a page together are `page.py`.
- `text` directly after a `python` block of `page.py`: what that block prints; `...` matches anything.
- `console`: each line after `$ ` is run in bash and prints the lines below it; `...` matches anything.
  A command that runs `page.py` prints what the `text` blocks show.
- `sh`: it is not run, because it installs something or needs an account; its `dynaseal` and `make` commands
  must exist.
- `json`, `hcl`: data.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = "page.py"
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

    @property
    def is_in_program(self) -> bool:
        """Whether the block is a part of `page.py`."""
        return self.language == "python" and self.file_name is None

    @property
    def commands(self) -> Iterator[tuple[str, str]]:
        """The commands of a `console` block, each with the output that the page shows."""
        for part in ("\n" + self.text).split("\n$ ")[1:]:
            command, _, expected = part.replace("\\\n", " ").partition("\n")
            yield command, expected


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
    def program(self) -> str:
        """The content of `page.py`. Empty lines give each block the line numbers that it has on the page."""
        lines: list[str] = []
        for block in self.blocks:
            if block.is_in_program:
                lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
        return "\n".join([*lines, ""]) if lines else ""

    @property
    def program_output(self) -> str:
        """What `page.py` prints."""
        return "".join(
            following.text
            for block, following in pairwise(self.blocks)
            if block.is_in_program and following.language == "text"
        )

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
