"""Installs a wheel as a user does, in a new virtual environment, and runs it there."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

from distribution.archives import ROOT

ENCRYPT = """
import sys
import dynaseal
from dynaseal import AttributeActions, CryptoAction, ItemEncryptor, RawAesKeyring, TableConfig

actions = AttributeActions(default_action=CryptoAction.ENCRYPT_AND_SIGN)
config = TableConfig("people", "pk", attribute_actions=actions, keyring=RawAesKeyring("raw", "1", bytes(32)))
item = {"pk": {"S": "a"}, "secret": {"S": "behind the third stone"}}
encryptor = ItemEncryptor(config)
stored = encryptor.encrypt_item(item)
assert b"stone" not in repr(stored).encode() and stored["secret"]["B"]
assert encryptor.decrypt_item(stored) == item
assert "click" not in sys.modules and "dynaseal_lab" not in sys.modules
print("encrypted without extras, with", len(dynaseal.__all__), "public names")
"""
"""Encrypts an item with the library alone."""

IN_LAB = """
import boto3
from dynaseal import AttributeActions, AwsKmsKeyring, CryptoAction, EncryptedTable

key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
table = boto3.resource("dynamodb").create_table(
    TableName="people",
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
actions = AttributeActions(default_action=CryptoAction.ENCRYPT_AND_SIGN)
people = EncryptedTable(table, AwsKmsKeyring(key), attribute_actions=actions)
people.put_item(Item={"pk": "a", "secret": "behind the third stone"})
assert people.get_item(Key={"pk": "a"})["Item"]["secret"] == "behind the third stone"
assert bytes(table.get_item(Key={"pk": "a"})["Item"]["secret"])
print("encrypted in the lab")
"""
"""Encrypts an item with a KMS key of the lab."""


class Installation:
    """A new virtual environment; its programs see no settings of this one."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True, clear=True)
        self._folder = folder
        self._programs = folder / ("Scripts" if sys.platform == "win32" else "bin")

    def install(self, wheel: Path, extra: str = "") -> None:
        """Install a wheel, with an extra if one is named, in the versions that the tests use."""
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        self.run("python", *pip, "-c", str(ROOT / "constraints.txt"), f"{wheel.resolve()}{extra}")

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment in its folder, and return what it printed.

        Raises:
            subprocess.CalledProcessError: It failed; its errors were printed.
        """
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            cwd=self._folder,
            env=_environment(self._programs),
        )
        return done.stdout.strip()


def _environment(programs: Path) -> dict[str, str]:
    """Return this process's variables without settings of Python, AWS and dynaseal, with `programs` first."""
    settings = ("PYTHON", "AWS_", "VIRTUAL_ENV", "DYNASEAL_")
    others = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return others | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
