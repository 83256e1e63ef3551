"""What can be said of the Terraform configurations without an AWS."""

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
    every = [(folder, each) for folder in folders() for each in declared(folder, kind)]
    names = [f"{folder.relative_to(ROOT)}:{each.name}" for folder, each in every]
    return pytest.mark.parametrize("declaration", [each for _, each in every], ids=names)


def test_the_files_are_formatted_as_terraform_formats_them(
    terraform_format: Callable[[], subprocess.CompletedProcess[str]],
) -> None:
    done = terraform_format()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("root", TESTED)
def test_every_rule_holds_with_a_mocked_provider(new_workspace: Callable[..., Workspace], root: str) -> None:
    """Which validates the configuration, and those of its modules, before anything else."""
    done = new_workspace(root).run("test", "-no-color", accept=(0, 1))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! \d+ passed, 0 failed", done.stdout)


def test_the_stack_and_both_examples_have_rules_to_hold() -> None:
    assert {".", "examples/cross-account", "examples/key-store"} <= set(TESTED)


@all_of("variable")
def test_a_variable_has_a_type_and_a_description_and_refuses_what_cannot_be(declaration: Declaration) -> None:
    assert declaration.arguments["type"]
    assert declaration.description.endswith(".")
    assert "validation {" in declaration.body or declaration.arguments["type"] == "bool"


@all_of("output")
def test_an_output_has_a_description(declaration: Declaration) -> None:
    assert declaration.description.endswith(".")


@EVERY_FOLDER
@pytest.mark.parametrize(("kind", "heading"), [("variable", "Inputs"), ("output", "Outputs")])
def test_the_readmes_tables_say_what_the_files_declare(folder: Path, kind: str, heading: str) -> None:
    text = (folder / "README.md").read_text()
    assert f"\n## {heading}\n\n{table(folder, kind)}" in f"{text}\n"


def test_the_readme_names_the_linters_versions_that_are_run() -> None:
    script, readme = ((ROOT / name).read_text() for name in ("lint.sh", "README.md"))
    pinned = re.findall(r"^(TFLINT|CHECKOV)=(\S+)$", script, re.MULTILINE)
    assert len(pinned) == 2
    named = re.findall(r"(tflint|checkov)\s([\d.]+\d)", readme)
    assert [(name.upper(), version) for name, version in named] == pinned
