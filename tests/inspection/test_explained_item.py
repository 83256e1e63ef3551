"""Explaining an item: correct for every item that AWS wrote, and never a failure for hostile ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from boto3.dynamodb.types import Binary
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import AttributeActions, CryptoAction, ItemEncryptor, RawAesKeyring, TableConfig
from dynaseal.core.header import (
    FOOTER_NAME,
    HEADER_NAME,
    LEGACY_DESCRIPTION_NAME,
    LEGACY_SIGNATURE_NAME,
)
from dynaseal.inspection.byte_ranges import footer_ranges, header_ranges
from dynaseal.inspection.item import (
    NO_CONFIGURATION,
    ExplainedItem,
    Plaintext,
    Refusal,
    describe_key_attributes,
    explain_item,
    read_item,
)
from support import vectors

CONFIG = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(
        CryptoAction.SIGN_ONLY,
        {"salary": CryptoAction.ENCRYPT_AND_SIGN, "note": CryptoAction.DO_NOTHING},
    ),
    keyring=RawAesKeyring("payroll", "2026", bytes(32)),
)
ITEM = {"pk": {"S": "ann"}, "salary": {"N": "1000"}, "note": {"S": "tall"}, "team": {"S": "blue"}}
ENCRYPTOR = ItemEncryptor(CONFIG)
STORED = ENCRYPTOR.encrypt_item(ITEM)
CASES = [
    case
    for file in ("items-raw.json", "items-kms.json", "items-hierarchy.json")
    for case in vectors.cases(file)
    if case["expect"] == "plaintext" and "operation" not in case and not case.get("disputed")
][::5]

OLDER_CASES = [
    case
    for case in vectors.read(vectors.VECTORS / "legacy-items.json")["cases"]
    if case["expect"] == "plaintext" and LEGACY_DESCRIPTION_NAME in case["encrypted"]
]


def explained(item: dict[str, Any] | None = None) -> ExplainedItem:
    stored = STORED if item is None else item
    return explain_item(stored, CONFIG, read_item(stored, ENCRYPTOR.decrypt_item))


def with_bytes(name: str, data: bytes) -> dict[str, Any]:
    return {**STORED, name: {"B": data}}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_ranges_of_every_item_that_aws_wrote_have_all_its_bytes_and_none_is_unreadable(
    case: dict[str, Any],
) -> None:
    item = vectors.wire_item(case["encrypted"])
    explanation = explain_item(item)
    for ranges, name in ((explanation.header, HEADER_NAME), (explanation.footer, FOOTER_NAME)):
        assert b"".join(each.data for each in ranges) == bytes(item[name]["B"])
        assert [each.offset for each in ranges] == [
            sum(len(before.data) for before in ranges[:at]) for at in range(len(ranges))
        ]
        assert "unreadable" not in {each.kind for each in ranges}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_encryption_context_is_the_one_that_aws_used(case: dict[str, Any]) -> None:
    config = vectors.table_config(case["table"], RawAesKeyring("n", "k", bytes(32)))
    explanation = explain_item(vectors.wire_item(case["encrypted"]), config)
    if case.get("context"):
        assert explanation.encryption_context == case["context"]


def test_each_attribute_has_its_action_type_sizes_and_ciphertext() -> None:
    by_name = {attribute.name: attribute for attribute in explained().attributes}
    salary = by_name["salary"]
    assert (salary.kind, salary.action, salary.type) == ("attribute", CryptoAction.ENCRYPT_AND_SIGN, "N")
    assert salary.ciphertext is not None
    parts = salary.ciphertext
    assert parts.type_id + parts.ciphertext + parts.tag == STORED["salary"]["B"]
    assert (salary.stored_size, salary.plaintext, salary.plaintext_size) == (6 + 22, {"N": "1000"}, 6 + 2)
    assert by_name["pk"].kind == "key"
    assert by_name["note"].action is CryptoAction.DO_NOTHING
    assert [attribute.kind for attribute in explained().attributes][-2:] == ["header", "footer"]


def test_without_a_configuration_the_item_is_explained_with_the_reason_that_nothing_is_decrypted() -> None:
    explanation = explain_item(STORED)
    assert explanation.reading == NO_CONFIGURATION
    assert [attribute.plaintext for attribute in explanation.attributes] == [None] * len(STORED)
    assert explanation.to_dict()["plaintext"]["code"] == "no-configuration"


def test_an_item_that_was_changed_is_shown_with_the_error() -> None:
    explanation = explained({**STORED, "team": {"S": "red"}})
    assert isinstance(explanation.reading, Refusal)
    assert explanation.reading.code == "signature"


def test_an_unencrypted_item_is_its_own_plaintext() -> None:
    explanation = explain_item(ITEM)
    assert explanation.reading == Plaintext(ITEM)
    assert (explanation.title, explanation.header) == ("not encrypted", ())


def test_an_item_of_the_older_format_shows_its_description_and_signature() -> None:
    entry = b"\x00\x00\x00\x04name\x00\x00\x00\x05value"
    item = {
        "pk": {"S": "a"},
        LEGACY_DESCRIPTION_NAME: {"B": bytes(4) + entry},
        LEGACY_SIGNATURE_NAME: {"B": b"sig"},
    }
    explanation = explain_item(item)
    assert [(each.field, each.meaning) for each in explanation.header] == [
        ("version", "0"),
        ("entry name", "value"),
    ]
    assert explanation.footer[0].data == b"sig"


@pytest.mark.parametrize("case", OLDER_CASES, ids=lambda case: case["id"])
def test_the_description_of_every_item_of_the_older_library_has_all_its_bytes(case: dict[str, Any]) -> None:
    item = vectors.wire_item(case["encrypted"])
    explanation = explain_item(item)
    assert b"".join(each.data for each in explanation.header) == bytes(item[LEGACY_DESCRIPTION_NAME]["B"])
    assert "unreadable" not in {each.kind for each in explanation.header}
    assert explanation.footer
    plaintext = vectors.wire_item(case["plaintext"])
    attributes = explain_item(item, None, Plaintext(plaintext)).attributes
    shown = {each.name: each.plaintext for each in attributes if each.name in plaintext}
    assert shown == plaintext
    assert {each.type for each in attributes} <= {"S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"}
    assert {each.name for each in attributes if each.is_encrypted} == {
        name for name, value in plaintext.items() if value != item[name]
    }


@pytest.mark.parametrize("length", [0, 1, 2, 20, 40, 70, 150, 250])
def test_a_header_that_is_cut_off_is_shown_as_far_as_it_reaches(length: int) -> None:
    head = STORED[HEADER_NAME]["B"][:length]
    ranges = header_ranges(head)
    assert b"".join(each.data for each in ranges) == head
    explanation = explained(with_bytes(HEADER_NAME, head))
    assert isinstance(explanation.reading, Refusal)
    assert explanation.report.damage


@given(st.binary(max_size=300), st.integers(0, 5))
def test_any_bytes_are_a_header_and_a_footer_that_can_be_shown(data: bytes, data_keys: int) -> None:
    for ranges in (header_ranges(data), footer_ranges(data, data_keys)):
        assert b"".join(each.data for each in ranges) == data
        assert all(each.meaning.isprintable() and each.field.isprintable() for each in ranges)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text(max_size=8) | st.sampled_from([HEADER_NAME, FOOTER_NAME, "aws_dbe_b_x", "pk"])
VALUES = JSON_VALUES | st.fixed_dictionaries({"B": st.binary(max_size=120)})


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_item_can_be_explained_and_is_json(item: dict[str, Any]) -> None:
    explanation = explained(item)
    assert json.loads(json.dumps(explanation.to_dict()))["format"]
    assert [attribute.name for attribute in explanation.attributes if attribute.name not in item] == []


def test_types_of_boto3_can_be_explained() -> None:
    item = {name: {"B": Binary(v["B"])} if "B" in v else v for name, v in STORED.items()}
    assert json.dumps(explained(item).to_dict())


def test_names_and_keys_are_printable() -> None:
    assert describe_key_attributes({"p\x1b": {"S": "a\n"}}, ("p\x1b",)) == "'p\\x1b'='a\\n'"


def test_a_refusal_has_the_words_of_the_error() -> None:
    class BrokenError(Exception):
        pass

    def decrypt(_item: object) -> Any:
        raise BrokenError("no route to host")

    assert read_item({}, decrypt, (BrokenError,)) == Refusal("aws", "no route to host")
