"""Properties of every value, number and path."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal.core.numbers import normalize
from dynaseal.core.paths import canonical_path, utf16_order
from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from support import strategies
from support.sorted_sets import can_only_be_read, with_sorted_sets


@given(strategies.values)
def test_a_value_in_normal_form_comes_back_from_its_bytes(value: dict[str, Any]) -> None:
    assert deserialize(*serialize(value)) == value


def test_a_list_that_grows_meanwhile_can_be_read() -> None:
    members: list[Any] = []

    class Growing(dict[str, str]):
        def __iter__(self) -> Iterator[str]:
            members.append({"S": "added"})
            return super().__iter__()

    members += [{"S": "first"}, Growing(S="second")]
    read = deserialize(*serialize({"L": members}))
    assert read == {"L": [{"S": "first"}, {"S": "second"}, {"S": "added"}]}


@given(
    st.sampled_from(sorted(b"\x00\x01\x02\x03\x04\xff")),
    st.sampled_from([0, 1, 2, 4, 255]),
    st.binary(max_size=64),
)
def test_bytes_are_refused_or_are_those_of_their_value_in_some_order(
    high: int, low: int, data: bytes
) -> None:
    type_id = bytes((high, low))
    try:
        value = deserialize(type_id, data)
    except MalformedValueError:
        return
    if can_only_be_read(value):
        with pytest.raises(MalformedValueError, match=r"an empty (set|key)"):
            serialize(value)
        return
    written_type, written = serialize(value)
    assert (written_type, len(written)) == (type_id, len(data))
    assert with_sorted_sets(deserialize(type_id, written)) == with_sorted_sets(value)


@given(strategies.values, st.data())
def test_changed_bytes_of_a_value_are_refused_or_are_those_of_another_value(
    value: dict[str, Any], data: st.DataObject
) -> None:
    type_id, content = serialize(value)
    if not content:
        return
    at = data.draw(st.integers(0, len(content) - 1))
    changed = content[:at] + bytes((content[at] ^ data.draw(st.integers(1, 255)),)) + content[at + 1 :]
    try:
        other = deserialize(type_id, changed)
    except MalformedValueError:
        return
    assert other != value
    if can_only_be_read(other):
        with pytest.raises(MalformedValueError, match=r"an empty (set|key)"):
            serialize(other)
    else:
        assert len(serialize(other)[1]) == len(changed)


@given(strategies.numbers())
def test_the_normal_form_of_a_number_is_the_same_number_and_its_own_normal_form(text: str) -> None:
    normal = normalize(text)

    assert Decimal(normal) == Decimal(text)
    assert normalize(normal) == normal
    assert "e" not in normal.lower()
    assert not normal.startswith(("+", "-0", "00", ".")) or normal.startswith("-0.")


@given(st.text(max_size=20))
def test_text_is_a_number_here_only_if_it_is_one_in_python(text: str) -> None:
    try:
        normalize(text)
    except ValueError:
        return
    Decimal(text)


def test_an_exponent_of_a_million_digits_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="too large"):
        normalize("1e" + "9" * 1_000_000)


@given(strategies.strings, strategies.strings, strategies.strings, strategies.strings)
def test_two_attributes_never_share_a_canonical_path(table: str, name: str, table2: str, name2: str) -> None:
    same = canonical_path(table, name) == canonical_path(table2, name2)
    assert same is ((table, name) == (table2, name2)) or table != table2


@given(strategies.strings, strategies.strings)
def test_text_is_ordered_as_java_orders_it(left: str, right: str) -> None:
    def units(text: str) -> list[int]:
        data = text.encode("utf-16-be")
        return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]

    assert (utf16_order(left) < utf16_order(right)) is (units(left) < units(right))
