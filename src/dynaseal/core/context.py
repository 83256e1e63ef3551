"""The encryption context: what binds a data key to one table and one item's key attributes.

- It always names the table and the key attributes. Version 1 adds the key attributes' values as base64 of
  type id and bytes. Version 2 adds the value of every context attribute, strings and numbers unchanged, and a
  legend that says how to read each one.
- Entries are serialised in order of their keys' UTF-8 bytes.
- The header stores only what a reader cannot rebuild from the item: the public key, and entries that a
  materials manager added.

Source: specification `encrypt-item.md`, "DynamoDB Item Base Context"; `encrypt-path-structure.md`,
"Create New Encryption Context and CMM"; `header.md`, "Encryption Context".
"""

from binascii import b2a_base64
from collections.abc import Iterable, Iterator, KeysView, Mapping
from functools import cached_property
from struct import error as StructError  # noqa: N812 an exception

from dynaseal.core.quoting import quoted
from dynaseal.core.values.types import BOOLEAN, NULL, NUMBER, STRING
from dynaseal.core.wire import u16

TABLE_NAME = "aws-crypto-table-name"
PARTITION_NAME = "aws-crypto-partition-name"
SORT_NAME = "aws-crypto-sort-name"
PUBLIC_KEY = "aws-crypto-public-key"
LEGEND = "aws-crypto-legend"
ATTRIBUTE_PREFIX = "aws-crypto-attr."
MAX_ENTRIES = 65_535

_EMPTY = u16(0)
_NOT_STRINGS = "the keys and values of an encryption context must be str"
_WORDS = {NULL: "null", BOOLEAN: "true"}


class ContextError(ValueError):
    """An encryption context that cannot be serialised; the message says why."""


class ContextTooLongError(ContextError):
    """An encryption context that does not fit its two-byte lengths and count."""


def base_context(table_name: str, partition_key_name: str, sort_key_name: str | None) -> dict[str, str]:
    """Return the entries that every item of a table has."""
    context = {TABLE_NAME: table_name, PARTITION_NAME: partition_key_name}
    if sort_key_name is not None:
        context[SORT_NAME] = sort_key_name
    return context


def version_1_entry(type_id: bytes, data: bytes) -> str:
    """Return a key attribute's value as a version 1 context holds it."""
    return b2a_base64(type_id + data, newline=False).decode()


def version_2_entries(attributes: Iterable[tuple[str, bytes, bytes]]) -> dict[str, str]:
    """Return the entries of context attributes, and the legend that says how to read them.

    Args:
        attributes: Each one's name, type id and bytes, in order of the names' UTF-8 bytes.
    """
    entries: dict[str, str] = {}
    legend = ""
    for name, type_id, data in attributes:
        character, entries[ATTRIBUTE_PREFIX + name] = _version_2_entry(type_id, data)
        legend += character
    entries[LEGEND] = legend
    return entries


def _version_2_entry(type_id: bytes, data: bytes) -> tuple[str, str]:
    if type_id == STRING:
        return "S", data.decode()
    if type_id == NUMBER:
        return "N", data.decode()
    if type_id in _WORDS:
        return "L", "false" if data == b"\x00" else _WORDS[type_id]
    return "B", version_1_entry(type_id, data)


def serialize(context: Mapping[str, str]) -> bytes:
    r"""Serialise an encryption context, for the header and for wrapping keys: a count, then the entries.

    Raises:
        ContextTooLongError: an entry's key or value is longer than 65,535 bytes, or there are more entries.
        ContextError: a key or value has a lone surrogate.
        TypeError: a key or value is not a string.

    Example:
        >>> serialize({"b": "2", "a": "1"})
        b'\x00\x02\x00\x01a\x00\x011\x00\x01b\x00\x012'
    """
    if not context:
        return _EMPTY
    try:
        # Python orders strings by code points, which is the order of their UTF-8 bytes.
        entries = sorted(context.items())
    except TypeError:
        raise TypeError(_NOT_STRINGS) from None
    return _written(len(context), entries)


def _written(count: int, entries: Iterable[tuple[str, str]], rest: bytes = b"") -> bytes:
    """Write the count, these entries, and then `rest`: entries that are serialised already."""
    if count > MAX_ENTRIES:
        raise ContextTooLongError(f"it has {count} entries, and at most {MAX_ENTRIES:,} are allowed")
    parts = [u16(count)]
    for key, string in entries:
        try:
            name, value = key.encode(), string.encode()
            parts += (u16(len(name)), name, u16(len(value)), value)
        except UnicodeEncodeError:
            raise ContextError(f"its entry {quoted(key, 80)} has a lone surrogate") from None
        except AttributeError:
            raise TypeError(_NOT_STRINGS) from None
        except StructError:
            raise ContextTooLongError(
                f"its entry {quoted(key, 80)} is longer than the 65,535 bytes that an entry can have"
            ) from None
    parts.append(rest)
    return b"".join(parts)


class EncryptionContext(Mapping[str, str]):
    """An encryption context with its serialised form, which is made once.

    Args:
        entries: The entries; the caller must not change them afterwards.
        serialized: Their serialised form, where it is known.

    Raises:
        ContextTooLongError: see `serialize`.
    """

    __slots__ = ("_entries", "serialized")

    def __init__(self, entries: Mapping[str, str], serialized: bytes | None = None) -> None:
        self._entries = entries
        self.serialized: bytes = serialize(self._entries) if serialized is None else serialized

    def __getitem__(self, key: str) -> str:
        return self._entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"EncryptionContext({self._entries!r})"

    def keys(self) -> KeysView[str]:
        """Return the keys; `{**context}` calls this, and the mixin's own is slower."""
        return self._entries.keys()

    def key_set(self) -> frozenset[str]:
        """Return the keys as a set."""
        return frozenset(self._entries)

    def serialized_without(self, keys: frozenset[str]) -> bytes:
        """Serialise the entries whose keys are not among `keys`."""
        entries = self._entries
        if entries.keys() <= keys:
            return _EMPTY
        return serialize({key: value for key, value in entries.items() if key not in keys})


class TableContext:
    """The encryption context of a table: the entries that every item has, and to which each item adds more.

    Args:
        entries: From `base_context`.

    Example:
        >>> dict(TableContext(base_context("t", "pk", None)).with_attributes({"aws-crypto-attr.pk": "AAFh"}))
        {'aws-crypto-attr.pk': 'AAFh', 'aws-crypto-table-name': 't', 'aws-crypto-partition-name': 'pk'}
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._entries = entries

    def with_attributes(
        self, entries: Mapping[str, str], serialized: bytes | None = None
    ) -> EncryptionContext:
        """Return an item's encryption context.

        Args:
            entries: The entries that its attributes add, in order of the keys' UTF-8 bytes.
            serialized: The whole context, serialised, where it is known.

        Raises:
            ContextTooLongError: see `serialize`.
        """
        context = {**entries, **self._entries}
        # The keys of attributes (aws-crypto-attr...) sort before those of the table, so the order is kept.
        return EncryptionContext(
            context, serialized or _written(len(context), entries.items(), self._serialized_entries)
        )

    @cached_property
    def _serialized_entries(self) -> bytes:
        return serialize(self._entries)[len(_EMPTY) :]
