"""Checks of constructor arguments. A wrong type is a TypeError, as it is in the older library."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

__all__ = (
    "check_mapping",
    "check_members",
    "check_type",
    "is_collection",
    "is_dictionary",
    "is_mapping",
    "is_number",
)

Types = type | tuple[type, ...]


def is_dictionary(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Return whether a value is a dictionary, of whatever."""
    return isinstance(value, dict)


def is_collection(value: Any) -> TypeGuard[list[Any] | tuple[Any, ...] | set[Any] | frozenset[Any]]:
    """Return whether a value can be the content of a list or set."""
    return isinstance(value, (list, tuple, set, frozenset))


def is_mapping(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    """Return whether a value can be the content of a map."""
    return isinstance(value, Mapping)


def is_number(value: Any) -> TypeGuard[str | int | Decimal]:
    """Return whether a value has a type that can be the content of a number.

    The older library takes exact numbers as well as strings. A float is not exact, and boto3 refuses it too.
    """
    return isinstance(value, (str, int, Decimal)) and not isinstance(value, bool)


def check_type(name: str, value: Any, expected: Types, *, optional: bool = False) -> None:
    """Check the type of one argument.

    Raises:
        TypeError: it is another type. The message has the types and not the value, which may be a key.
    """
    if optional and value is None:
        return
    if not isinstance(value, expected):
        raise TypeError(f"{name!r} must be {_words(expected)}, not {type(value).__name__}")


def check_mapping(name: str, value: Any, key_type: Types, value_type: Types) -> None:
    """Check the types of a dictionary's keys and values.

    Raises:
        TypeError: it is not a dictionary, or one of its keys or values has another type.
    """
    if not is_dictionary(value):
        raise TypeError(f'"{name}" must be a dictionary')
    for key, member in value.items():
        if not isinstance(key, key_type):
            raise TypeError(f'"{name}" dictionary keys must be of type {_words(key_type)}')
        if not isinstance(member, value_type):
            raise TypeError(f'"{name}" dictionary values must be of type {_words(value_type)}')


def check_members(name: str, value: Any, container: Types, member_type: Types) -> None:
    """Check the types of a list's or tuple's members.

    Raises:
        TypeError: it is not such a container, or one of its members has another type.
    """
    check_type(name, value, container)
    if not all(isinstance(member, member_type) for member in value):
        raise TypeError(f'"{name}" members must all be of type {_words(member_type)}')


def _words(types: Types) -> str:
    return " or ".join(each.__name__ for each in (types if isinstance(types, tuple) else (types,)))
