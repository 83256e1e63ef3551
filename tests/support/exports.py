"""Files of an export of the table `people`, and the configurations that they are moved between."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    CryptoAction,
    ItemEncryptor,
    PlaintextPolicy,
    RawAesKeyring,
    TableConfig,
)

TABLES = """
from support.exports import new, old, plain
"""
"""A file with configurations, as a user has one."""


def _config(name: str, policy: PlaintextPolicy = PlaintextPolicy.FORBID_WRITE_FORBID_READ) -> TableConfig:
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(CryptoAction.ENCRYPT_AND_SIGN, {"city": CryptoAction.SIGN_ONLY}),
        keyring=RawAesKeyring("tests", name, name.encode().rjust(32)),
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        plaintext_policy=policy,
    )


old, new = _config("old"), _config("new")
plain = _config("old", PlaintextPolicy.FORCE_WRITE_ALLOW_READ)
OLD, NEW, PLAIN = ItemEncryptor(old), ItemEncryptor(new), ItemEncryptor(plain)


def person(number: int) -> dict[str, Any]:
    return {"pk": {"S": f"person {number}"}, "city": {"S": "Zürich"}, "photo": {"B": bytes([number % 256])}}


def as_json(value: Any) -> Any:
    """Return wire form as JSON has it: binary as base64."""
    return json.loads(json.dumps(value, default=lambda binary: b64encode(binary).decode()))


def line(**members: Any) -> bytes:
    """Return one line of an export, without a line break."""
    return json.dumps(as_json(members), separators=(",", ":"), ensure_ascii=False).encode()


def export(items: Iterable[Mapping[str, Any]], encryptor: ItemEncryptor = OLD) -> bytes:
    """Return the lines of a full export."""
    return b"".join(line(Item=encryptor.encrypt_item(item)) + b"\n" for item in items)


def write_tables(folder: Path) -> None:
    """Write the user's file `tables.py` with the configurations of this module."""
    (folder / "tables.py").write_text(TABLES)
