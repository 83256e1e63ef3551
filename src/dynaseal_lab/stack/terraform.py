"""Create the stack with `terraform apply`, in a copy of `terraform/`.

A copy, because the folder itself may hold the state of a real stack: refreshed against the lab, it would look
as if everything had been deleted.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .child_program import started
from .errors import DemonstrationError
from .provision import Provisioned, Report

PLUGINS = "DYNASEAL_TERRAFORM_PLUGINS"
"""The environment variable that names a folder of providers, for a machine that cannot download them."""


class Workspace:
    """A copy of the Terraform configuration with a state of its own.

    Args:
        source: The folder `terraform/` of a checkout.
        folder: The folder of the copy; it must not exist yet.
        environment: Terraform's environment: credentials, AWS_REGION, and AWS_ENDPOINT_URL for the lab.
        root: The folder in the copy in which terraform runs: `.`, or one of the examples.

    Raises:
        DemonstrationError: terraform is not installed, or `source` does not exist.
    """

    def __init__(self, source: Path, folder: Path, environment: Mapping[str, str], root: str = ".") -> None:
        program = shutil.which("terraform")
        if program is None:
            raise DemonstrationError("terraform is not installed. Install it, or omit --terraform")
        if not (source / "main.tf").is_file():
            raise DemonstrationError(
                f"No Terraform configuration at {source}. Run this command in a clone of the "
                "repository, which has one"
            )
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars*")
        self.folder = Path(shutil.copytree(source, folder, ignore=ignored)) / root
        self._program = program
        # The workspace, data folder and extra arguments of the caller's own Terraform must not apply to this
        # copy.
        without_terraform = {
            name: value
            for name, value in environment.items()
            if not name.startswith("TF_") or name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR")
        }
        self._environment = {**without_terraform, "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}

    def run(self, *arguments: str, accept: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run one terraform command, and return what it printed.

        Raises:
            DemonstrationError: Its exit code is not in `accept`; the message has terraform's reason.
        """
        with started(
            [self._program, f"-chdir={self.folder}", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            stdout, stderr = process.communicate()
        completed = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
        if completed.returncode not in accept:
            raise DemonstrationError(
                f"terraform {arguments[0]} failed: {_reason(completed.stderr or completed.stdout)}"
            )
        return completed

    def init(self) -> None:
        """Install the provider from the folder named by DYNASEAL_TERRAFORM_PLUGINS or from the registry."""
        plugins = os.environ.get(PLUGINS)
        self.run("init", "-input=false", "-no-color", *([f"-plugin-dir={plugins}"] if plugins else []))

    def apply(self, variables: Mapping[str, str]) -> Mapping[str, Any]:
        """Apply the configuration, and return its outputs by name."""
        self.run("apply", "-input=false", "-no-color", "-auto-approve", *arguments(variables))
        outputs = json.loads(self.run("output", "-json").stdout)
        return {name: output["value"] for name, output in outputs.items()}


def provision(workspace: Workspace, name: str, dotenv: Path, report: Report) -> Provisioned:
    """Apply the stack in the Region of the workspace's environment; Terraform writes `.env`.

    Raises:
        DemonstrationError: terraform failed; the message has its reason.
    """
    report("terraform init")
    workspace.init()
    report("terraform apply")
    outputs = workspace.apply({"name": name, "dotenv_path": str(dotenv)})
    return Provisioned(
        region=outputs["region"],
        table_name=outputs["table_name"],
        client_key_arn=outputs["client_key_arn"],
        full_user=outputs["full_user_name"],
        limited_user=outputs["limited_user_name"],
    )


def arguments(variables: Mapping[str, str]) -> list[str]:
    """Return the arguments that set variables; values that are not strings are in Terraform's syntax."""
    return [f"-var={name}={value}" for name, value in variables.items()]


def _reason(output: str) -> str:
    """Return the first error of terraform's output in one line, without the frame around it."""
    lines = [line.strip("│╷╵ ") for line in output.splitlines()]
    starts = [index for index, line in enumerate(lines) if line.startswith("Error:")]
    reason = lines[starts[0] :] if starts else lines[-5:]
    return " ".join(line for line in reason if line)[:600]
