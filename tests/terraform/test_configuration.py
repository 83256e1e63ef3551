"""Checks of the Terraform configurations that need no AWS."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dynaseal_lab.stack.terraform import Workspace
from terraform.declarations import ROOT, Declaration, declared, folders, table

EVERY_FOLDER = pytest.mark.parametrize("folder", folders(), ids=lambda folder: str(folder.relative_to(ROOT)))
TESTED = sorted(str(file.parent.relative_to(ROOT)) for file in ROOT.rglob("tests") if file.is_dir())


def all_of(kind: str) -> pytest.MarkDecorator:
    """Return the mark that runs a test for every variable or output."""
    declarations = [(folder, each) for folder in folders() for each in declared(folder, kind)]
    names = [f"{folder.relative_to(ROOT)}:{each.name}" for folder, each in declarations]
    return pytest.mark.parametrize("declaration", [each for _, each in declarations], ids=names)


def test_the_files_are_formatted_as_terraform_formats_them(
    terraform_format: Callable[[], subprocess.CompletedProcess[str]],
) -> None:
    completed = terraform_format()
    assert completed.returncode == 0, completed.stdout + completed.stderr


@pytest.mark.parametrize("root", TESTED)
def test_every_rule_holds_with_a_mocked_provider(new_workspace: Callable[..., Workspace], root: str) -> None:
    """`terraform test` also validates the configuration and those of its modules."""
    completed = new_workspace(root).run("test", "-no-color", accept=(0, 1))
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert re.search(r"Success! \d+ passed, 0 failed", completed.stdout)


def test_the_stack_and_both_examples_have_rules() -> None:
    assert {".", "examples/cross-account", "examples/key-store"} <= set(TESTED)


@all_of("variable")
def test_a_variable_has_a_type_a_description_and_a_validation(declaration: Declaration) -> None:
    assert declaration.arguments["type"]
    assert declaration.description.endswith(".")
    assert "validation {" in declaration.body or declaration.arguments["type"] == "bool"


@all_of("output")
def test_an_output_has_a_description(declaration: Declaration) -> None:
    assert declaration.description.endswith(".")


@EVERY_FOLDER
@pytest.mark.parametrize(("kind", "heading"), [("variable", "Inputs"), ("output", "Outputs")])
def test_the_readmes_tables_list_what_the_files_declare(folder: Path, kind: str, heading: str) -> None:
    text = (folder / "README.md").read_text()
    assert f"\n## {heading}\n\n{table(folder, kind)}" in f"{text}\n"


def test_the_readme_names_the_linters_versions_that_are_run() -> None:
    script, readme = ((ROOT / name).read_text() for name in ("lint.sh", "README.md"))
    pinned = re.findall(r"^(TFLINT|CHECKOV)=(\S+)$", script, re.MULTILINE)
    assert len(pinned) == 2
    named = re.findall(r"(tflint|checkov)\s([\d.]+\d)", readme)
    assert [(name.upper(), version) for name, version in named] == pinned
