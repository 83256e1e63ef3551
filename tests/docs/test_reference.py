"""The reference pages agree with the code: operations, errors, settings and commands."""

import inspect
import re
from collections.abc import Mapping
from typing import get_args

import botocore.session

from docs.cli_reference import commands, render
from docs.errors import all_errors
from docs.pages import ROOT, Page
from dynaseal import AttributeActions, TableConfig
from dynaseal.boto.check_table import Finding, FindingCode
from dynaseal.boto.interception.requests import OPERATIONS
from dynaseal.cli.main import main
from dynaseal.core.operations import ABOUT_TABLES

_REFERENCE = ROOT / "docs" / "reference"


def test_the_operations_that_are_transformed_are_those_of_the_code() -> None:
    assert _rows("operations.md", "Transformed or refused").keys() == OPERATIONS.keys()


def test_the_parameters_replaced_by_expressions_are_those_of_the_code() -> None:
    rows = _rows("operations.md", "Parameters replaced by expressions")
    listed = {name: {*re.findall(r"`(\w+)`", cells[0])} for name, cells in rows.items()}
    refused = {name: {*getattr(entry, "replaced_parameters", ())} for name, entry in OPERATIONS.items()}
    assert listed == {name: parameters for name, parameters in refused.items() if parameters}


def test_the_operations_that_pass_through_are_those_of_the_code() -> None:
    listed = re.findall(r"`(\w+)`", _section("operations.md", "Passed through"))
    assert listed == sorted(ABOUT_TABLES)


def test_the_operations_that_are_refused_by_name_are_all_others_of_botocore() -> None:
    model = botocore.session.get_session().get_service_model("dynamodb")
    listed = re.findall(r"^- `(\w+)`", _section("operations.md", "Refused by name"), re.MULTILINE)
    assert listed == sorted(set(model.operation_names) - OPERATIONS.keys() - ABOUT_TABLES)


def test_the_catalogue_has_every_error_with_its_code() -> None:
    listed = {name: cells[0] for name, cells in _rows("errors.md", "Catalogue").items()}
    assert listed == {error.__name__: f"[`{error.code}`](#{error.code})" for error in all_errors()}


def test_every_code_has_a_section_to_which_its_errors_lead() -> None:
    headings = re.findall(r"^### `([\w-]+)`$", _section("errors.md", "Codes"), re.MULTILINE)
    codes = {error.code for error in all_errors()}
    assert sorted(headings) == sorted(codes)
    for error in all_errors():
        page, _, anchor = error.__new__(error).reference.partition("#")
        assert anchor in Page(ROOT / page).anchors


def test_the_section_of_a_code_shows_a_message_with_that_code() -> None:
    sections = re.split(r"^### `([\w-]+)`$", _section("errors.md", "Codes"), flags=re.MULTILINE)
    shown = dict(zip(sections[1::2], sections[2::2], strict=True))
    del shown["error"]  # No error that is raised has the base class's code.
    for code, text in shown.items():
        assert f"docs/reference/errors.md#{code}\n```\n" in text, code


def test_every_code_of_a_finding_has_a_section_to_which_it_leads() -> None:
    page = Page(_REFERENCE / "findings.md")
    codes = get_args(FindingCode)
    assert sorted(re.findall(r"^### `([\w-]+)`$", page.text, re.MULTILINE)) == sorted(codes)
    for code in codes:
        finding = Finding(code=code, severity="error", subject="people", message="...", action="...")
        name, _, anchor = finding.reference.partition("#")
        assert ROOT / name == page.path
        assert anchor in page.anchors


def test_the_parameters_of_a_tables_configuration_are_all_there_with_their_defaults() -> None:
    rows = _rows("configuration.md", "TableConfig")
    listed = {name: cells[0].strip("`") for name, cells in rows.items()}
    assert listed == _defaults(TableConfig)


def test_the_parameters_of_attribute_actions_are_all_there_with_their_defaults() -> None:
    rows = _rows("configuration.md", "AttributeActions")
    assert {name: cells[0].strip("`") for name, cells in rows.items()} == _defaults(AttributeActions)


def test_the_commands_page_has_the_help_of_every_command() -> None:
    page = (_REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert page == render(), "Write it again: python tests/docs/cli_reference.py > docs/reference/cli.md"


def test_every_command_has_an_example() -> None:
    for context in commands(main, "dynaseal"):
        assert f"Example: {context.command_path}" in context.get_help() or "dynaseal" in (
            context.command.epilog or ""
        )


def _section(page: str, heading: str) -> str:
    text = (_REFERENCE / page).read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{page} has no section {heading}"
    return found[1]


def _rows(page: str, heading: str) -> Mapping[str, list[str]]:
    """Return a section's table: for the name in each row's first cell, the other cells."""
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", _section(page, heading), re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in rows}


def _defaults(configuration_class: type) -> Mapping[str, str]:
    """Return each parameter's default as it is written on the page."""
    return {
        name: "required" if parameter.default is parameter.empty else _default(parameter.default)
        for name, parameter in inspect.signature(configuration_class).parameters.items()
    }


def _default(default: object) -> str:
    name = getattr(default, "name", None)
    if name is not None:
        return str(name)
    return "{}" if default.__class__.__name__ == "_HAS_DEFAULT_FACTORY_CLASS" else repr(default)
