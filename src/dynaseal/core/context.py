"""The encryption context: what binds a data key to one table and one item's key attributes.

- It always names the table and the key attributes. Version 1 adds the key attributes' values as base64 of
  type id and bytes. Version 2 adds every context attribute, text and numbers as they are, and a legend that
  says how to read each back.
- Entries are serialised in order of their keys' UTF-8 bytes.
- The header stores only what a reader cannot rebuild from the item: the public key, and entries that a
  materials manager has added.

Source: specification `encrypt-item.md`, "DynamoDB Item Base Context"; `encrypt-path-structure.md`,
"Create New Encryption Context and CMM"; `header.md`, "Encryption Context".
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from struct import error as StructError  # noqa: N812 an exception

from dynaseal.core.values import BOOLEAN, NULL, NUMBER, STRING
from dynaseal.core.wire import u16

TABLE_NAME = "aws-crypto-table-name"
PARTITION_NAME = "aws-crypto-partition-name"
SORT_NAME = "aws-crypto-sort-name"
PUBLIC_KEY = "aws-crypto-public-key"
LEGEND = "aws-crypto-legend"
ATTRIBUTE_PREFIX = "aws-crypto-attr."
MAX_ENTRIES = 65_535

_EMPTY = u16(0)
_WORDS = {NULL: "null", BOOLEAN: "true"}


class ContextTooLongError(ValueError):
    """A context that does not fit its two-byte lengths and count; the text says why."""


def base_context(table_name: str, partition_key_name: str, sort_key_name: str | None) -> dict[str, str]:
    """Give the entries that every item of a table has."""
    context = {TABLE_NAME: table_name, PARTITION_NAME: partition_key_name}
    if sort_key_name is not None:
        context[SORT_NAME] = sort_key_name
    return context


def version_1_entry(type_id: bytes, data: bytes) -> str:
    """Spell a key attribute's value for a version 1 context."""
    return b64encode(type_id + data).decode()


def version_2_entries(attributes: Iterable[tuple[str, bytes, bytes]]) -> dict[str, str]:
    """Give the entries of context attributes and the legend that tells how to read them.

    Args:
        attributes: Name, type id and bytes of each, in order of the names' UTF-8 bytes.
    """
    entries: dict[str, str] = {}
    legend = ""
    for name, type_id, data in attributes:
        letter, entries[ATTRIBUTE_PREFIX + name] = _version_2_entry(type_id, data)
        legend += letter
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
    r"""Write a context as the header stores it and as keys are bound to it: a count, then the entries.

    Raises:
        ContextTooLongError: an entry's key or value is longer than 65,535 bytes, or there are more entries.

    Example:
        >>> serialize({"b": "2", "a": "1"})
        b'\x00\x02\x00\x01a\x00\x011\x00\x01b\x00\x012'
    """
    if not context:
        return _EMPTY
    if len(context) > MAX_ENTRIES:
        raise ContextTooLongError(f"it has {len(context)} entries, and {MAX_ENTRIES:,} is the most")
    parts = [u16(len(context))]
    # Texts sort by code points, which is the order of their UTF-8 bytes.
    for name, text in sorted(context.items()):
        key, value = name.encode(), text.encode()
        try:
            parts += (u16(len(key)), key, u16(len(value)), value)
        except StructError:
            raise ContextTooLongError(
                f"its entry {name[:80]!r} is longer than the 65,535 bytes it can have"
            ) from None
    return b"".join(parts)


class EncryptionContext(Mapping[str, str]):
    """A context that carries its serialised form, made once.

    Args:
        entries: The entries; copied.

    Raises:
        ContextTooLongError: see `serialize`.
    """

    __slots__ = ("_entries", "serialized")

    def __init__(self, entries: Mapping[str, str]) -> None:
        self._entries = dict(entries)
        self.serialized = serialize(self._entries)

    def __getitem__(self, key: str) -> str:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"EncryptionContext({self._entries!r})"

    def without(self, keys: frozenset[str]) -> Mapping[str, str]:
        """Give the entries whose keys are not among `keys`."""
        left = self._entries.keys() - keys
        return {key: self._entries[key] for key in left}
