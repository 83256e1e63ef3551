"""The pages of prose, cut into what can be checked: fenced blocks, inline code, links, headings.

Fences and what they promise:
- `python`: runs. Its first line may be `# name.py`: then it is a file, which a later command runs.
- `text` straight after `python`: what that prints; `...` stands for anything.
- `console`: each line after `$ ` runs in bash, and prints the lines below it; `...` likewise.
- `sh`: not run (it waits, or needs an account); its `dynaseal` and `make` commands are looked up.
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
    """A fenced block; `line` is that of its first line of content."""

    language: str
    text: str
    line: int

    @property
    def file_name(self) -> str | None:
        found = re.match(r"# ([a-z_]+\.py)\n", self.text)
        return found and found[1]


@dataclass(frozen=True)
class Page:
    """One file of prose."""

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
        """What stands between backticks."""
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
        """Lines of shell, wherever they stand."""
        yield from self.spans
        yield from _INDENTED.findall(self.prose)
        for block in self.blocks:
            if block.language in ("sh", "console"):
                yield from block.text.replace("\\\n", " ").splitlines()


def all_pages() -> Sequence[Page]:
    """Every page that is checked."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
    found += sorted((ROOT / "docs").rglob("*.md"))
    found += sorted(ROOT.glob("terraform/**/*.md"))
    found += sorted(ROOT.glob("interop/**/*.md"))
    return [Page(path) for path in found]
