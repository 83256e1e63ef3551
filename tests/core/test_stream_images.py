"""Images of stream records: binary is base64 at every depth."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given

from dynaseal import FormatError, ItemEncryptor, PlaintextPolicy, from_stream_image
from support.people import people, person
from support.strategies import items


def image_of(item: Any) -> Any:
    """The item as JSON has it, read from JSON."""

    def encode(value: bytes) -> str:
        return b64encode(value).decode()

    return json.loads(json.dumps(item, default=encode))


@given(items)
def test_an_image_becomes_the_item(item: dict[str, Any]) -> None:
    assert from_stream_image(image_of(item)) == item
    assert from_stream_image(item) == item


@given(items)
def test_an_encrypted_items_image_can_be_decrypted(item: dict[str, Any]) -> None:
    encryptor = ItemEncryptor(people())
    known = person(secret={"M": {"all": {"L": list(item.values())}}})
    image = image_of(encryptor.encrypt_item(known))
    assert encryptor.decrypt_item(from_stream_image(image)) == known


@pytest.mark.parametrize("policy", PlaintextPolicy)
def test_an_image_that_is_not_decoded_is_refused_by_name(policy: PlaintextPolicy) -> None:
    encryptor = ItemEncryptor(people(policy=policy))
    images: list[dict[str, Any]] = [
        image_of(ItemEncryptor(people()).encrypt_item(person())),
        {"pk": {"S": "ann"}, "city": {"B": "AAE="}},
        {"pk": {"S": "ann"}, "memo": {"L": [{"M": {"a": {"BS": ["AAE="]}}}]}},
    ]
    for image in images:
        with pytest.raises(FormatError, match=r"Pass dynaseal\.from_stream_image\(image\)"):
            encryptor.decrypt_item(image)


def test_a_record_in_place_of_its_image_is_refused() -> None:
    record = {"Keys": {"pk": {"S": "ann"}}, "NewImage": {"pk": {"S": "ann"}}, "SequenceNumber": "1"}
    with pytest.raises(FormatError, match="the member NewImage, OldImage or Keys"):
        from_stream_image(record)
    with pytest.raises(FormatError):
        from_stream_image({"dynamodb": record})


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"B": "AAE="}
    for _ in range(depth):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize(
    "value",
    [
        {"B": "the secret"},
        {"B": 5},
        {"BS": ["AAE=", "x"]},
        {"M": {"a": {"B": "?"}}},
        {"L": ["x"]},
        {"L": 5},
        {},
        "x",
        None,
        {"S": "a", "N": "1"},
        nested(40),
        nested(400),
    ],
)
def test_a_damaged_image_is_refused_without_showing_it(value: Any) -> None:
    with pytest.raises(FormatError, match="The attribute 'a' of the image") as caught:
        from_stream_image({"a": value})
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_what_is_not_a_mapping_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="an image is a mapping"):
        from_stream_image("{}")  # pyright: ignore[reportArgumentType]
