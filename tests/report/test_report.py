"""Describing an item without any key: correct for good items, and never a failure for damaged ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from boto3.dynamodb.types import Binary
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import (
    AlgorithmSuite,
    ConfigError,
    CryptoAction,
    ItemReport,
    MultiKeyring,
    RawAesKeyring,
    describe_item,
)
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME
from dynaseal.report import ItemFormat
from support import vectors
from support.strategies import values

FILES = ("items-raw.json", "items-kms.json", "items-hierarchy.json")
GOOD = [
    case
    for file in FILES
    for case in vectors.cases(file)
    if case["expect"] == "plaintext" and "operation" not in case and not case.get("disputed")
]
ENCRYPTED_ITEMS = [vectors.wire_item(case["encrypted"]) for case in GOOD[:: len(GOOD) // 20]]
NEEDS_NAMES = "an attribute was added or removed"


def described(case: dict[str, Any]) -> ItemReport:
    table = case["table"]
    return describe_item(
        vectors.wire_item(case["encrypted"]),
        allowed_unsigned_attributes=table["unsigned"],
        allowed_unsigned_attribute_prefix=table["unsigned_prefix"],
    )


def case_of(name: str) -> dict[str, Any]:
    return next(case for case in GOOD if case["id"] == name)


def test_every_item_that_aws_wrote_shows_no_damage() -> None:
    assert [(case["id"], report.damage) for case in GOOD if (report := described(case)).damage] == []


def test_the_report_has_the_actions_that_aws_wrote_an_item_with() -> None:
    for case in GOOD:
        table = case.get("encrypt_table", case["table"])
        actions = {attribute.name: attribute.action for attribute in described(case).attributes}
        assert actions == {
            name: CryptoAction[table["actions"].get(name, "DO_NOTHING")] for name in actions
        }, case["id"]


def test_the_report_has_the_suite_version_and_types_of_every_item_that_aws_wrote() -> None:
    for case in GOOD:
        report, table = described(case), case.get("encrypt_table", case["table"])
        in_context = "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT" in table["actions"].values()
        assert report.format is ItemFormat.DATABASE_ENCRYPTION_SDK
        assert report.version == (2 if in_context else 1)
        assert report.suite is AlgorithmSuite(int(table["suite"] or "0x6701", 16))
        plaintext = vectors.wire_item(case["plaintext"])
        assert {attribute.name: attribute.type for attribute in report.attributes} == {
            name: next(iter(value)) for name, value in plaintext.items()
        }


def test_every_report_is_json() -> None:
    for case in GOOD:
        assert json.loads(json.dumps(described(case).to_dict()))["format"] == "AWS Database Encryption SDK"


@pytest.mark.parametrize(
    ("name", "provider", "key", "version"),
    [
        (
            "hierarchy-default-v1-branch-a",
            "aws-kms-hierarchy",
            "eda8defa-8314-4ba0-8d12-b8a2c8f320ef",
            "e7395a18-fff2-405b-b63e-d88d057a36d5",
        ),
        (
            "hierarchy-default-v1-branch-b",
            "aws-kms-hierarchy",
            "tenant-b",
            "2d0fd124-39a0-4a10-a1e0-22b84fbf2255",
        ),
        (
            "kms-single-0x6700-v1",
            "aws-kms",
            "arn:aws:kms:us-west-2:111122223333:key/9cffc039-1179-4726-9b56-e10fb8bef796",
            None,
        ),
        (
            "kms-rsa-rsaes-oaep-sha-256-0x6700",
            "aws-kms-rsa",
            "arn:aws:kms:us-west-2:111122223333:key/79455cf8-0979-4fe2-ae81-037aafbdbf66",
            None,
        ),
        (
            "kms-ecdh-P-256-0x6700",
            "aws-kms-ecdh",
            "034f2a3d24a265cb302c4bc8c80ab05b2041ed9c5fadb42a634667ac1a8ae8dc27",
            None,
        ),
        (
            "key-ecdh-static-P-256-0x6700",
            "raw-ecdh",
            "02ca2cb0a5c4a380c8f451c0296f8471ec67e39ccf7ed0a3b4b83c42ae5342ed11",
            None,
        ),
        ("key-aes-unicode-v1", "acme/é😀", "鍵 hr-￦", None),
        ("key-rsa-a-pkcs1", "acme/rsa", "hr-a", None),
    ],
)
def test_each_provider_names_its_key(name: str, provider: str, key: str, version: str | None) -> None:
    (wrapped,) = described(case_of(name)).wrapped_keys

    assert (wrapped.provider, wrapped.key, wrapped.version) == (provider, key, version)


def test_the_stored_context_is_reported() -> None:
    case = case_of("hierarchy-default-v2-branch-b")

    stored = described(case).stored_context

    assert stored == {"aws-crypto-public-key": case["context"]["aws-crypto-public-key"]}


def test_bytes_added_are_the_difference_to_the_plaintext_item_where_all_is_text() -> None:
    for case_id in ("hierarchy-default-v1-branch-a", "kms-single-0x6700-v1"):
        case = case_of(case_id)
        assert set(case["plaintext"]["city"]) == {"S"}
        stored, plain = (vectors.wire_item(case[which]) for which in ("encrypted", "plaintext"))
        grown = sum(_size(stored, name) for name in stored) - sum(_size(plain, name) for name in plain)
        assert described(case).bytes_added == grown


def _size(item: dict[str, Any], name: str) -> int:
    ((_, content),) = item[name].items()
    return len(name) + len(content)


def test_unsigned_attributes_must_be_named_or_the_actions_are_unknown() -> None:
    case = next(case for case in GOOD if case["table"]["unsigned"] and len(case["encrypted"]) > 4)
    item = vectors.wire_item(case["encrypted"])

    unnamed, named = describe_item(item), described(case)

    assert NEEDS_NAMES in unnamed.damage[0]
    assert {attribute.action for attribute in unnamed.attributes} == {None}
    assert named.damage == ()
    assert CryptoAction.DO_NOTHING in {attribute.action for attribute in named.attributes}


def test_an_item_of_the_older_library_is_named_as_such() -> None:
    description = b"\0\0\0\0" + b"".join(
        len(text).to_bytes(4, "big") + text for text in (b"amzn-ddb-map-signingAlg", b"HmacSHA256")
    )
    item = {
        "pk": {"S": "a"},
        "secret": {"B": bytes(32)},
        "*amzn-ddb-map-desc*": {"B": description},
        "*amzn-ddb-map-sig*": {"B": bytes(32)},
    }

    report = describe_item(item)

    assert report.format is ItemFormat.ENCRYPTION_CLIENT
    assert "DynamoDB Encryption Client" in report.to_dict()["format"]
    assert report.stored_context == {"amzn-ddb-map-signingAlg": "HmacSHA256"}
    assert [attribute.name for attribute in report.attributes] == ["pk", "secret"]
    assert report.damage == ()


def test_a_damaged_item_of_the_older_library_is_reported_as_damaged() -> None:
    report = describe_item({"*amzn-ddb-map-desc*": {"B": b"\0\0\0\0\0\0\0\x09short"}})

    assert report.damage == (
        "The item has no *amzn-ddb-map-sig*",
        "The attribute '*amzn-ddb-map-desc*' ends too early",
    )


def test_a_plaintext_item_is_reported_as_plaintext() -> None:
    report = describe_item({"pk": {"S": "a"}, "n": {"N": "1"}})

    assert report.format is ItemFormat.PLAINTEXT
    assert [(attribute.name, attribute.type, attribute.action) for attribute in report.attributes] == [
        ("pk", "S", None),
        ("n", "N", None),
    ]
    assert report.bytes_added == 0


def test_beacons_are_named_apart_from_attributes() -> None:
    item = {**ENCRYPTED_ITEMS[0], "aws_dbe_b_name": {"S": "abc"}}

    report = describe_item(item)

    assert report.beacons == ("aws_dbe_b_name",)
    assert "aws_dbe_b_name" not in [attribute.name for attribute in report.attributes]
    assert report.bytes_added == describe_item(ENCRYPTED_ITEMS[0]).bytes_added + len("aws_dbe_b_name" + "abc")


def encrypted_item() -> dict[str, Any]:
    keyring = MultiKeyring(RawAesKeyring("mine", "one", bytes(32)), [RawAesKeyring("mine", "two", bytes(16))])
    actions = {"pk": "SIGN_ONLY", "a": "ENCRYPT_AND_SIGN", "b": "ENCRYPT_AND_SIGN"}
    table = {
        "name": "t",
        "partition_key": "pk",
        "sort_key": None,
        "actions": actions,
        "unsigned": [],
        "unsigned_prefix": None,
        "suite": None,
    }
    encryptor = vectors.ItemEncryptor(vectors.table_config(table, keyring))
    return encryptor.encrypt_item({"pk": {"S": "x"}, "a": {"S": "secret"}, "b": {"N": "7"}})


def changed(name: str, change: Callable[[bytes], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {**item, name: {"B": change(item[name]["B"])}}


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {other: value for other, value in item.items() if other != name}


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (without(HEADER_NAME), "The item has no aws_dbe_head"),
        (without(FOOTER_NAME), "The item has no aws_dbe_foot"),
        (without("b"), NEEDS_NAMES),
        (lambda item: {**item, "c": {"S": "x"}}, NEEDS_NAMES),
        (changed(HEADER_NAME, lambda _: b""), "The item's header is empty"),
        (changed(HEADER_NAME, lambda head: head[:-40]), "The item's header ends too early"),
        (changed(HEADER_NAME, lambda head: head + b"x"), "bytes after its end"),
        (changed(HEADER_NAME, lambda head: b"\x07" + head[1:]), "format version 7"),
        (changed(HEADER_NAME, lambda head: head[:1] + b"\x05" + head[2:]), "suite 0x6705"),
        (changed(HEADER_NAME, lambda _: "text"), "The attribute 'aws_dbe_head' is not binary"),
        (changed(FOOTER_NAME, lambda foot: foot[:-1]), "footer has 198 bytes"),
        (changed("a", lambda _: bytes(17)), "'a' is not binary, or shorter than 18 bytes"),
        (changed("a", lambda data: b"\x09\x09" + data[2:]), "'a' has an unknown type id"),
        (lambda item: {**item, "a": {"S": "x"}}, "'a' is not binary, or shorter than 18 bytes"),
        (lambda item: {**item, "a": "x"}, "The attribute 'a' is not an attribute value"),
        (lambda item: {**item, 7: {"S": "x"}}, "An attribute's name is not a string"),
    ],
)
def test_damage_is_reported(damage: Callable[[dict[str, Any]], dict[str, Any]], expected: str) -> None:
    report = describe_item(damage(encrypted_item()))

    assert [line for line in report.damage if expected in line], report.damage


def test_what_is_left_of_a_cut_off_header_is_reported() -> None:
    whole = encrypted_item()

    report = describe_item(changed(HEADER_NAME, lambda head: head[:-100])(whole))

    assert report.damage
    assert (report.version, report.suite) == (1, AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG)
    assert [attribute.action for attribute in report.attributes] == [
        attribute.action for attribute in describe_item(whole).attributes
    ]
    assert [key.key for key in report.wrapped_keys] == ["one"]


junk: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.binary(max_size=40)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=3),
    ),
    max_leaves=6,
)


@st.composite
def damaged(draw: st.DrawFn) -> dict[Any, Any]:
    """An encrypted item with a few random changes to its bytes, names and values."""
    item: dict[Any, Any] = dict(draw(st.sampled_from(ENCRYPTED_ITEMS)))
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(item, key=repr)))
        match draw(st.sampled_from(["bytes", "cut", "value", "junk", "drop", "add", "surrogate"])):
            case "bytes" if isinstance(item[name], dict) and isinstance(item[name].get("B"), bytes):
                data = bytearray(item[name]["B"])
                for _ in range(draw(st.integers(1, 4))) if data else ():
                    data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
                item[name] = {"B": bytes(data)}
            case "cut" if isinstance(item[name], dict) and isinstance(item[name].get("B"), bytes):
                item[name] = {"B": item[name]["B"][: draw(st.integers(0, 400))] + draw(st.binary(max_size=3))}
            case "value":
                item[name] = draw(values)
            case "junk":
                item[name] = draw(junk)
            case "drop" if len(item) > 1:
                del item[name]
            case "surrogate":
                item["\ud800"] = item[name]
            case _:
                item[draw(st.one_of(st.text(max_size=4), st.integers()))] = draw(values)
    return item


@given(damaged())
def test_no_damage_makes_it_fail_and_every_report_is_json(item: dict[Any, Any]) -> None:
    report = describe_item(item)

    assert json.loads(json.dumps(report.to_dict()))["damage"] == list(report.damage)


@given(st.dictionaries(st.sampled_from([HEADER_NAME, FOOTER_NAME, "*amzn-ddb-map-desc*", "a"]), junk))
def test_no_junk_makes_it_fail(item: dict[str, Any]) -> None:
    json.dumps(describe_item(item).to_dict())


def test_a_report_cannot_be_changed() -> None:
    report: Any = describe_item(ENCRYPTED_ITEMS[0])

    with pytest.raises(FrozenInstanceError):
        report.version = 3


@pytest.mark.parametrize(
    "item",
    [
        {"pk": "ann", "age": 41},
        {"pk": "ann", "aws_dbe_head": Binary(b"\x01"), "aws_dbe_foot": Binary(b"")},
        {"pk": "ann", "*amzn-ddb-map-desc*": Binary(b"\x00")},
    ],
)
def test_python_values_are_told_from_damage(item: dict[str, Any]) -> None:
    report = describe_item(item)
    assert 'needs the wire form, {"S": "x"}' in report.damage[0]
    assert not any("is not an attribute value" in damage for damage in report.damage)


@pytest.mark.parametrize("more", [{}, {"ResponseMetadata": {"HTTPStatusCode": 200}}])
def test_a_whole_reply_is_told_from_an_item(more: dict[str, Any]) -> None:
    report = describe_item({"Item": {"pk": {"S": "ann"}, "age": {"N": "41"}}, **more})
    assert 'which is under its member "Item"' in report.damage[0]
    for value in ({"S": "x"}, {"M": {}}, {"M": {"a": {"S": "x"}}}):
        assert describe_item({"pk": {"S": "ann"}, "Item": value}).damage == ()


def test_what_is_not_a_mapping_is_refused() -> None:
    item: Any = "x"
    with pytest.raises(ConfigError, match="describe_item's item must be"):
        describe_item(item)
