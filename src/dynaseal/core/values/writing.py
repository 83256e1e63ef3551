"""DynamoDB attribute values written as the format's bytes.

- Each type has a two-byte type id. The bytes of a top-level value do not include it.
- Sets and maps are ordered (strings by UTF-16 code units, binary by bytes, numbers by their normal form) and
  hold nothing twice.
- Values nest at most 32 levels deep.

Source: specification `ddb-attribute-serialization.md`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from dynaseal.attributes import AttributeValue, Item
from dynaseal.core.numbers import is_normal, normalize
from dynaseal.core.paths import utf16_order
from dynaseal.core.quoting import quoted
from dynaseal.core.values.types import (
    BINARY,
    BINARY_SET,
    BOOLEAN,
    LIST,
    MAP,
    MAX_DEPTH,
    MAX_NAME_LENGTH,
    NULL,
    NUMBER,
    NUMBER_SET,
    SECOND_LEVEL,
    STRING,
    STRING_SET,
    Field,
    MalformedAttributeError,
    MalformedValueError,
    entry_head,
    too_deep,
)
from dynaseal.core.wire import u32


def serialize(value: AttributeValue) -> Field:
    r"""Return an attribute value's type id and bytes.

    Args:
        value: One type name and its content, as botocore's client has it.

    Raises:
        MalformedValueError: DynamoDB or the format cannot hold the value.
        TypeError: the content is not of the Python type that its DynamoDB type needs.

    Example:
        >>> serialize({"NS": ["2", "1.0"]})
        (b'\x01\x02', b'\x00\x00\x00\x02\x00\x00\x00\x011\x00\x00\x00\x012')
    """
    return _serialize_all([value])[0]


def serialize_attributes(item: Item, names: Iterable[str]) -> list[Field]:
    """Return the type ids and bytes of an item's attributes with these names.

    Raises:
        MalformedAttributeError: DynamoDB or the format cannot hold one of the values; it says which.
        TypeError: an attribute's content is not of the Python type that it needs; the message names it.
    """
    try:
        return _serialize_all(map(item.__getitem__, names))
    except (MalformedValueError, TypeError):
        for name in names:
            try:
                serialize(item[name])
            except MalformedValueError as error:
                raise MalformedAttributeError(name, str(error)) from None
            except TypeError as error:
                raise TypeError(f"in the attribute {quoted(name)}, {error}") from None
        raise


def _serialize_all(values: Iterable[AttributeValue]) -> list[Field]:
    serialized: list[Field] = []
    value: AttributeValue = {}
    try:
        for value in values:
            (kind,) = value
            type_id, write, holds_values = _WRITERS[kind]
            data = write(value[kind], SECOND_LEVEL) if holds_values else write(value[kind])
            serialized.append((type_id, data))
    except MalformedValueError:
        raise
    except UnicodeEncodeError:
        raise MalformedValueError("a string with a lone surrogate") from None
    except ValueError as error:
        raise _type_error(value) or MalformedValueError(str(error)) from None
    except (AttributeError, KeyError, TypeError):
        raise _type_error(value) or _not_a_value(value) from None
    return serialized


def sorted_strings(strings: Iterable[str]) -> list[str]:
    """Sort strings by UTF-16 code units.

    Raises:
        TypeError: one of them is not a string.
        MalformedValueError: one of them has a lone surrogate.
    """
    try:
        # Of ASCII strings the order by code units is the order by code points, which is Python's own.
        return sorted(strings) if "".join(strings).isascii() else sorted(strings, key=utf16_order)
    except UnicodeEncodeError:
        raise MalformedValueError("a string with a lone surrogate") from None


# These functions raise bare TypeError and ValueError; `_type_error` then finds what has the wrong type. Those
# for lists and maps write their members in place: a call for each member would double the time.


def _number(content: str) -> bytes:
    return content.encode() if is_normal(content) else normalize(content).encode()


def _binary(content: bytes | bytearray | memoryview) -> bytes:
    if type(content) is bytes:
        return content
    # Not bytes(content): that makes zeros of a number, and takes any list of numbers.
    return memoryview(content).tobytes()


def _boolean(content: bool) -> bytes:
    if content is True:
        return b"\x01"
    if content is False:
        return b"\x00"
    raise TypeError


def _null(content: bool) -> bytes:
    if content is True:
        return b""
    if content is False:
        raise ValueError("a NULL that is not true, which DynamoDB refuses")
    raise TypeError


def _string_set(content: Any) -> bytes:
    return _joined([*map(str.encode, sorted_strings(_members(content)))])


def _number_set(content: Any) -> bytes:
    return _joined(sorted(map(_number, _members(content))))


def _binary_set(content: Any) -> bytes:
    return _joined(sorted(map(_binary, _members(content))))


def _members(content: Sequence[Any]) -> Sequence[Any]:
    if not isinstance(content, list) and not _is_sequence(content):
        raise TypeError
    return content


def _joined(members: Sequence[bytes]) -> bytes:
    if not members:
        # DynamoDB cannot see an encrypted set, so it would store this one, which plaintext could never hold.
        raise ValueError("an empty set, which DynamoDB does not allow")
    if len(set(members)) != len(members):
        raise ValueError("a set that holds a member twice")
    parts = [u32(len(members))]
    for member in members:
        parts.append(u32(len(member)))
        parts.append(member)
    return b"".join(parts)


def _list(content: Sequence[AttributeValue], depth: int) -> bytes:
    if not isinstance(content, list) and not _is_sequence(content):
        raise TypeError
    if depth > MAX_DEPTH and content:
        raise too_deep()
    parts = [b""]
    for value in content:
        (kind,) = value
        type_id, write, holds_values = _WRITERS[kind]
        data = write(value[kind], depth + 1) if holds_values else write(value[kind])
        parts.append(entry_head(type_id, len(data)))
        parts.append(data)
    # Not `len(content)`, which another thread may have changed: an item with a wrong count can never be read.
    parts[0] = u32(len(parts) // 2)
    return b"".join(parts)


def _map(content: Mapping[str, AttributeValue], depth: int) -> bytes:
    if not isinstance(content, dict) and not _is_mapping(content):
        raise TypeError
    if depth > MAX_DEPTH and content:
        raise too_deep()
    keys = sorted_strings(content)
    parts = [u32(len(keys))]
    for key in keys:
        name, value = key.encode(), content[key]
        if not 0 < len(name) <= MAX_NAME_LENGTH:
            problem = f"a key over DynamoDB's {MAX_NAME_LENGTH:,} bytes" if name else "an empty key"
            raise ValueError(f"a map with {problem}")
        (kind,) = value
        type_id, write, holds_values = _WRITERS[kind]
        data = write(value[kind], depth + 1) if holds_values else write(value[kind])
        parts += (entry_head(STRING, len(name)), name, entry_head(type_id, len(data)), data)
    return b"".join(parts)


def _type_error(value: Any, depth: int = 1) -> TypeError | None:
    """Return the error that names what has the wrong Python type in a value, or None if nothing has."""
    if not _is_mapping(value) or len(value) != 1 or not value.keys() <= _WRITERS.keys():
        return _not_a_value(value)
    ((kind, content),) = value.items()
    _, write, holds_values = _WRITERS[kind]
    if not holds_values:
        try:
            write(content)
        except TypeError:
            return _wrong_content(value)
        except ValueError:
            pass
        return None
    if kind == "L" and _is_sequence(content):
        members: Iterable[Any] = content
    elif kind == "M" and _is_mapping(content):
        if not all(isinstance(key, str) for key in content):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
            return TypeError("the keys of M must be str")
        members = content.values()
    else:
        return _wrong_content(value)
    problems = (_type_error(member, depth + 1) for member in members) if depth < MAX_DEPTH else ()
    return next((problem for problem in problems if problem is not None), None)


def _is_mapping(content: Any) -> TypeGuard[Mapping[str, AttributeValue]]:
    return isinstance(content, (dict, Mapping))


def _is_sequence(content: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(content, (list, tuple, set, frozenset))


def _not_a_value(value: object) -> TypeError:
    names = ", ".join(_WRITERS)
    instead = "" if _is_mapping(value) else f", not {type(value).__name__}"
    return TypeError(f"an attribute value is a dictionary of one type ({names}) and its content{instead}")


def _wrong_content(value: AttributeValue) -> TypeError:
    ((name, content),) = value.items()
    found = ", and has other members" if _is_sequence(content) else f", not {type(content).__name__}"
    return TypeError(f"the content of {name} must be {_CONTENT[name]}{found}")


# By type name: its type id, the function that writes a content, and whether the content holds values itself;
# such a function also takes the level of those values.
_WRITERS: dict[str, tuple[bytes, Callable[..., bytes], bool]] = {
    "S": (STRING, str.encode, False),
    "N": (NUMBER, _number, False),
    "B": (BINARY, _binary, False),
    "BOOL": (BOOLEAN, _boolean, False),
    "NULL": (NULL, _null, False),
    "SS": (STRING_SET, _string_set, False),
    "NS": (NUMBER_SET, _number_set, False),
    "BS": (BINARY_SET, _binary_set, False),
    "M": (MAP, _map, True),
    "L": (LIST, _list, True),
}
_CONTENT = {
    "S": "str",
    "N": "str",
    "B": "bytes",
    "BOOL": "bool",
    "NULL": "bool",
    "SS": "a list or set of str",
    "NS": "a list or set of str",
    "BS": "a list or set of bytes",
    "M": "a dictionary",
    "L": "a list",
}
