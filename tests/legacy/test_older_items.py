"""The items of one table in the older format, as a table's configuration uses them."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal import AttributeActions, ConfigError, CryptoAction, DecryptError
from dynaseal.core.traces import is_older_item
from dynaseal.legacy.items import OlderItems, older_actions
from dynaseal.legacy.structures import TableIndex
from support.legacy import DYNASEAL, provider, static_provider, without_order
from support.vectors import VECTORS, read, wire_item

DATA = read(VECTORS / "legacy-items.json")
CASES = {case["id"]: case for case in DATA["cases"]}
MIGRATED = [CASES[entry["case"]] for entry in DATA["migration"]["items"]]
SIGNATURE, DESCRIPTION = "*amzn-ddb-map-sig*", "*amzn-ddb-map-desc*"
ANN = {"pk": {"S": "ann"}, "secret": {"S": "hunter2"}}


def items_of(case: dict[str, Any]) -> OlderItems:
    table = case["table"]
    actions = {name: CryptoAction[action] for name, action in case["actions"].items() if name != "*"}
    return OlderItems(
        provider(DYNASEAL, case["provider"], DATA["keys"]),
        table["name"],
        TableIndex(table["partition_key"], table.get("sort_key")),
        older_actions(AttributeActions(CryptoAction[case["actions"]["*"]], actions)),
    )


@pytest.mark.parametrize("case", MIGRATED, ids=[case["id"] for case in MIGRATED])
def test_an_item_that_is_to_be_migrated_is_recognised_read_and_written(case: dict[str, Any]) -> None:
    items, stored, plaintext = items_of(case), wire_item(case["encrypted"]), wire_item(case["plaintext"])
    assert is_older_item(stored)
    assert not is_older_item(plaintext)
    assert without_order(items.read(stored)) == without_order(plaintext)
    assert without_order(items.read(items.write(plaintext))) == without_order(plaintext)


@pytest.mark.parametrize("missing", [SIGNATURE, DESCRIPTION])
def test_half_an_item_is_refused(missing: str) -> None:
    items = OlderItems(static_provider(DYNASEAL), "t", TableIndex("pk"), older_actions({}))
    damaged = {name: value for name, value in items.write(ANN).items() if name != missing}
    with pytest.raises(DecryptError):
        items.read(damaged)


def test_keys_are_signed_and_never_encrypted() -> None:
    items = OlderItems(static_provider(DYNASEAL), "t", TableIndex("pk"), older_actions({}))
    assert items.write(ANN)["pk"] == ANN["pk"]
    with pytest.raises(ConfigError, match="pk"):
        OlderItems(
            static_provider(DYNASEAL),
            "t",
            TableIndex("pk"),
            older_actions({"pk": CryptoAction.ENCRYPT_AND_SIGN}),
        )


def test_an_action_that_the_older_format_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="'city' is not one of the older format"):
        older_actions({"city": CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT})
