"""The older format's bytes: hostile lengths and nesting are refused, quickly and by name."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal.legacy.exceptions import DynamodbEncryptionSdkError, SerializationError
from dynaseal.legacy.internal.formatting import material_description
from dynaseal.legacy.internal.formatting.deserialize.attribute import deserialize_attribute
from dynaseal.legacy.internal.formatting.serialize.attribute import serialize_attribute
from support.strategies import values

# What the older library lets escape from a damaged value, and so does this.
REFUSALS = (DynamodbEncryptionSdkError, KeyError, UnicodeDecodeError, ArithmeticError)


@given(values)
def test_a_value_comes_back_and_is_serialized_to_the_same_bytes(value: dict[str, Any]) -> None:
    data = serialize_attribute(value)
    assert serialize_attribute(deserialize_attribute(data)) == data


@given(st.binary(max_size=60))
def test_bytes_are_a_value_or_refused(data: bytes) -> None:
    with suppress(*REFUSALS):
        deserialize_attribute(data)


@given(st.binary(max_size=60))
def test_bytes_are_a_description_or_refused(data: bytes) -> None:
    with suppress(*REFUSALS):
        material_description.deserialize({"B": data})


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=6))
def test_a_description_comes_back(description: dict[str, str]) -> None:
    assert material_description.deserialize(material_description.serialize(description)) == description


@pytest.mark.parametrize("tag", [b"b", b"s", b"n", b"S", b"N", b"B", b"L", b"M"])
def test_a_length_beyond_the_end_costs_nothing(tag: bytes) -> None:
    with pytest.raises(DynamodbEncryptionSdkError, match="Malformed"):
        deserialize_attribute(b"\x00" + tag + b"\xff\xff\xff\xff")


def test_nesting_that_dynamodb_does_not_store_is_refused() -> None:
    value: dict[str, Any] = {"NULL": True}
    for _ in range(2000):
        value = {"L": [value]}
    with pytest.raises(SerializationError, match="levels of nesting"):
        serialize_attribute(value)
    with pytest.raises(DynamodbEncryptionSdkError, match="levels of nesting"):
        deserialize_attribute(b"\x00L\x00\x00\x00\x01" * 2000 + b"\x00\x00")


def test_a_wrong_description_shows_no_value() -> None:
    secret: Any = {"name": ["hunter2"]}
    with pytest.raises(DynamodbEncryptionSdkError) as raised:
        material_description.serialize(secret)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("value", [{"B": 10**12}, {"B": "text"}, {"S": "text"}, None])
def test_a_description_that_is_not_binary_is_refused(value: Any) -> None:
    with pytest.raises(DynamodbEncryptionSdkError, match="Invalid material description"):
        material_description.deserialize(value)


def test_errors_survive_pickling() -> None:
    error = SerializationError("cannot serialize attribute")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
