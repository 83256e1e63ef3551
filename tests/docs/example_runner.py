"""Where a page's examples run: a lab of their own, a folder, and what the page says is there already.

A page names keys and places of its reader: the example key's ARN, the lab's usual address. What really stands
there goes in before an example runs, and out again of what it prints.
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
class Stage:
    """The lab, the folder and the names of one page's examples, one after another."""

    lab: RunningLab
    folder: Path
    path: Path
    stand_ins: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings of the account's root, and nobody's own."""
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
        """Run a block of `python` and give what it printed; one that is a file is only written."""
        text = self._real(block.text)
        if block.file_name:
            (self.folder / block.file_name).write_text(text, encoding="utf-8")
            return ""
        printed = io.StringIO()
        # The empty lines make a traceback point at the page.
        code = compile("\n" * (block.line - 1) + text, self.path, "exec")
        before = set(self.names)
        with contextlib.redirect_stdout(printed), contextlib.chdir(self.folder):
            exec(code, self.names)
            for name in set(self.names) - before:
                if name.startswith("test_"):
                    self.names[name]()
        return self._shown(printed.getvalue())

    def command(self, line: str) -> str:
        """Run a line of shell and give all that it printed."""
        ran = subprocess.run(
            ["bash", "-c", self._real(line)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return self._shown(ran.stdout)

    def _real(self, text: str) -> str:
        for example, real in self.stand_ins.items():
            text = text.replace(example, real)
        return text

    def _shown(self, text: str) -> str:
        for example, real in self.stand_ins.items():
            text = text.replace(real, example)
        return text


def matches(expected: str, printed: str) -> bool:
    """Tell whether what was printed is what the page says, where `...` is anything."""
    parts = map(re.escape, " ".join(expected.split()).split("..."))
    return re.fullmatch(".*".join(parts), " ".join(printed.split())) is not None


def example_key() -> str:
    """Make the key that stands in for the example key."""
    return boto3.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]


def make_table(name: str) -> None:
    """Make one of the tables that pages name, with the partition key `pk`."""
    boto3.client("dynamodb", REGION).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


# The tables that stand ready before a page's first example, by page; other pages make their own.
TABLES: Mapping[str, Sequence[str]] = {
    "README.md": ["people"],
    "docs/how-to/change-actions.md": ["people", "people-restored"],
    "docs/how-to/existing-client.md": ["people"],
    "docs/how-to/from-the-older-library.md": ["people"],
    "docs/reference/configuration.md": ["people"],
    "docs/reference/operations.md": ["people"],
}


def set_stage(stage: Stage, page_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the environment the stage's, and what the page needs."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    stage.stand_ins |= {EXAMPLE_ENDPOINT: stage.lab.endpoint, EXAMPLE_KEY: example_key()}
    for name in TABLES.get(page_name, ()):
        make_table(name)
