"""Items that AWS's own library wrote, read and refused: `vectors/items-*.json`."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal import DynasealError, ItemEncryptor
from dynaseal.core import header
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME
from support import vectors

FILES = ("items-raw.json", "items-kms.json", "items-hierarchy.json", "items-reject.json")
CASES = [case for file in FILES for case in vectors.cases(file)]


def those(*, operation: str | None, expect: str, written: bool = False) -> pytest.MarkDecorator:
    chosen = [
        case
        for case in CASES
        if case.get("operation") == operation and case["expect"] == expect and not case.get("disputed")
        if not (written and vectors.is_read_only(case))
    ]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


@those(operation=None, expect="plaintext")
def test_an_item_that_aws_wrote_is_read_with_the_very_calls_that_aws_makes(case: dict[str, Any]) -> None:
    kms = vectors.kms_for(case)

    plaintext = vectors.reader(case, kms).decrypt_item(vectors.wire_item(case["encrypted"]))

    assert plaintext == vectors.wire_item(case["plaintext"])
    assert kms.calls == [_asked(call) for call in case.get("calls", {}).get("decrypt", ())]


@those(operation=None, expect="plaintext", written=True)
def test_the_same_item_written_here_has_aws_structure_and_reads_back(case: dict[str, Any]) -> None:
    kms = vectors.kms_for(case)
    theirs = vectors.wire_item(case["encrypted"])

    ours = vectors.writer(case, kms).encrypt_item(vectors.wire_item(case.get("input", case["plaintext"])))

    if case.get("calls", {}).get("encrypt"):
        assert _unsigned(kms.calls) == _unsigned([_asked(call) for call in case["calls"]["encrypt"]])
    assert vectors.reader(case, kms).decrypt_item(ours) == vectors.wire_item(case["plaintext"])
    if case["file"] != "items-reject.json":
        assert _structure(ours) == _structure(theirs)


@those(operation=None, expect="reject")
def test_an_item_that_aws_refuses_is_refused_with_its_class_of_error(case: dict[str, Any]) -> None:
    encryptor = vectors.reader(case, vectors.kms_for(case))

    with pytest.raises(vectors.refused_on_reading(case["error"])):
        encryptor.decrypt_item(vectors.wire_item(case["encrypted"]))


@pytest.mark.parametrize(
    "case",
    chosen := [case for case in CASES if case.get("operation") and not case.get("disputed")],
    ids=[case["id"] for case in chosen],
)
def test_what_aws_refuses_to_configure_or_write_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(vectors.REFUSED_ON_WRITING):
        vectors.writer(case, vectors.kms_for(case)).encrypt_item(vectors.wire_item(case["plaintext"]))


def test_every_disputed_case_ends_in_a_plaintext_or_a_documented_error() -> None:
    disputed = [case for case in CASES if case.get("disputed") and "operation" not in case]
    assert disputed
    for case in disputed:
        try:
            encryptor: ItemEncryptor = vectors.reader(case, vectors.kms_for(case))
            encryptor.decrypt_item(vectors.wire_item(case["encrypted"]))
        except DynasealError:
            continue


def _asked(call: dict[str, Any]) -> dict[str, Any]:
    """A recorded call's request, without KMS's response."""
    answered = {"plaintext", "error", "shared_secret"}
    if call["op"] == "GenerateDataKey":
        answered.add("ciphertext")
    return {key: value for key, value in call.items() if key not in answered}


def _unsigned(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls without the public key, which differs in each item."""
    return [
        {
            **call,
            "encryption_context": {
                key: value
                for key, value in call.get("encryption_context", {}).items()
                if key != "aws-crypto-public-key"
            },
        }
        for call in calls
    ]


def _structure(item: dict[str, Any]) -> dict[str, Any]:
    """The parts of an item that are the same in two encryptions of it."""
    parsed = header.parse(item[HEADER_NAME]["B"])
    shape = {
        "version": parsed.version,
        "suite": parsed.suite,
        "legend": parsed.legend,
        "context": list(parsed.stored_context),
        "keys": [(key.provider_id, len(key.ciphertext)) for key in parsed.encrypted_data_keys],
        "footer": len(item[FOOTER_NAME]["B"]),
    }
    encrypted = {
        name: (kind, content[:2], len(content)) if kind == "B" else (kind, content)
        for name, value in item.items()
        if name not in (HEADER_NAME, FOOTER_NAME)
        for kind, content in value.items()
    }
    return shape | encrypted
