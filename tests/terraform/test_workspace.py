"""Terraform in a copy of the configuration, and the messages when it cannot run."""

import re
import sys
from pathlib import Path

import pytest

from dynaseal_lab.stack.errors import DemonstrationError
from dynaseal_lab.stack.terraform import Workspace


@pytest.fixture
def fake_terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program named terraform that prints its arguments and environment and exits with 1."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport os, sys\nprint(sys.argv, dict(os.environ))\nsys.exit(1)")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A folder with an empty configuration."""
    folder = tmp_path / "configuration"
    folder.mkdir()
    (folder / "main.tf").touch()
    return folder


def test_terraform_that_is_not_installed_is_one_line(
    configuration: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        DemonstrationError, match=r"^terraform is not installed\. Install it, or omit --terraform$"
    ):
        Workspace(configuration, tmp_path / "copy", {})


@pytest.mark.usefixtures("fake_terraform")
def test_a_folder_without_a_configuration_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DemonstrationError, match=r"^No Terraform configuration at "):
        Workspace(tmp_path / "nothing", tmp_path / "copy", {})


@pytest.mark.usefixtures("fake_terraform")
def test_the_state_and_settings_of_the_folder_are_not_copied(configuration: Path, tmp_path: Path) -> None:
    for name in ("terraform.tfstate", "terraform.tfstate.backup", "terraform.tfvars", ".terraform.lock.hcl"):
        (configuration / name).touch()
    copy = Workspace(configuration, tmp_path / "copy", {})
    assert [file.name for file in copy.folder.iterdir()] == ["main.tf"]


@pytest.mark.usefixtures("fake_terraform")
def test_the_callers_own_terraform_settings_are_ignored(configuration: Path, tmp_path: Path) -> None:
    settings = {
        "TF_WORKSPACE": "production",
        "TF_CLI_ARGS_apply": "-target=x",
        "TF_CLI_CONFIG_FILE": "mirror.rc",
    }
    workspace = Workspace(configuration, tmp_path / "copy", settings)
    printed = workspace.run("apply", accept=(1,)).stdout
    assert "TF_CLI_CONFIG_FILE" in printed
    assert not re.search("TF_WORKSPACE|TF_CLI_ARGS", printed)


def test_a_failure_is_terraforms_own_reason_in_one_line(
    fake_terraform: Path, configuration: Path, tmp_path: Path
) -> None:
    framed_error = "\n".join(["", "╷", "│ Error: No such thing", "│ ", "│   on main.tf line 1:", "╵", ""])
    fake_terraform.write_text(f"#!{sys.executable}\nimport sys\nsys.exit({framed_error!r})")
    with pytest.raises(
        DemonstrationError, match=r"^terraform init failed: Error: No such thing on main\.tf line 1:$"
    ):
        Workspace(configuration, tmp_path / "copy", {}).init()
