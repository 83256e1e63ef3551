"""Runs a page's examples: in a lab of its own, in a folder, with the tables that the page expects.

A page shows an example ARN and an example endpoint. They are replaced by the real ones before an example
runs, and replaced back in its output.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from docs.pages import Block
from dynaseal_lab.server import RunningLab

ACCOUNT, REGION = "111122223333", "us-west-2"
EXAMPLE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EXAMPLE_ENDPOINT = "http://127.0.0.1:8765"


@dataclass
class ExampleRunner:
    """Runs the examples of one page one after another, with one lab, one folder and one namespace."""

    lab: RunningLab
    folder: Path
    path: Path
    replacements: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of the account's root user, and none of this machine."""
        return {
            "AWS_ENDPOINT_URL": self.lab.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": self.lab.root_secret,
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }

    def run(self, block: Block) -> str:
        """Run a `python` block and return its output. A block that is a file is only written."""
        source = self._with_real_names(block.text)
        if block.file_name:
            (self.folder / block.file_name).write_text(source, encoding="utf-8")
            return ""
        printed = io.StringIO()
        # With the empty lines, a traceback has the line number of the page.
        code = compile("\n" * (block.line - 1) + source, self.path, "exec")
        names_before = set(self.names)
        with contextlib.redirect_stdout(printed), contextlib.chdir(self.folder):
            exec(code, self.names)
            for name in set(self.names) - names_before:
                if name.startswith("test_"):
                    self.names[name]()
        return self._with_example_names(printed.getvalue())

    def command(self, line: str) -> str:
        """Run a line of shell and return all its output."""
        process = subprocess.run(
            ["bash", "-c", self._with_real_names(line)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return self._with_example_names(process.stdout)

    def _with_real_names(self, source: str) -> str:
        for example, real in self.replacements.items():
            source = source.replace(example, real)
        return source

    def _with_example_names(self, output: str) -> str:
        for example, real in self.replacements.items():
            output = output.replace(real, example)
        return output


def matches(expected: str, printed: str) -> bool:
    """Return whether the output matches the page, where `...` matches anything."""
    parts = map(re.escape, " ".join(expected.split()).split("..."))
    return re.fullmatch(".*".join(parts), " ".join(printed.split())) is not None


def example_key() -> str:
    """Create the key that replaces the example key, and return its ARN."""
    return boto3.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]


def make_table(name: str) -> None:
    """Create a table with the partition key `pk`."""
    boto3.client("dynamodb", REGION).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


# The tables that exist before a page's first example, by page. Other pages create their own tables.
TABLES: Mapping[str, Sequence[str]] = {
    "README.md": ["people"],
    "docs/how-to/change-actions.md": ["people", "people-restored"],
    "docs/how-to/existing-client.md": ["people"],
    "docs/how-to/from-the-older-library.md": ["people"],
    "docs/reference/configuration.md": ["people"],
    "docs/reference/operations.md": ["people"],
}


def prepare(runner: ExampleRunner, page_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment for the page's examples, and create the key and the tables that they need."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in runner.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    runner.replacements |= {EXAMPLE_ENDPOINT: runner.lab.endpoint, EXAMPLE_KEY: example_key()}
    for name in TABLES.get(page_name, ()):
        make_table(name)
