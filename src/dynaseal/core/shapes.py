"""Which attributes of an item are signed, in which order, and what happens to each.

- All of that depends on the names of an item's attributes alone. So a `Shape` is made once for each tuple of
  names, and `Shapes` caches a table's: its items have few different ones.
- Of large shapes only a few are cached, and of very large ones none: whoever can write to the table could
  otherwise fill a reader's memory.
- When an item is read, its header's legend decides each attribute's action, whatever the reader's configured
  actions are. The reader decides only which attributes are unsigned, and the number of the others must be the
  legend's.

Source: specification `header.md`, "Encrypt Legend"; `decrypt-item.md`, "Signature Scope";
`encrypt-item.md`, "DynamoDB Item".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from dynaseal.core.actions import CryptoAction
from dynaseal.core.engine import Layout, lay_out
from dynaseal.core.header import CONTEXT, ENCRYPTED, MAX_LEGEND_LENGTH, RESERVED_PREFIX, SIGNED
from dynaseal.core.paths import canonical_path
from dynaseal.core.quoting import quoted
from dynaseal.errors import EncryptError, FormatError, SignatureError
from dynaseal.native import Plan

# A shape takes about 300 bytes for each name and 2 for each character of its names. So the small ones take at
# most 48 MB for each direction, and the large ones 11 MB.
_MAX_NAMES, _MAX_CHARACTERS, _CACHED_SHAPES = 512, 16_384, 256
_MAX_LARGE_NAMES, _MAX_LARGE_CHARACTERS, _CACHED_LARGE_SHAPES = 8_192, 131_072, 4
_LEGEND_BYTES = {
    CryptoAction.ENCRYPT_AND_SIGN: ENCRYPTED,
    CryptoAction.SIGN_ONLY: SIGNED,
    CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: CONTEXT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What happens to the attributes of items that have the same names; see `Shapes`.

    All names of signed attributes are in the order of their canonical paths.

    Attributes:
        layout: How the values are encrypted and signed.
        encrypted: The names of the encrypted attributes.
        only_signed: The names of the attributes that are signed and not encrypted.
        names: Both, in this order.
        context: Name and position in `only_signed` of each attribute in the encryption context, in UTF-8
            order of the names.
        dropped: Names with the reserved prefix, which a reader never sees.
        binds_keys: Whether the encryption context holds all key attributes. An item where it does not is
            refused.
        plan: The native engine's plan for items of this shape, if there is one.
    """

    layout: Layout
    encrypted: tuple[str, ...]
    only_signed: tuple[str, ...]
    names: tuple[str, ...]
    context: tuple[tuple[str, int], ...]
    dropped: tuple[str, ...]
    binds_keys: bool
    plan: Plan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """What the format needs to know of a table.

    Attributes:
        table_name: The logical name, bound to every item.
        key_names: The partition key's name and, where there is one, the sort key's.
        version: The header version that is written.
        required: Attributes that every item must have: the keys and the context attributes.
        action: Returns an attribute's action by its name; None for an attribute that has none.
        is_unsigned: Whether an attribute with that name is outside the signature.
    """

    table_name: str
    key_names: tuple[str, ...]
    version: int
    required: frozenset[str]
    action: Callable[[str], CryptoAction | None]
    is_unsigned: Callable[[str], bool]


