"""What four beacons add to an item that is written, and rewriting to a query that was seen before.

With the Python engine: beacons are computed in Python under either.
"""

import json
from collections.abc import Iterator
from time import process_time
from typing import Any

from benchmarks.encryptors import engine
from benchmarks.measure import microseconds
from benchmarks.rows import Column, Row
from benchmarks.samples import ITEM_FILE
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
from dynaseal.materials.key_store.branch_keys import BeaconKeyMaterials

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


class OneBeaconKey:
    """A key store with one beacon key, which costs nothing to fetch."""

    def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        return BeaconKeyMaterials(branch_key_id, BEACON_KEY, {})


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure an item with and without beacons, and a query that is rewritten or passed on."""
    spec = json.loads(ITEM_FILE.read_text())
    item = wire_item(spec["item"])
    with engine("python"):
        plain, beacons = ItemEncryptor(_config(spec, None)), ItemEncryptor(_config(spec, _search()))
        requests = Requests({"bench": _config(spec, _search())}, ALL_OTHER_TABLES)
    calls = {
        "plain": lambda: plain.encrypt_item(item),
        "beacons": lambda: beacons.encrypt_item(item),
        "query": lambda: requests.prepare("Query", QUERY),
        "pass": lambda: requests.prepare("Query", {**QUERY, "TableName": "another"}),
    }
    rounds, repeat = (5, 40) if quick else (25, 200)
    spent = microseconds(calls, rounds=rounds, repeat=repeat, clock=process_time)
    for what, floor, without, whole in (
        ("0x6700 344 B encrypt, four beacons", "without beacons", "plain", "beacons"),
        ("a query's expressions, seen before", "of a plaintext table", "pass", "query"),
    ):
        figures = {Column.FLOOR: spent[without], Column.PURE: spent[whole]}
        yield Row(section="beacons", what=what, unit="us", floor=floor, figures=figures)


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
        OneBeaconKey(),
        SingleKeySource("bench"),
        [StandardBeacon("email", 16), StandardBeacon("total", 12), StandardBeacon("town", 8, "address.city")],
        [shipped],
    )
    return SearchConfig([version])
