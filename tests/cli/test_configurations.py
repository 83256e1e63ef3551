"""`MODULE:NAME`: a configuration on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dynaseal.cli.configurations import config_reference, load_config

PROGRAM = """
from names import TABLE

from dynaseal import AttributeActions, RawAesKeyring, TableConfig

keyring = RawAesKeyring("n", "k", bytes(32))
people = TableConfig(TABLE, "pk", attribute_actions=AttributeActions(), keyring=keyring)
number = 1
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    (tmp_path / "names.py").write_text('TABLE = "people"\n')
    (tmp_path / "tables.py").write_text(PROGRAM)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_module_of_the_current_folder_is_found() -> None:
    assert load_config("tables:people").logical_table_name == "people"


def test_a_file_is_found_and_can_import_what_is_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_config(f"{folder}/tables.py:people").logical_table_name == "people"
    assert load_config("../tables.py:people").logical_table_name == "people"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("tables", "'tables' does not name a configuration"),
        (":people", "':people' does not name a configuration"),
        ("tables:", "'tables:' does not name a configuration"),
        ("nowhere:people", "There is no module 'nowhere'"),
        ("nowhere.py:people", "There is no file nowhere.py"),
        ("tables:customers", "tables has no customers. Its configurations are people."),
        ("names:people", "names has no people. It has no TableConfig."),
        ("tables:number", "tables:number is of the type int, and not a TableConfig."),
        ("broken:people", "broken needs the module nothing_of_this_name, which is not installed."),
        ("wrong:people", "wrong cannot be imported: A table's logical name must have 1 to 65,535 bytes"),
        ("unclosed:people", "unclosed.py, line 2: '(' was never closed"),
    ],
)
def test_what_is_wrong_with_a_reference_is_said(folder: Path, reference: str, message: str) -> None:
    (folder / "broken.py").write_text("import nothing_of_this_name\n")
    (folder / "wrong.py").write_text(PROGRAM.replace("TABLE, ", '"", '))
    (folder / "unclosed.py").write_text("\npeople = (\n")
    with pytest.raises(LookupError) as refused:
        load_config(reference)
    assert message in str(refused.value.args[0])


def test_as_an_option_it_is_wrong_usage() -> None:
    with pytest.raises(click.BadParameter, match="There is no module 'nowhere'"):
        config_reference("nowhere:people")
    assert config_reference("tables:people").logical_table_name == "people"
