"""The tables and items that are measured: three sizes, DynamoDB JSON for the programs in other languages."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.wire import wire_item
from dynaseal import AlgorithmSuite, CryptoAction, ItemEncryptor, RawAesKeyring, TableConfig

ITEM_FILE = Path(__file__).parents[1] / "vectors" / "bench-item.json"
KEY = bytes(range(32))
NAMESPACE, KEY_NAME = "bench", "one"
_SIGNED = frozenset({"pk", "sk"})


@dataclass(frozen=True)
class Sample:
    """An item, and what its table does with the attributes.

    Attributes:
        size: Its size in words.
        json_item: The item as DynamoDB JSON.
        actions: The attributes' actions.
        repeat: How often it is encrypted in one round.
    """

    size: str
    json_item: Mapping[str, Any]
    actions: Mapping[str, str]
    repeat: int

    @property
    def item(self) -> dict[str, Any]:
        """The item as botocore's client has it."""
        return wire_item(dict(self.json_item))

    def config(self, suite: AlgorithmSuite) -> TableConfig:
        """Return the configuration of its table, under a raw AES-256 key."""
        return TableConfig(
            "bench",
            "pk",
            "sk",
            attribute_actions={name: CryptoAction[action] for name, action in self.actions.items()},
            keyring=RawAesKeyring(NAMESPACE, KEY_NAME, KEY),
            algorithm_suite=suite,
        )

    def encryptor(self, suite: AlgorithmSuite) -> ItemEncryptor:
        """Return an encryptor of its table."""
        return ItemEncryptor(self.config(suite))


def _encrypting(size: str, item: Mapping[str, Any], repeat: int) -> Sample:
    actions = {name: "SIGN_ONLY" if name in _SIGNED else "ENCRYPT_AND_SIGN" for name in item}
    return Sample(size, item, actions, repeat)


def order(number: int) -> dict[str, Any]:
    """Return an item of about 1 KB, as DynamoDB JSON."""
    return {
        "pk": {"S": f"customer#{number:06}"},
        "sk": {"S": "order#2026-11-28"},
        "name": {"S": "Ann Example" * 4},
        "address": {"S": "12 Long Street, Springfield " * 10},
        "notes": {"S": "Deliver to the neighbour if nobody is at home. " * 10},
        "total": {"N": "12345.67"},
        "photo": {"B": b64encode(bytes(range(64))).decode()},
        "tags": {"L": [{"S": "new"}, {"S": "gift"}]},
    }


def _document() -> dict[str, Any]:
    """Return an item of about 100 KB: the order with a list of 500 maps, and a picture of 50 KB."""
    lines = [
        {"M": {"sku": {"S": f"sku-{number:08}"}, "count": {"N": str(number)}, "note": {"S": "x" * 60}}}
        for number in range(500)
    ]
    return {**order(0), "lines": {"L": lines}, "scan": {"B": b64encode(bytes(50_000)).decode()}}


def samples() -> list[Sample]:
    """Return the samples, smallest first."""
    spec = json.loads(ITEM_FILE.read_text())
    return [
        Sample("344 B", spec["item"], spec["actions"], 100),
        _encrypting("1 KB", order(0), 100),
        _encrypting("100 KB", _document(), 3),
    ]
