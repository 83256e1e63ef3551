"""Values made by an attacker: refused or read, in time linear in their size.

No clock is read: what would take quadratic time or worse is so large here that it would not end.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    CryptoAction,
    DecryptError,
    EncryptError,
    FormatError,
    ItemEncryptor,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.core.numbers import normalize
from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.types import BINARY_SET, LIST, MAP, NUMBER_SET, STRING_SET, MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.core.wire import u32
from support import strategies
from support.call_counter import call_count

MILLION = 1_000_000
CRYPT = ItemEncryptor(
    TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(attribute_actions={"clear": CryptoAction.SIGN_ONLY}),
        keyring=RawAesKeyring("tests", "one", bytes(32)),
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
    )
)
STORED = CRYPT.encrypt_item({"pk": {"S": "k"}, "secret": {"S": "s"}, "clear": {"S": "c"}})


def holding_itself(kind: str) -> dict[str, Any]:
    """A list or map that is a member of itself, twice."""
    if kind == "L":
        members: list[Any] = []
        members += [{"L": members}, {"L": members}]
        return {"L": members}
    entries: dict[str, Any] = {}
    entries |= {"a": {"M": entries}, "b": {"M": entries}}
    return {"M": entries}


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"L": [value]}
    return value


@pytest.mark.parametrize("kind", ["L", "M"])
@pytest.mark.parametrize("name", ["pk", "secret", "clear"])
def test_a_value_that_holds_itself_is_refused(name: str, kind: str) -> None:
    with pytest.raises(EncryptError, match="nested deeper"):
        CRYPT.encrypt_item({"pk": {"S": "k"}, name: holding_itself(kind)})
    if name != "secret":
        with pytest.raises(FormatError, match="nested deeper"):
            CRYPT.decrypt_item({**STORED, name: holding_itself(kind)})


@pytest.mark.parametrize("name", ["pk", "secret", "clear"])
def test_a_value_nested_a_hundred_thousand_levels_deep_is_refused(name: str) -> None:
    with pytest.raises(EncryptError, match="nested deeper"):
        CRYPT.encrypt_item({"pk": {"S": "k"}, name: nested(100_000)})
    with pytest.raises(DecryptError):
        CRYPT.decrypt_item({**STORED, name: nested(100_000)})


def test_a_python_value_that_holds_itself_is_a_type_error() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(TypeError, match="contains itself"):
        CRYPT.encrypt_python_item({"pk": "k", "a": value})


def test_bytes_of_lists_in_lists_down_to_the_end_are_refused() -> None:
    levels = 40_000  # ten bytes each: DynamoDB's 400 KB
    data = b"".join(u32(1) + LIST + u32(10 * (levels - level - 1) + 4) for level in range(levels)) + u32(0)

    with pytest.raises(MalformedValueError, match="32 levels"):
        deserialize(LIST, data)


@pytest.mark.parametrize("type_id", [LIST, MAP, STRING_SET, NUMBER_SET, BINARY_SET])
@pytest.mark.parametrize("members", [b"", b"\x00" * 400_000, b"\xff" * 400_000])
def test_a_count_is_not_trusted_with_memory(type_id: bytes, members: bytes) -> None:
    with pytest.raises(MalformedValueError):
        deserialize(type_id, b"\xff\xff\xff\xff" + members)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("0" * MILLION, "0"),
        ("0" * MILLION + "7", "7"),
        ("7." + "0" * MILLION, "7"),
        ("-0." + "0" * MILLION + "e" + "9" * MILLION, "0"),
        ("7e" + "0" * MILLION + "2", "700"),
        ("0." + "0" * 999_999 + "7e1000000", "7"),
        ("1" * MILLION, None),
        ("1" * MILLION + "x", None),
        ("1" * MILLION + "." + "1" * MILLION + "x", None),
        ("1e" + "9" * MILLION, None),
        ("1e" + "9" * MILLION + "x", None),
        ("1e-" + "9" * MILLION, None),
        ("-" * MILLION, None),
        ("." * MILLION, None),
        ("٣" * MILLION, None),
    ],
    ids=range(15),
)
def test_a_number_of_a_million_digits_is_read_or_refused(text: str, normal: str | None) -> None:
    if normal is None:
        with pytest.raises(ValueError, match="number"):
            normalize(text)
        with pytest.raises(EncryptError, match="number"):
            CRYPT.encrypt_item({"pk": {"S": "k"}, "secret": {"N": text}})
        with pytest.raises(FormatError, match="number"):
            CRYPT.decrypt_item({**STORED, "clear": {"N": text}})
    else:
        assert normalize(text) == normal
        stored = CRYPT.encrypt_item({"pk": {"S": "k"}, "secret": {"N": text}})
        assert CRYPT.decrypt_item(stored)["secret"] == {"N": normal}


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("SS", ["prefix " * 10 + f"{at:06}" for at in range(100_000)]),
        ("SS", ["\U0001f511" * 10 + f"{at:06}" for at in range(100_000)]),
        ("NS", [f"1{at:037}" for at in range(100_000)]),
        ("BS", [b"prefix " * 10 + at.to_bytes(4, "big") for at in range(100_000)]),
    ],
    ids=["text", "astral text", "numbers", "binary"],
)
def test_a_set_of_a_hundred_thousand_alike_members_comes_back_and_a_repeated_one_is_refused(
    kind: str, members: list[Any]
) -> None:
    type_id, data = serialize({kind: members[::-1]})

    assert deserialize(type_id, data) == {kind: sorted(members)}
    with pytest.raises(MalformedValueError, match="twice"):
        serialize({kind: [*members, members[0]]})


def test_text_of_astral_characters_comes_back_wherever_text_can_be() -> None:
    text = "\U0001f511" * 90_000
    name = "\U0001f511" * 16_000  # 64,000 bytes
    item = {
        "pk": {"S": "\U0001f511" * 500},
        "secret": {"S": text},
        "map": {"M": {name: {"SS": ["\U0001f511", "\uffff"]}}},
        name: {"S": "under a long name"},
    }

    assert CRYPT.decrypt_item(CRYPT.encrypt_item(item)) == item


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_binary_of_any_kind_is_taken_and_not_held_on_to(kind: Callable[[bytes], Any]) -> None:
    buffer = kind(b"plain")
    stored = CRYPT.encrypt_item({"pk": {"B": kind(b"k")}, "secret": {"B": buffer}, "set": {"BS": [buffer]}})
    given_back = {name: {"B": kind(value["B"])} for name, value in stored.items()}
    if isinstance(buffer, bytearray):
        buffer[:] = b"wiped"

    read = CRYPT.decrypt_item(given_back)

    assert read == {"pk": {"B": b"k"}, "secret": {"B": b"plain"}, "set": {"BS": [b"plain"]}}
    assert type(read["secret"]["B"]) is bytes


def test_a_buffer_that_is_not_contiguous_is_read_byte_for_byte() -> None:
    every_other = memoryview(b"a-b-c-")[::2]

    stored = CRYPT.encrypt_item({"pk": {"S": "k"}, "secret": {"B": every_other}})

    assert CRYPT.decrypt_item(stored)["secret"] == {"B": b"abc"}


MANY: dict[str, Callable[[int], dict[str, Any]]] = {
    "list": lambda count: {"L": [{"NULL": True}] * count},
    "map": lambda count: {"M": {f"{at:05}": {"NULL": True} for at in range(count)}},
    "text set": lambda count: {"SS": [f"{at:05}" for at in range(count)]},
    "number set": lambda count: {"NS": [f"1{at:05}" for at in range(count)]},
    "binary set": lambda count: {"BS": [b"%05d" % at for at in range(count)]},
    "lists in lists": lambda count: {"L": [nested(29)] * (count // 30)},
}


@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_twice_the_members_are_twice_the_work(make: Callable[[int], dict[str, Any]]) -> None:
    once, twice = make(3000), make(6000)
    bytes_once, bytes_twice = serialize(once), serialize(twice)

    assert call_count(lambda: serialize(twice)) < 2.1 * call_count(lambda: serialize(once)) + 100
    assert (
        call_count(lambda: deserialize(*bytes_twice))
        < 2.1 * call_count(lambda: deserialize(*bytes_once)) + 100
    )


junk = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=4),
        st.binary(max_size=4),
        st.binary(max_size=4).map(bytearray),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["S", "N", "B", "SS", "BS", "M", "L", "BOOL", ""]), inner, max_size=2
        ),
        st.dictionaries(st.one_of(st.text(max_size=2), st.integers()), inner, max_size=2),
    ),
    max_leaves=6,
)
names = st.one_of(
    st.sampled_from(["pk", "a", "aws_dbe_head", "aws_dbe_foot", "aws_dbe_b_a", "\ud800"]), strategies.names
)


@given(st.dictionaries(st.one_of(names, st.integers()), st.one_of(junk, strategies.values), max_size=5))
def test_any_python_objects_as_an_item_end_in_a_documented_error_or_come_back(item: dict[Any, Any]) -> None:
    try:
        stored = CRYPT.encrypt_item(item)
    except (EncryptError, TypeError):
        pass
    else:
        assert CRYPT.decrypt_item(stored).keys() == item.keys()
    with pytest.raises((DecryptError, TypeError)):
        CRYPT.decrypt_item(item)


def test_a_deep_value_is_read_with_a_few_calls_for_each_level() -> None:
    def calls(depth: int) -> int:
        value: dict[str, Any] = {"B": bytes(390_000)}
        for level in range(depth):
            value = {"L": [value]} if level % 2 else {"M": {"a": value}}
        type_id, data = serialize(value)
        return call_count(lambda: deserialize(type_id, data))

    assert calls(30) <= 2.1 * calls(15)


def test_reading_a_deep_value_takes_no_more_memory_than_reading_a_flat_one() -> None:
    def peak(depth: int) -> int:
        value: dict[str, Any] = {"B": bytes(390_000)}
        for level in range(depth):
            value = {"L": [value]} if level % 2 else {"M": {"a": value}}
        type_id, data = serialize(value)
        tracemalloc.start()
        try:
            assert deserialize(type_id, data) == value
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(30) <= 1.2 * peak(1)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"N": 5}, "the content of N must be str, not int"),
        ({"M": {"a": {"S": b"x"}}}, "the content of S must be str, not bytes"),
        ("x", "an attribute value is a dictionary of one type"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_with_its_attributes_name(value: Any, problem: str) -> None:
    with pytest.raises(TypeError, match=f"^in the attribute 'secret', {problem}"):
        CRYPT.encrypt_item({"pk": {"S": "k"}, "secret": value})
