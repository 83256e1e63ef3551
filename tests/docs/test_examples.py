"""The examples on the pages work: their Python and their commands run and print what the page says."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from docs.example_runner import ExampleRunner, matches, prepare
from docs.pages import LANGUAGES, Block, Page, all_pages
from dynaseal_lab.server import running

_RUN = ("python", "console")
_PAGES = [
    page
    for page in all_pages()
    if page.name.startswith(("README", "docs/")) and any(block.language in _RUN for block in page.blocks)
]


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[ExampleRunner]:
    with running() as lab:
        yield ExampleRunner(lab, tmp_path, tmp_path)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_a_pages_examples_run_and_print_what_it_says(
    page: Page, runner: ExampleRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(runner, page.name, monkeypatch)
    runner.path = page.path
    for block, following in pairwise([*page.blocks, Block("", "", 0)]):
        if block.language == "python":
            printed = runner.run(block)
            if following.language == "text":
                _compare(page, following, following.text, printed)
        elif block.language == "console":
            for command, expected in _commands(block):
                _compare(page, block, expected, runner.command(command))


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.name)
def test_a_pages_blocks_have_known_languages(page: Page) -> None:
    assert {block.language for block in page.blocks} <= LANGUAGES
    for block in page.blocks:
        if block.language == "json":
            json.loads(block.text)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_shows_is_used_by_one_of_its_commands(page: Page) -> None:
    commands = "".join(block.text for block in page.blocks if block.language == "console")
    for block in page.blocks:
        assert block.language != "python" or block.file_name is None or block.file_name in commands


def _commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield the commands of a block, each with the output that the page shows."""
    for part in ("\n" + block.text).split("\n$ ")[1:]:
        command, _, expected = part.replace("\\\n", " ").partition("\n")
        yield command, expected


def _compare(page: Page, block: Block, expected: str, printed: str) -> None:
    if not matches(expected, printed):
        pytest.fail(f"{page.name}:{block.line} shows\n{expected}\nbut printed\n{printed}", pytrace=False)