class Shapes:
    """Makes the shapes of one table's items, and caches the last few hundred.

    Args:
        schema: The table.
        plan_for: Makes the native engine's plan for a shape.
    """

    def __init__(self, schema: Schema, plan_for: Callable[[Shape], Plan | None] | None = None) -> None:
        self._schema = schema
        self._plan_for = plan_for
        for_writing, for_reading = self._make_for_writing, self._make_for_reading
        small, large = (_MAX_NAMES, _MAX_CHARACTERS), (_MAX_LARGE_NAMES, _MAX_LARGE_CHARACTERS)
        self._small_for_writing = lru_cache(_CACHED_SHAPES)(_up_to(*small, for_writing))
        self._small_for_reading = lru_cache(_CACHED_SHAPES)(_up_to(*small, for_reading))
        self._large_for_writing = lru_cache(_CACHED_LARGE_SHAPES)(_up_to(*large, for_writing))
        self._large_for_reading = lru_cache(_CACHED_LARGE_SHAPES)(_up_to(*large, for_reading))

    def for_writing(self, names: tuple[str, ...]) -> Shape:
        """Return the shape of an item that is to be encrypted.

        Args:
            names: The item's attribute names.

        Raises:
            EncryptError: a required attribute is missing, or an attribute has no action or a reserved name,
                or there are too many.
            TypeError: a name is not a string.
        """
        try:
            return self._small_for_writing(names)
        except _TooLargeToCacheError:
            pass
        try:
            return self._large_for_writing(names)
        except _TooLargeToCacheError:
            return self._make_for_writing(names)

    def for_reading(self, names: tuple[str, ...], version: int, legend: bytes) -> Shape:
        """Return the shape of an encrypted item.

        Args:
            names: The item's attribute names.
            version: The version that its header names.
            legend: The legend in its header.

        Raises:
            FormatError: a key attribute is missing.
            SignatureError: the legend has another number of attributes than the item has signed ones.
            TypeError: a name is not a string.
        """
        try:
            return self._small_for_reading(names, version, legend)
        except _TooLargeToCacheError:
            pass
        try:
            return self._large_for_reading(names, version, legend)
        except _TooLargeToCacheError:
            return self._make_for_reading(names, version, legend)

    def _make_for_writing(self, names: tuple[str, ...]) -> Shape:
        schema = self._schema
        missing = sorted(schema.required.difference(names))
        if missing:
            raise EncryptError(f"The item has no attribute {missing[0]!r}, which every item must have")
        signed: list[tuple[str, int]] = []
        for name in names:
            if _checked_name(name).startswith(RESERVED_PREFIX):
                raise EncryptError(
                    f"The item's attribute {quoted(name)} has the prefix {RESERVED_PREFIX!r}, "
                    "which is reserved",
                    hint="An item that is already encrypted cannot be encrypted again",
                )
            action = schema.action(name)
            if action is None:
                raise no_action_error(name)
            if action is not CryptoAction.DO_NOTHING:
                signed.append((name, _LEGEND_BYTES[action]))
        if len(signed) > MAX_LEGEND_LENGTH:
            raise EncryptError(
                f"The item has {len(signed)} signed attributes, and at most {MAX_LEGEND_LENGTH:,} are allowed"
            )
        try:
            rows = sorted((canonical_path(schema.table_name, name), name, byte) for name, byte in signed)
        except UnicodeEncodeError:
            raise EncryptError("The item has an attribute name with a lone surrogate") from None
        legend = bytes(byte for _, _, byte in rows)
        return self._make(schema.version, rows, legend, ())

    def _make_for_reading(self, names: tuple[str, ...], version: int, legend: bytes) -> Shape:
        schema = self._schema
        for name in schema.key_names:
            if name not in names:
                raise FormatError(f"The item has no attribute {quoted(name)}, which is a key of the table")
        signed = [
            name
            for name in names
            if not (_checked_name(name).startswith(RESERVED_PREFIX) or schema.is_unsigned(name))
        ]
        if len(signed) != len(legend):
            raise SignatureError
        try:
            paths = sorted((canonical_path(schema.table_name, name), name) for name in signed)
        except UnicodeEncodeError:
            raise FormatError("The item has an attribute name with a lone surrogate") from None
        rows = [(path, name, byte) for (path, name), byte in zip(paths, legend, strict=True)]
        return self._make(version, rows, legend, tuple(n for n in names if n.startswith(RESERVED_PREFIX)))

    def _make(
        self, version: int, rows: Sequence[tuple[bytes, str, int]], legend: bytes, dropped: tuple[str, ...]
    ) -> Shape:
        """Make a shape of each signed attribute's canonical path, name and legend byte, in order."""
        keys = self._schema.key_names
        encrypted = tuple(name for _, name, byte in rows if byte == ENCRYPTED)
        others = [(name, byte) for _, name, byte in rows if byte != ENCRYPTED]
        only_signed = tuple(name for name, _ in others)
        context = [
            (name, position)
            for position, (name, byte) in enumerate(others)
            if (byte == CONTEXT if version == 2 else name in keys)
        ]
        shape = Shape(
            layout=lay_out(version, [path for path, _, _ in rows], legend),
            encrypted=encrypted,
            only_signed=only_signed,
            names=encrypted + only_signed,
            context=tuple(sorted(context)),
            dropped=dropped,
            binds_keys={name for name, _ in context}.issuperset(keys),
        )
        return shape if self._plan_for is None else replace(shape, plan=self._plan_for(shape))


class _TooLargeToCacheError(Exception):
    """The shape is too large to be cached. Raised within the cached function, so that nothing is stored."""


def _up_to(max_names: int, max_characters: int, make: Callable[..., Shape]) -> Callable[..., Shape]:
    def make_if_small_enough(names: tuple[str, ...], *more: Any) -> Shape:
        try:
            fits = len(names) <= max_names and len("".join(names)) <= max_characters
        except TypeError:  # a name is not a string: making the shape says so
            fits = False
        if not fits:
            raise _TooLargeToCacheError
        return make(names, *more)

    return make_if_small_enough


def no_action_error(name: str) -> EncryptError:
    """Return the error of an attribute that is to be written and has no action."""
    return EncryptError(
        f"The attribute {quoted(name)} has no action in the table's configuration",
        hint="Give it one in attribute_actions",
    )


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"an attribute name must be str, not {type(name).__name__}")
    return name
