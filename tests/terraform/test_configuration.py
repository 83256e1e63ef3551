"""What can be said of the Terraform configuration without an AWS."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dynaseal_lab.stack.terraform import Workspace

ROOT = Path(__file__).parents[2] / "terraform"
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def declarations(kind: str) -> list[tuple[str, str]]:
    files = sorted(ROOT.rglob(f"{kind}s.tf"))
    return [
        (f"{file.parent.name}.{name}", body)
        for file in files
        for found, name, body in BLOCK.findall(file.read_text())
        if found == kind
    ]


def test_the_files_are_formatted_as_terraform_formats_them(
    terraform_format: Callable[[], subprocess.CompletedProcess[str]],
) -> None:
    done = terraform_format()
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_configuration_is_valid(workspace: Workspace) -> None:
    assert "The configuration is valid" in workspace.run("validate", "-no-color").stdout


def test_every_rule_holds_with_a_mocked_provider(workspace: Workspace) -> None:
    done = workspace.run("test", "-no-color", accept=(0, 1))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! \d+ passed, 0 failed", done.stdout)


@pytest.mark.parametrize(("name", "body"), declarations("variable"))
def test_a_variable_has_a_type_and_a_description_and_refuses_what_cannot_be(name: str, body: str) -> None:
    assert re.search(r"^  type +=", body, re.MULTILINE), name
    assert re.search(r'^  description += ".+\."', body, re.MULTILINE), name
    assert "validation {" in body or re.search(r"^  type += bool", body, re.MULTILINE), name


@pytest.mark.parametrize(("name", "body"), declarations("output"))
def test_an_output_has_a_description(name: str, body: str) -> None:
    assert re.search(r'^  description += ".+\."', body, re.MULTILINE), name


@pytest.mark.parametrize("kind", ["variable", "output"])
def test_the_readme_lists_every_input_and_output(kind: str) -> None:
    readme = (ROOT / "README.md").read_text()
    missing = [name for name, _ in declarations(kind) if name.startswith("terraform.")]
    assert missing
    assert [name for name in missing if f"`{name.removeprefix('terraform.')}`" not in readme] == []
