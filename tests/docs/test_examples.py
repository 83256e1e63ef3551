"""What a page shows is run: its Python, its commands, and what both print."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from docs.pages import LANGUAGES, Block, Page, all_pages
from docs.stage import Stage, matches, set_stage
from dynaseal_lab.server import running

_RUN = ("python", "console")
_PAGES = [
    page
    for page in all_pages()
    if page.name.startswith(("README", "docs/")) and any(block.language in _RUN for block in page.blocks)
]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with running() as lab:
        yield Stage(lab, tmp_path, tmp_path)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_a_pages_examples_run_and_print_what_it_says(
    page: Page, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_stage(stage, page.name, monkeypatch)
    stage.path = page.path
    for block, following in pairwise([*page.blocks, Block("", "", 0)]):
        if block.language == "python":
            printed = stage.run(block)
            if following.language == "text":
                _compare(page, following, following.text, printed)
        elif block.language == "console":
            for command, expected in _commands(block):
                _compare(page, block, expected, stage.command(command))


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.name)
def test_a_pages_fences_are_of_known_kinds(page: Page) -> None:
    assert {block.language for block in page.blocks} <= LANGUAGES
    for block in page.blocks:
        if block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_shows_is_run_by_it(page: Page) -> None:
    commands = "".join(block.text for block in page.blocks if block.language == "console")
    for block in page.blocks:
        assert block.language != "python" or block.file_name is None or block.file_name in commands


def _commands(block: Block) -> Iterator[tuple[str, str]]:
    """Give the commands of a block, each with what the page says it prints."""
    for part in ("\n" + block.text).split("\n$ ")[1:]:
        command, _, expected = part.replace("\\\n", " ").partition("\n")
        yield command, expected


def _compare(page: Page, block: Block, expected: str, printed: str) -> None:
    if not matches(expected, printed):
        pytest.fail(f"{page.name}:{block.line} says\n{expected}\nand it printed\n{printed}", pytrace=False)
