"""Values whose content has another Python type than their DynamoDB type needs, in the older format.

DynamoDB does not see what is encrypted, and the older format is written before botocore looks at the request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, DecimalException
from typing import Any

import pytest
from boto3.dynamodb.types import Binary
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import EncryptError
from dynaseal.legacy import decrypt_dynamodb_item, encrypt_dynamodb_item
from dynaseal.legacy.exceptions import SerializationError
from dynaseal.legacy.internal.numbers import exact
from dynaseal.legacy.items import OlderItems, older_actions
from dynaseal.legacy.structures import TableIndex
from support.legacy import DYNASEAL, crypto_config, static_provider
from support.strategies import values

ACTIONS = {"pk": "SIGN_ONLY", "signed": "SIGN_ONLY"}


def config(item: dict[str, Any]) -> Any:
    case = {"table": {"name": "people", "partition_key": "pk"}, "actions": ACTIONS}
    return crypto_config(DYNASEAL, case, static_provider(DYNASEAL), item)


def written_and_read(name: str, value: Any) -> Any:
    stored = encrypt_dynamodb_item({"pk": {"S": "ann"}, name: value}, config({}))
    return decrypt_dynamodb_item(stored, config(stored))[name]


WRONG = [
    {"B": 5},
    {"B": 10**12},
    {"B": True},
    {"B": [1, 2]},
    {"B": "text"},
    {"B": None},
    {"S": b"text"},
    {"S": b"\xff"},
    {"S": 5},
    {"S": None},
    {"S": "\ud800"},
    {"N": 0.5},
    {"N": True},
    {"N": b"5"},
    {"N": None},
    {"N": (0, (1, 2), 0)},
    {"BOOL": "false"},
    {"BOOL": 0},
    {"BOOL": None},
    {"NULL": False},
    {"NULL": None},
    {"NULL": "false"},
    {"NULL": 1},
    {"SS": "abc"},
    {"SS": {"a": 1}},
    {"SS": [b"a"]},
    {"SS": ["a", "\udfff"]},
    {"SS": dict.fromkeys("ab").keys()},
    {"SS": None},
    {"NS": "12"},
    {"NS": [1.5]},
    {"NS": {"1": 1}},
    {"BS": b"ab"},
    {"BS": [5]},
    {"BS": [b"a", "b"]},
    {"L": ""},
    {"L": {}},
    {"L": b""},
    {"L": deque[Any]()},
    {"L": range(0)},
    {"M": []},
    {"M": ""},
    {"M": [("key", {"S": "a"})]},
    {"M": {1: {"S": "a"}}},
    {"M": {b"key": {"S": "a"}}},
    {"M": {"\ud800": {"S": "a"}}},
    {"L": [{"BOOL": "false"}]},
    {"M": {"key": {"L": [{"NULL": False}]}}},
]
TWICE = [
    {"SS": ["a", "a"]},
    {"NS": ["1", "1.0"]},
    {"NS": [1, "1"]},
    {"BS": [b"a", bytearray(b"a")]},
    {"L": [{"SS": ["a", "b", "a"]}]},
]


@pytest.mark.parametrize("name", ["secret", "signed"])
@pytest.mark.parametrize("value", WRONG, ids=str)
def test_a_content_of_the_wrong_type_is_refused(value: Any, name: str) -> None:
    with pytest.raises(SerializationError, match="cannot serialize attribute"):
        written_and_read(name, value)


@pytest.mark.parametrize("value", TWICE, ids=str)
def test_an_encrypted_set_that_holds_a_member_twice_is_refused(value: Any) -> None:
    with pytest.raises(SerializationError, match="a set that holds a member twice"):
        written_and_read("secret", value)


@pytest.mark.parametrize("name", ["secret", "signed"])
def test_different_numbers_that_are_signed_alike_are_written(name: str) -> None:
    members = ["1234567890123456789012345678901", "1234567890123456789012345678902"]
    assert written_and_read(name, {"NS": members}) == {"NS": members}


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({"B": bytearray(b"ab")}, {"B": b"ab"}),
        ({"B": memoryview(b"abcd")[::2]}, {"B": b"ac"}),
        ({"B": Binary(b"ab")}, {"B": b"ab"}),
        ({"B": Binary(bytearray(b"ab"))}, {"B": b"ab"}),
        ({"BS": {Binary(b"b"), b"a"}}, {"BS": [b"a", b"b"]}),
        ({"N": 5}, {"N": "5"}),
        ({"N": Decimal("5.50")}, {"N": "5.5"}),
        ({"NS": frozenset({1, Decimal(2)})}, {"NS": ["1", "2"]}),
        ({"SS": ("b", "a")}, {"SS": ["a", "b"]}),
        ({"SS": {"b", "a"}}, {"SS": ["a", "b"]}),
        ({"NS": []}, {"NS": []}),
        ({"M": {"": {"S": ""}}}, {"M": {"": {"S": ""}}}),
        ({"L": ({"BOOL": False},)}, {"L": [{"BOOL": False}]}),
    ],
)
def test_what_the_older_library_writes_without_loss_is_written(value: Any, read: Any) -> None:
    assert written_and_read("secret", value) == read


@pytest.mark.parametrize("name", ["secret", "signed", "pk"])
def test_a_value_that_is_nested_too_deeply_is_refused(name: str) -> None:
    value: Any = {"NULL": True}
    for _ in range(2000):
        value = {"L": [value]}
    with pytest.raises(SerializationError, match="levels of nesting"):
        written_and_read(name, value)


@pytest.mark.parametrize("number", [0.5, -0.0, True])
def test_a_key_that_is_not_an_exact_number_is_refused(number: Any) -> None:
    with pytest.raises(SerializationError, match="cannot serialize attribute"):
        written_and_read("pk", {"N": number})


def test_a_name_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(SerializationError, match="lone surrogate"):
        written_and_read("\ud800", {"S": "a"})


@pytest.mark.parametrize("value", [*WRONG, *TWICE], ids=str)
def test_a_table_that_writes_the_older_format_refuses_it_too(value: Any) -> None:
    older = OlderItems(static_provider(DYNASEAL), "people", TableIndex("pk"), older_actions({}))
    with pytest.raises(EncryptError, match="cannot be written in the older format: cannot serialize"):
        older.write({"pk": {"S": "ann"}, "secret": value})


def test_a_refusal_does_not_show_the_content() -> None:
    with pytest.raises(SerializationError) as raised:
        written_and_read("secret", {"B": "hunter2"})
    assert str(raised.value) == (
        "cannot serialize attribute: the content of a binary value must be bytes, not str"
    )


_SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3) | st.just(10**12),
    st.floats(),
    st.decimals(places=2, min_value=-9, max_value=9),
    st.text(max_size=3) | st.text(st.characters(categories=["Cs", "Nd"]), max_size=3),
    st.sampled_from(["-0", "1.0", "1", "false", ""]),
    st.binary(max_size=3),
    st.binary(max_size=3).map(bytearray),
    st.binary(max_size=3).map(memoryview),
    st.binary(max_size=3).map(Binary),
)
_CONTENTS: st.SearchStrategy[Any] = st.recursive(
    st.one_of(_SCALARS, values),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.lists(inner, max_size=3).map(iter),
        st.sets(st.text(max_size=2) | st.integers(0, 3) | st.binary(max_size=2), max_size=3),
        st.dictionaries(st.text(max_size=2) | st.integers(0, 3) | st.binary(max_size=2), inner, max_size=3),
        st.tuples(
            st.sampled_from(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "X"]), inner
        ).map(lambda entry: {entry[0]: entry[1]}),
    ),
    max_leaves=6,
)
_KINDS = st.sampled_from(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"])


@settings(max_examples=200)
@given(_KINDS, _CONTENTS, st.sampled_from(["secret", "signed"]))
def test_a_value_is_read_back_as_dynamodb_would_store_it_or_is_refused(
    kind: str, content: Any, name: str
) -> None:
    value = {kind: content}
    # A TypeError is about what is not a dictionary where a value belongs, as in the older library.
    with (
        refused_as(SerializationError, DecimalException),
        refused_as(TypeError, match="Invalid attribute type"),
    ):
        assert as_stored(written_and_read(name, value)) == as_stored(value)


@contextmanager
def refused_as(*errors: type[Exception], match: str = "") -> Iterator[None]:
    try:
        yield
    except errors as error:
        if match not in str(error):
            raise


def as_stored(value: Any) -> Any:
    """A value as DynamoDB gives it back, with sets and numbers in an order and form of their own."""
    ((kind, content),) = value.items()
    match kind:
        case "L":
            stored: Any = [as_stored(each) for each in members(content)]
        case "M":
            assert isinstance(content, Mapping)
            entries: Mapping[Any, Any] = content
            stored = {text(key): as_stored(entries[key]) for key in entries}
        case "SS" | "NS" | "BS":
            stored = sorted(map(SCALARS[kind[0]], members(content)))
        case _:
            stored = SCALARS[kind](content)
    return {kind: stored}


def text(content: Any) -> str:
    assert isinstance(content, str)
    content.encode()
    return content


def number(content: Any) -> str:
    assert type(content) in (str, int, Decimal)
    return exact(content)


def binary(content: Any) -> bytes:
    content = getattr(content, "value", content)
    assert isinstance(content, (bytes, bytearray, memoryview))
    return bytes(content)


def boolean(content: Any) -> bool:
    assert isinstance(content, bool)
    return content


def null(content: Any) -> bool:
    assert content is True
    return content


SCALARS: dict[str, Callable[[Any], Any]] = {
    "S": text,
    "N": number,
    "B": binary,
    "BOOL": boolean,
    "NULL": null,
}


def members(content: Any) -> list[Any]:
    assert isinstance(content, (list, tuple, set, frozenset))
    return list(content)
