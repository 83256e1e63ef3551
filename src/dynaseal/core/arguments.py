"""Checking the arguments of configurations and keyrings when they are made, and not when they are first used.

Type checkers find most of these mistakes. A program without type checks gets the error as early, and with
what to write instead.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NoReturn, TypeVar, cast

from dynaseal.core.quoting import quoted
from dynaseal.errors import ConfigError

Member = TypeVar("Member")


class WrongTypeError(ConfigError, TypeError):
    """An argument of a configuration or keyring has the wrong type; also a TypeError, as Python's own are."""


def is_encodable(string: str) -> bool:
    """Return whether a string can be written as UTF-8: it has no lone surrogate, half a character."""
    try:
        string.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_strings(owner: str, **arguments: object) -> None:
    """Check that arguments are strings that can be written as UTF-8.

    Args:
        owner: Whose arguments they are, for the message.
        arguments: By name.

    Raises:
        ConfigError: one is not.
    """
    for name, value in arguments.items():
        if not isinstance(value, str):
            raise _wrong_type(owner, name, value, "a string")
        if not is_encodable(value):
            raise ConfigError(
                f"{owner}'s {name} has a lone surrogate, half a character, which cannot be stored",
                hint="Correct the string where it is read or decoded",
            )


def check_string_collection(owner: str, name: str, value: Iterable[str]) -> tuple[str, ...]:
    """Check that an argument is a collection of strings that can be written as UTF-8, and not a string.

    Args:
        owner: Whose argument it is, for the message.
        name: Its name.
        value: The argument. An iterator is read, so the caller must use what is returned.

    Returns:
        The strings, in the collection's order.

    Raises:
        ConfigError: it is not such a collection, or a member is not such a string.
    """
    members = _members(owner, name, value, "a list of strings")
    for place, member in members:
        check_strings(owner, **{place: member})
    return tuple(member for _, member in members)


def check_bytes(owner: str, **arguments: object) -> None:
    """Check that arguments are bytes.

    Raises:
        ConfigError: one is not.
    """
    for name, value in arguments.items():
        if not isinstance(value, bytes | bytearray | memoryview):
            hint = f"Pass {name}.encode()" if isinstance(value, str) and "-----BEGIN" in value else None
            raise _wrong_type(owner, name, value, "bytes", hint=hint)


def check_members(owner: str, kind: type[Enum], **arguments: object) -> None:
    """Check that arguments are members of an enumeration.

    Raises:
        ConfigError: one is not.
    """
    for name, value in arguments.items():
        if not isinstance(value, kind):
            members = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
            raise _wrong_type(
                owner, name, value, f"a member of {kind.__name__}", hint=f"Choose one of {members}"
            )


def check_numbers(owner: str, **arguments: object) -> None:
    """Check that arguments are numbers, infinity included.

    Raises:
        ConfigError: one is not.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 NaN
            raise _wrong_type(owner, name, value, "a number")


def check_integers(owner: str, **arguments: object) -> None:
    """Check that arguments are whole numbers.

    Raises:
        ConfigError: one is not.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong_type(owner, name, value, "a whole number")


def check_at_least(owner: str, least: int, **arguments: float) -> None:
    """Check that numbers are not too small.

    Raises:
        ConfigError: one is.
    """
    for name, value in arguments.items():
        if value < least:
            raise ConfigError(f"{owner}'s {name} must be {least} or more, and is {value}")


def check_instances(owner: str, kind: type | tuple[type, ...], **arguments: object) -> None:
    """Check that arguments are instances of a class.

    Raises:
        ConfigError: one is not.
    """
    for name, value in arguments.items():
        if not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            expected = " or ".join(each.__name__ for each in kinds)
            raise _wrong_type(owner, name, value, f"of the type {expected}")


def check_collection(
    owner: str, kind: type | tuple[type, ...], name: str, value: Iterable[Member]
) -> tuple[Member, ...]:
    """Check that an argument is a collection of instances of a class.

    Args:
        owner: Whose argument it is, for the message.
        kind: The class.
        name: The argument's name.
        value: The argument. An iterator is read, so the caller must use what is returned.

    Returns:
        The members, in the collection's order.

    Raises:
        ConfigError: it is not a collection, or a member is not an instance.
    """
    members = _members(owner, name, value, "a list")
    for place, member in members:
        check_instances(owner, kind, **{place: member})
    return tuple(member for _, member in members)


def check_sequence(
    owner: str, kind: type | tuple[type, ...], name: str, value: Iterable[Member]
) -> tuple[Member, ...]:
    """Check that an argument is a collection of instances of a class that has an order, so not a set.

    Args, returns and raises as `check_collection`.
    """
    if isinstance(value, set | frozenset):
        raise _wrong_type(owner, name, cast("object", value), "a list", hint=f"Write {name}=[...]")
    return check_collection(owner, kind, name, value)


def _members(owner: str, name: str, value: Iterable[Member], expected: str) -> list[tuple[str, Member]]:
    """Return the members of a collection, each with its place in it."""
    # Each of these can be iterated over, which gives characters, numbers or keys.
    is_other = isinstance(value, str | bytes | bytearray | memoryview | Mapping)
    if is_other or not isinstance(value, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
        raise _wrong_type(owner, name, cast("object", value), expected, hint=f"Write {name}=[...]")
    if isinstance(value, set | frozenset):
        return [(f"member of {name}", member) for member in value]
    return [(f"{name}[{position}]", member) for position, member in enumerate(value)]


def check_callables(owner: str, **arguments: object) -> None:
    """Check that arguments can be called.

    Raises:
        ConfigError: one cannot.
    """
    for name, value in arguments.items():
        if not callable(value):
            raise _wrong_type(owner, name, value, "a function")


def check_methods(
    owner: str, methods: Iterable[str], expected: str, *, hint: str | None = None, **arguments: object
) -> None:
    """Check that arguments are objects with certain methods, and not their class.

    Args:
        owner: Whose arguments they are.
        methods: The methods' names.
        expected: What the argument must be, such as `a keyring`.
        hint: What to write instead of another object; for a class, it is to make an object of it.
        arguments: By name.

    Raises:
        ConfigError: one is a class, or does not have the methods.
    """
    for name, value in arguments.items():
        if isinstance(value, type):
            raise ConfigError(
                f"{owner}'s {name} is the class {value.__name__}, and must be {expected}",
                hint=f"Make an object: {name}={value.__name__}(...)",
            )
        if not all(callable(getattr(value, method, None)) for method in methods):
            raise _wrong_type(owner, name, value, expected, hint=hint)


def _wrong_type(
    owner: str, name: str, value: object, expected: str, *, hint: str | None = None
) -> WrongTypeError:
    # A string may be a key, so only those that name something are shown; the type says enough otherwise.
    is_arn = isinstance(value, str) and value.startswith("arn:")
    what = f"the string {quoted(value)}" if is_arn else f"of the type {type(value).__name__}"
    return WrongTypeError(f"{owner}'s {name} must be {expected}, and is {what}", hint=hint)


class ProcessBound:
    """A base class of objects with keys or connections: a copy is the object itself, and pickling is refused.

    They do not change after they are made, or are made for use by many threads, so one object does for all.
    """

    __slots__ = ()

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} objects cannot be pickled: they hold keys and connections, which must "
            "not leave the process. "
            "Make one in each process, for example in a function that each of them calls"
        )
