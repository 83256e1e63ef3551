"""Items of the older format, as its Python and Java libraries wrote and read them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from support.legacy import (
    DYNASEAL,
    OLDER,
    Names,
    RecordedKms,
    crypto_config,
    decrypted,
    provider,
    signing_provider,
    without_order,
)
from support.vectors import VECTORS, read, wire_item

ITEMS = "legacy-items.json"
EXTRA = os.environ.get("DYNASEAL_EXTRA_VECTORS")
SIGNATURE, DESCRIPTION = "*amzn-ddb-map-sig*", "*amzn-ddb-map-desc*"


def load(file: str, folder: Path = VECTORS) -> list[dict[str, Any]]:
    data = read(folder / file)
    return [{**case, "keys": data["keys"]} for case in data["cases"]]


CASES = load(ITEMS)
READABLE = [case for case in CASES if case["expect"] == "plaintext"]
REFUSED = [case for case in CASES if case["expect"] == "reject"]


def ids(cases: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])


def test_every_case_is_read_or_refused() -> None:
    assert (len(READABLE), len(REFUSED)) == (165, 76)


@ids(READABLE)
def test_an_item_is_read(case: dict[str, Any]) -> None:
    assert without_order(decrypted(DYNASEAL, case)) == without_order(wire_item(case["plaintext"]))


@ids(REFUSED)
def test_an_item_is_refused_with_the_older_librarys_error(case: dict[str, Any]) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 whatever the older library raised
        decrypted(DYNASEAL, case)
    assert type(raised.value).__name__ == case["library_error"]


@ids([case for case in CASES if "kms_calls" in case["provider"]])
def test_kms_is_called_word_for_word(case: dict[str, Any]) -> None:
    kms = RecordedKms(list(case["provider"]["kms"]))
    if case["expect"] == "plaintext":
        decrypted(DYNASEAL, case, kms)
        assert kms.calls == recorded_calls(case, "Decrypt")


def recorded_calls(case: dict[str, Any], operation: str) -> list[tuple[str, dict[str, Any]]]:
    calls = case["provider"]["kms_calls"]
    return [(operation, call["request"]) for call in calls if call["operation"] == operation]


WRITABLE = [
    case
    for case in READABLE
    if case["source"] == "python"
    and case["provider"]["kind"] != "most_recent"
    and not case["id"].startswith(("accept-", "content-", "desc-", "wrapped-no-"))
]


SPELLED_HERE = {"kms-number-spelling", "number-negative-zero", "numbers-38-digits"}
"""Numbers that are written as DynamoDB spells them, or with all their digits; `test_numbers.py` has those."""


def encrypted(names: Names, case: dict[str, Any], kms: RecordedKms | None = None) -> dict[str, Any]:
    item = wire_item(case.get("given_to_encrypt", case["plaintext"]))
    spec = case["provider"]
    materials_provider = (
        signing_provider(names, spec, case["keys"])
        if spec["kind"] == "wrapped"
        else provider(names, spec, case["keys"], kms)
    )
    return names("encrypted.item", "encrypt_dynamodb_item")(
        item, crypto_config(names, case, materials_provider, item)
    )


@ids([case for case in WRITABLE if case["provider"]["kind"] == "kms" and case["id"] not in SPELLED_HERE])
def test_a_data_key_is_asked_for_word_for_word(case: dict[str, Any]) -> None:
    kms = RecordedKms([])
    encrypted(DYNASEAL, case, kms)
    assert kms.calls == recorded_calls(case, "GenerateDataKey")


def stored_again(
    names: Names, case: dict[str, Any], item: dict[str, Any], kms: RecordedKms
) -> dict[str, Any]:
    config = crypto_config(names, case, provider(names, case["provider"], case["keys"], kms), item)
    return names("encrypted.item", "decrypt_dynamodb_item")(dict(item), config)


@ids([case for case in WRITABLE if case["id"] not in SPELLED_HERE])
@pytest.mark.parametrize("reader", [DYNASEAL, OLDER], ids=["read here", "read by the older library"])
def test_what_is_written_here_is_read(case: dict[str, Any], reader: Names) -> None:
    kms = RecordedKms([])
    stored = encrypted(DYNASEAL, case, kms)
    assert without_order(stored_again(reader, case, stored, kms)) == without_order(
        wire_item(case["plaintext"])
    )


@ids(WRITABLE)
def test_what_the_older_library_writes_is_read(case: dict[str, Any]) -> None:
    kms = RecordedKms([])
    stored = encrypted(OLDER, case, kms)
    expected = wire_item(case["plaintext"])
    assert without_order(stored_again(DYNASEAL, case, stored, kms)) == without_order(expected)


ONLY_SIGNED = [
    case
    for case in WRITABLE
    if case["provider"]["kind"] == "static"
    and "sign" not in case["provider"]
    and SIGNATURE in case["encrypted"]
    and case["id"] != "number-negative-zero"
    and all(value == case["encrypted"][name] for name, value in case["plaintext"].items())
]


@ids(ONLY_SIGNED)
def test_an_item_without_ciphertext_is_written_byte_for_byte(case: dict[str, Any]) -> None:
    assert encrypted(DYNASEAL, case) == wire_item(case["encrypted"])


@pytest.mark.skipif(not EXTRA, reason="DYNASEAL_EXTRA_VECTORS does not name AWS's published data")
def test_aws_published_items_are_read() -> None:
    cases = load("legacy-aws.json", Path(str(EXTRA)))
    wrong = [
        case["id"]
        for case in cases
        if without_order(decrypted(DYNASEAL, case)) != without_order(wire_item(case["plaintext"]))
    ]
    assert len(cases) == 149
    assert wrong == []
