"""One line of an export: what it becomes, and what is wrong with one that cannot be transformed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from dynaseal import ItemEncryptor, SurrogateKey, from_stream_image
from dynaseal.migrate import PLAINTEXT
from dynaseal.migrate.exports.json_lines import FastJson, JsonParser, StandardJson
from dynaseal.migrate.exports.lines import LineTransformer
from support.exports import NEW, OLD, PLAIN, as_json, line, old, person
from support.strategies import items

PARSERS: list[JsonParser] = [StandardJson(), FastJson()]
METADATA = {"WriteTimestampMicros": {"N": "1700000000000000"}}
any_parser = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)


def read(written: bytes | None, member: str = "Item") -> dict[str, Any]:
    """The item of a line that was written, decrypted under the new key."""
    assert written is not None
    return NEW.decrypt_item(from_stream_image(json.loads(written)[member]))


@any_parser
def test_a_line_is_encrypted_under_the_new_key_and_then_skipped(parser: JsonParser) -> None:
    transformer = LineTransformer(OLD, NEW, parser)

    changed = transformer.transform(line(Item=OLD.encrypt_item(person(1))))

    assert (changed.state, changed.reason) == ("changed", None)
    assert read(changed.line) == person(1)
    again = transformer.transform(b" " + (changed.line or b"") + b"\r")
    assert (again.state, again.line) == ("skipped", changed.line)


@given(items)
def test_every_item_comes_back_the_same_with_both_parsers(item: dict[str, Any]) -> None:
    stored = line(Item=OLD.encrypt_item(item))
    decrypted = [LineTransformer(OLD, PLAINTEXT, parser).transform(stored) for parser in PARSERS]
    assert decrypted[0] == decrypted[1]
    assert json.loads(decrypted[0].line or b"") == as_json({"Item": item})
    for parser in PARSERS:
        assert read(LineTransformer(PLAIN, NEW, parser).transform(decrypted[0].line or b"").line) == item


@any_parser
@pytest.mark.parametrize("blank", [b"", b" \t", b"\r"])
def test_a_blank_line_is_not_a_failure(parser: JsonParser, blank: bytes) -> None:
    assert LineTransformer(OLD, NEW, parser).transform(blank) == ("blank", None, None, None)


@any_parser
@pytest.mark.parametrize(
    "malformed",
    [
        b"{",
        b'{"Item": {"pk": {"S": "a"}}',
        b'{"Item": {"pk": {"S": "a"}}} x',
        b'{"Item": {"pk": {"S": "\xff"}}}',
        b'{"Item": {"pk": {"S": "\\ud800"}}}',
        b'{"Item": {"pk": {"S": "a\x01"}}}',
        b'{"Item": {"pk": {"N": NaN}}}',
        b"[" * 100_000,
        b"\xef\xbb\xbf{}",
        b"\x00",
        '{"Item": {}}'.encode("utf-16"),
    ],
)
def test_a_line_that_is_not_json_in_utf_8_fails(parser: JsonParser, malformed: bytes) -> None:
    failed = LineTransformer(OLD, NEW, parser).transform(malformed)
    assert failed == ("failed", None, "The line is not JSON in UTF-8", None)


NOT_VALUES: list[Any] = [
    {"N": 5},
    {"S": None},
    {"B": "AAE"},
    {"B": "AA==AA"},
    {"B": 1},
    {"BS": "AAE="},
    {"BS": ["AAE=", "!"]},
    {"SS": [1]},
    {"BOOL": "true"},
    {"L": {}},
    {"M": []},
    {"L": [{"N": 5}]},
    {"X": "a"},
    {"S": "a", "N": "1"},
    {},
    "a",
    None,
]


@any_parser
@pytest.mark.parametrize("value", NOT_VALUES, ids=json.dumps)
def test_a_value_that_is_not_an_attribute_value_is_named(parser: JsonParser, value: Any) -> None:
    failed = LineTransformer(PLAIN, NEW, parser).transform(line(Item={"pk": {"S": "a"}, "x": value}))
    assert failed.state == "failed"
    assert failed.reason == "The attribute 'x' of Item is not an attribute value, or its binary is not base64"


@pytest.mark.parametrize(("depth", "state"), [(31, "changed"), (32, "failed"), (900, "failed")])
def test_a_value_may_be_nested_as_deep_as_in_dynamodb(depth: int, state: str) -> None:
    nested = b'{"L":[' * depth + b'{"S":"a"}' + b"]}" * depth
    text = b'{"Item":{"pk":{"S":"a"},"x":' + nested + b"}}"
    for parser in PARSERS:
        assert LineTransformer(PLAIN, NEW, parser).transform(text).state == state


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ([1], "The line is not a JSON object"),
        ({"pk": {"S": "a"}}, "The line is not a record of an export"),
        ({}, "The line is not a record of an export"),
        ({"Item": {"pk": {"S": "a"}}, "more": 1}, "The line is not a record of an export"),
        ({"Item": "a"}, "The member Item is not an item"),
        ({"Keys": None, "NewImage": {}}, "The member Keys is not an item"),
        ({"Keys": {"pk": {"S": "a"}}, "Metadata": 1}, "The member Metadata is not an item"),
    ],
)
def test_a_line_that_is_not_a_record_fails(record: Any, reason: str) -> None:
    failed = LineTransformer(OLD, NEW).transform(json.dumps(record).encode())
    assert failed.state == "failed"
    assert (failed.reason or "").startswith(reason)


def test_an_item_that_cannot_be_read_fails_with_its_key_and_the_reason() -> None:
    stored = OLD.encrypt_item(person(1))
    failed = LineTransformer(OLD, NEW).transform(line(Item={**stored, "city": {"S": "Bern"}}))
    assert (failed.state, failed.line) == ("failed", None)
    assert failed.key == b'{"pk":{"S":"person 1"}}'
    assert "does not verify" in (failed.reason or "")
    assert "Bern" not in (failed.reason or "")


@any_parser
def test_both_images_of_an_incremental_export_are_transformed(parser: JsonParser) -> None:
    keys = {"pk": {"S": "person 1"}}
    record = line(
        Metadata=METADATA,
        Keys=keys,
        NewImage=OLD.encrypt_item(person(1)),
        OldImage=NEW.encrypt_item(person(257)),
    )

    transformed = LineTransformer(OLD, NEW, parser).transform(record)

    assert transformed.state == "changed"
    written = json.loads(transformed.line or b"")
    assert [*written] == ["Metadata", "Keys", "NewImage", "OldImage"]
    assert (written["Metadata"], written["Keys"]) == (METADATA, keys)
    assert read(transformed.line, "NewImage") == person(1)
    assert written["OldImage"] == json.loads(record)["OldImage"]


@pytest.mark.parametrize("images", [{}, {"NewImage": None, "OldImage": None}])
def test_a_deletion_without_images_is_copied(images: dict[str, Any]) -> None:
    record = line(Metadata=METADATA, Keys={"pk": {"S": "person 1"}}, **images)
    assert LineTransformer(OLD, NEW).transform(record) == ("skipped", record, None, None)


def test_a_record_fails_as_a_whole_if_one_image_does() -> None:
    keys = {"pk": {"S": "person 1"}}
    bad = {**OLD.encrypt_item(person(1)), "city": {"S": "x"}}
    failed = LineTransformer(OLD, NEW).transform(
        line(Keys=keys, NewImage=OLD.encrypt_item(person(1)), OldImage=bad)
    )
    assert (failed.state, failed.key) == ("failed", line(**keys))


def test_the_keys_of_an_incremental_export_follow_surrogate_keys() -> None:
    # The keys of a real token need a key store; that the record takes them from its image is tested here.
    with_surrogate = replace(old)
    object.__setattr__(with_surrogate, "surrogate_keys", (SurrogateKey("pk", "name"),))
    transformer = LineTransformer(ItemEncryptor(with_surrogate), NEW)
    keys = {"pk": {"S": "a token"}}
    record = line(Keys=keys, NewImage=OLD.encrypt_item(person(1)))

    written = json.loads(transformer.transform(record).line or b"")

    assert written["Keys"] == {"pk": {"S": "person 1"}}
    failed = transformer.transform(line(Keys=keys))
    assert (failed.state, failed.key) == ("failed", line(**keys))
    assert (failed.reason or "").startswith("The record has no image")
