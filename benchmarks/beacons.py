"""What four beacons add to an item that is written, and rewriting to a query that was seen before."""

import json
from dataclasses import dataclass
from typing import Any

from benchmarks.items import ITEM_FILE
from benchmarks.measure import microseconds
from benchmarks.wire import wire_item
from dynaseal import (
    AlgorithmSuite,
    BeaconVersion,
    CompoundBeacon,
    CryptoAction,
    EncryptedPart,
    ItemEncryptor,
    RawAesKeyring,
    SearchConfig,
    SignedPart,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
)
from dynaseal.boto.interception.plaintext_tables import ALL_OTHER_TABLES
from dynaseal.boto.interception.requests import Requests

BEACON_LIMIT = 40.0
"""Microseconds that four beacons may add to the encryption of an item."""

QUERY_LIMIT = 100.0
"""Microseconds that rewriting may add to a query whose expressions were seen before."""

BEACON_KEY = bytes(range(32))
QUERY = {
    "TableName": "bench",
    "IndexName": "by-email",
    "KeyConditionExpression": "email = :email",
    "FilterExpression": "#town = :town AND shipped = :shipped AND total IN (:one, :other)",
    "ExpressionAttributeNames": {"#town": "town"},
    "ExpressionAttributeValues": {
        ":email": {"S": "jane.charlie.echo.@example.com"},
        ":town": {"S": "hotel foxtrot"},
        ":shipped": {"S": "s-SHIPPED|e-jane.charlie.echo.@example.com"},
        ":one": {"N": "12345.67"},
        ":other": {"N": "1"},
    },
}


@dataclass(frozen=True)
class BeaconKey:
    """A beacon key that costs nothing to fetch, and its own key store."""

    beacon_key: bytes = BEACON_KEY

    def get_beacon_key(self, branch_key_id: str) -> "BeaconKey":
        assert branch_key_id == "bench"
        return self


def rows(*, quick: bool) -> list[tuple[str, float, float]]:
    """Measure; return what was measured, the microseconds that it adds, and the most that it may add."""
    spec = json.loads(ITEM_FILE.read_text())
    item = wire_item(spec["item"])
    plain, beacons = ItemEncryptor(_config(spec, None)), ItemEncryptor(_config(spec, _search()))
    requests = Requests({"bench": _config(spec, _search())}, ALL_OTHER_TABLES)
    calls = {
        "plain": lambda: plain.encrypt_item(item),
        "beacons": lambda: beacons.encrypt_item(item),
        "query": lambda: requests.prepare("Query", QUERY),
        "pass": lambda: requests.prepare("Query", {**QUERY, "TableName": "another"}),
    }
    rounds, repeat = (5, 40) if quick else (25, 200)
    spent = microseconds(calls, rounds=rounds, repeat=repeat)
    return [
        ("four beacons of an item", spent["beacons"] - spent["plain"], BEACON_LIMIT),
        ("a query's expressions, seen before", spent["query"] - spent["pass"], QUERY_LIMIT),
    ]


def _config(spec: Any, search: SearchConfig | None) -> TableConfig:
    return TableConfig(
        "bench",
        spec["partition_key"],
        spec["sort_key"],
        attribute_actions={name: CryptoAction[action] for name, action in spec["actions"].items()},
        keyring=RawAesKeyring("bench", "one", bytes(range(32))),
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        search=search,
    )


def _search() -> SearchConfig:
    """Four beacons: two attributes, one nested value, and a compound one of a status and an address."""
    shipped = CompoundBeacon("shipped", "|", [EncryptedPart("email", "e-")], [SignedPart("status", "s-")])
    version = BeaconVersion(
        BeaconKey(),
        SingleKeySource("bench"),
        [StandardBeacon("email", 16), StandardBeacon("total", 12), StandardBeacon("town", 8, "address.city")],
        [shipped],
    )
    return SearchConfig([version])
