"""The examples on the pages work: a reader who has nothing but the page sees what the page shows."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from docs.example_runner import PATH, Terminal, reader
from docs.pages import LANGUAGES, PROGRAM, ROOT, Page, all_pages

_RUN = ("python", "console")
_PACKAGES = {"vcr": "vcrpy"}
_LARGE_PROGRAMS = {"docs/how-to/transform-with-spark.md": ("spark-submit", "java")}
"""What a page runs that the environment of the tests need not have."""
_PAGES = [
    page
    for page in all_pages()
    if page.name.startswith(("README", "docs/")) and any(block.language in _RUN for block in page.blocks)
]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_whoever_follows_a_page_sees_what_it_shows(page: Page, tmp_path: Path) -> None:
    for program in _LARGE_PROGRAMS.get(page.name, ()):
        if shutil.which(program, path=PATH) is None:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{program} is not installed")
            pytest.skip(f"{program} is not installed")
    with reader(page, tmp_path) as somebody:
        somebody.follow()


def test_a_reader_starts_with_an_empty_folder_and_no_settings_of_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    terminal = Terminal(tmp_path)
    try:
        assert terminal.run("env | grep -i AWS; pwd; ls -A ~") == f"{tmp_path}\n"
    finally:
        terminal.close()


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.name)
def test_a_pages_blocks_have_known_languages(page: Page) -> None:
    assert {block.language for block in page.blocks} <= LANGUAGES
    for block in page.blocks:
        if block.language == "json":
            json.loads(block.text)


def test_no_example_imports_or_names_what_it_does_not_use_or_have(tmp_path: Path) -> None:
    for page in all_pages():
        folder = tmp_path / page.name
        folder.mkdir(parents=True)
        (folder / PROGRAM).write_text(page.program, encoding="utf-8")
        for block in page.blocks:
            if block.file_name:
                (folder / block.file_name).write_text(block.text, encoding="utf-8")
    pyflakes = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "F",
        "--output-format",
        "concise",
    ]
    checked = subprocess.run([*pyflakes, tmp_path], capture_output=True, check=False, text=True)
    assert checked.stdout == "All checks passed!\n"


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_shows_is_used_by_one_of_its_commands(page: Page) -> None:
    commands = "".join(block.text for block in page.blocks if block.language == "console")
    files = {block.file_name for block in page.blocks if block.file_name}
    if page.program:
        files.add(PROGRAM)
    # pytest runs conftest.py without being told.
    modules = {name.removesuffix(".py") for name in files} - _imports(page) - {"conftest"}
    assert [module for module in modules if not re.search(rf"\b{module}\b", commands)] == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_output_that_a_page_shows_follows_a_block_of_its_program(page: Page) -> None:
    shown = "".join(block.text for block in page.blocks if block.language == "text")
    assert not page.program or page.program_output == shown


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_a_key_of_zeros_is_said_to_be_an_example(page: Page) -> None:
    lines = [line for block in page.blocks for line in block.text.splitlines() if "RawAesKeyring(" in line]
    assert [line for line in lines if "bytes(32)" in line and "for examples only" not in line] == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_a_page_names_every_package_to_install(page: Page) -> None:
    installed = " ".join(re.findall(r"pip install ([^`\n]+)", page.text))
    extras = {extra for names in re.findall(r"dynaseal\[([\w,]+)\]", installed) for extra in names.split(",")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert extras <= set(project["optional-dependencies"])
    if "$ dynaseal lab" in page.text:
        assert "lab" in extras
    if re.search(r"^\$ (?:.*[;|&] *|\w+=\S+ )?dynaseal ", page.text, re.MULTILINE):
        assert extras & {"cli", "lab"}, f"{page.name} does not say how to install the command"
    own_files = {(block.file_name or "").removesuffix(".py") for block in page.blocks}
    present = {"boto3", "botocore", "cryptography", "dynaseal"} | own_files
    present |= {"dynaseal_lab"} if "lab" in extras else set()
    present |= {"aiobotocore"} if "aio" in extras else set()
    present |= {"pyspark"} if "spark" in extras else set()
    for module in _imports(page) - present - sys.stdlib_module_names:
        name = _PACKAGES.get(module, module).replace("_", "[-_]")
        assert re.search(rf"\b{name}\b", installed), f"{page.name} does not say how to install {module}"


def _imports(page: Page) -> set[str]:
    """Return the top-level modules that a page's Python imports."""
    found: set[str] = set()
    for block in page.blocks:
        if block.language == "python":
            for node in ast.walk(ast.parse(block.text)):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found.add((node.module or "").partition(".")[0])
    return found
