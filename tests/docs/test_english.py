"""The docstrings, comments and messages of the source and the tests, and the tests' names, are plain English.

The wordings in `plain_english`, which pages must not have either, stay out of both. Those in `_IN_SOURCE`
stay out of the source only.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from docs import plain_english
from docs.pages import ROOT
from docs.plain_english import unclear_wordings
from support import vectors

_IN_SOURCE: Mapping[str, str] = {
    r"\b[Aa]sk(?:s|ed|ing)? (?:of )?KMS\b|\bKMS (?:was|is|could not be) asked\b": "call KMS",
    r"\bin capitals\b": "in upper case",
    r"\bpass(?:es|ed)? over\b": "skip",
    r"\bnot one text\b|\bis no text\b": "not a string",
    r"\bhad to say\b": "the error of",
    r"\b[Tt]ells? (?:of|whether)\b": "describe, say whether",
    r"\bhands? (?:on|over|around)\b": "pass",
    r"\bmend\b": "correct, repair",
    r"\bas it is there\b|\bwhat stands for\b": "say what it is",
    r"\bmore than one a\b|\ban? (?:item|Region) each\b": "per",
}
"""More wordings to decode, each with the plain wording to use instead."""

# From Python 3.12 the parts of an f-string are tokens of their own.
_STRINGS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
_SOURCES = sorted((ROOT / "src").rglob("*.py"))
# Two of these files have the wordings themselves, and the third quotes the notes of `vectors/`.
_NOT_CHECKED = {Path(__file__), Path(plain_english.__file__), Path(vectors.__file__)}
_TESTS = sorted({*(ROOT / "tests").rglob("*.py")} - _NOT_CHECKED)


def _prose(source: str) -> Iterator[tuple[int, str]]:
    """Yield each run of comments and each string literal with the number of its line."""
    comments: list[str] = []
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            first = first if comments else token.start[0]
            comments.append(token.string.removeprefix("#"))
        elif token.type not in (tokenize.NL, tokenize.NEWLINE):
            if comments:
                yield first, "".join(comments)
                comments = []
            if token.type in _STRINGS:
                yield token.start[0], token.string


def _unclear(prose: str) -> Iterator[str]:
    yield from unclear_wordings(prose)
    for pattern, instead in _IN_SOURCE.items():
        for match in re.finditer(pattern, re.sub(r"\s+", " ", prose)):
            yield f"{match.group()} (write: {instead})"


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_docstrings_comments_and_messages_are_plain_english(path: Path) -> None:
    found = [
        f"line {line}: {wording}"
        for line, prose in _prose(path.read_text(encoding="utf-8"))
        for wording in _unclear(prose)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", _TESTS, ids=lambda path: path.relative_to(ROOT / "tests").as_posix())
def test_tests_are_plain_english(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    names = [name.replace("_", " ") for name in re.findall(r"\b(?:def|class) (\w+)", source)]
    prose = [*names, *(part for _, part in _prose(source))]
    found = [wording for part in prose for wording in unclear_wordings(part)]
    assert not found, "\n".join(found)


def test_an_unclear_wording_is_found_in_a_docstring_a_comment_and_a_message() -> None:
    source = '"""Give the key."""\n# one call an\n# item\nraise ValueError(f"{name} is no key")\n"asks KMS"\n'
    assert [line for line, prose in _prose(source) for _ in _unclear(prose)] == [1, 2, 4, 5]
