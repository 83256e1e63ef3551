"""Which attributes of an item are signed, in which order, and what happens to each: planned once a shape.

- An item's shape is the tuple of its attribute names. Sorting, canonical paths and the legend depend on the
  shape alone, so a plan is made once and kept; a table's items have few shapes.
- A large shape's plan is not kept: whoever can write to the table could fill a reader's memory with them.
- When an item is read its header's legend decides each attribute's action, not the reader's actions; the
  reader decides only which attributes are unsigned, and both must agree on how many are signed.

Source: specification `header.md`, "Encrypt Legend"; `decrypt-item.md`, "Signature Scope";
`encrypt-item.md`, "DynamoDB Item".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dynaseal.core.actions import CryptoAction
from dynaseal.core.engine import Layout, lay_out
from dynaseal.core.header import CONTEXT, ENCRYPTED, MAX_LEGEND_LENGTH, RESERVED_PREFIX, SIGNED
from dynaseal.core.paths import canonical_path
from dynaseal.errors import EncryptError, FormatError, SignatureError

_SHAPES_KEPT = 256
_MOST_NAMES_KEPT = 512
_MOST_CHARACTERS_KEPT = 16_384
_LETTERS = {
    CryptoAction.ENCRYPT_AND_SIGN: ENCRYPTED,
    CryptoAction.SIGN_ONLY: SIGNED,
    CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: CONTEXT,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What happens to the signed attributes of one shape; names are in order of their canonical paths.

    Attributes:
        layout: How their values are encrypted and signed.
        encrypted: The names of the encrypted ones.
        only_signed: The names of the others.
        names: Both, in this order.
        context: Name and position in `only_signed` of each attribute in the encryption context, in UTF-8
            order.
        dropped: Attributes of the reserved prefix, which a reader never sees.
        binds_keys: Whether the context holds all key attributes; an item of which it does not is refused.
    """

    layout: Layout
    encrypted: tuple[str, ...]
    only_signed: tuple[str, ...]
    names: tuple[str, ...]
    context: tuple[tuple[str, int], ...]
    dropped: tuple[str, ...]
    binds_keys: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """What the format needs to know of a table.

    Attributes:
        table_name: The logical name, bound to every item.
        key_names: The partition key's name and, where there is one, the sort key's.
        version: The header version that is written.
        required: Attributes that every item must have: the keys and the context attributes.
        action: The action of an attribute by name; None for one that has none.
        is_unsigned: Whether an attribute by that name is outside the signature.
    """

    table_name: str
    key_names: tuple[str, ...]
    version: int
    required: frozenset[str]
    action: Callable[[str], CryptoAction | None]
    is_unsigned: Callable[[str], bool]


class Shapes:
    """Makes plans for one table and keeps the last few hundred."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._keep_for_writing = lru_cache(_SHAPES_KEPT)(self._small_for_writing)
        self._keep_for_reading = lru_cache(_SHAPES_KEPT)(self._small_for_reading)

    def for_writing(self, shape: tuple[str, ...]) -> Shape:
        """Plan the encryption of items of a shape.

        Raises:
            EncryptError: an attribute is missing, has no action or has a reserved name; or there are too
                many.
        """
        try:
            return self._keep_for_writing(shape)
        except _TooLargeToKeepError:
            return self._for_writing(shape)

    def for_reading(self, shape: tuple[str, ...], version: int, legend: bytes) -> Shape:
        """Plan the reading of items of a shape whose header has that version and legend.

        Raises:
            FormatError: a key attribute is missing.
            SignatureError: the legend has another number of attributes than the item signs.
        """
        try:
            return self._keep_for_reading(shape, version, legend)
        except _TooLargeToKeepError:
            return self._for_reading(shape, version, legend)

    def _small_for_writing(self, shape: tuple[str, ...]) -> Shape:
        _check_small(shape)
        return self._for_writing(shape)

    def _small_for_reading(self, shape: tuple[str, ...], version: int, legend: bytes) -> Shape:
        _check_small(shape)
        return self._for_reading(shape, version, legend)

    def _for_writing(self, shape: tuple[str, ...]) -> Shape:
        schema = self._schema
        missing = sorted(schema.required.difference(shape))
        if missing:
            raise EncryptError(f"The item has no attribute {missing[0]!r}, which every item must have")
        letters: list[tuple[str, int]] = []
        for name in shape:
            if _text(name).startswith(RESERVED_PREFIX):
                raise EncryptError(
                    f"The item's attribute {name!r} has the prefix {RESERVED_PREFIX!r}, which is reserved",
                    hint="An item that is already encrypted cannot be encrypted again",
                )
            action = schema.action(name)
            if action is None:
                raise EncryptError(
                    f"The attribute {name!r} has no action in the table's configuration",
                    hint="Give it one in attribute_actions",
                )
            if action is not CryptoAction.DO_NOTHING:
                letters.append((name, _LETTERS[action]))
        if len(letters) > MAX_LEGEND_LENGTH:
            raise EncryptError(
                f"The item has {len(letters)} signed attributes, and {MAX_LEGEND_LENGTH:,} is the most"
            )
        try:
            rows = sorted((canonical_path(schema.table_name, name), name, letter) for name, letter in letters)
        except UnicodeEncodeError:
            raise EncryptError("The item has an attribute name with a lone surrogate") from None
        legend = bytes(letter for _, _, letter in rows)
        return self._plan(schema.version, rows, legend, ())

    def _for_reading(self, shape: tuple[str, ...], version: int, legend: bytes) -> Shape:
        schema = self._schema
        for name in schema.key_names:
            if name not in shape:
                raise FormatError(f"The item has no attribute {name!r}, which is a key of the table")
        signed = [
            name
            for name in shape
            if not (_text(name).startswith(RESERVED_PREFIX) or schema.is_unsigned(name))
        ]
        if len(signed) != len(legend):
            raise SignatureError
        try:
            paths = sorted((canonical_path(schema.table_name, name), name) for name in signed)
        except UnicodeEncodeError:
            raise FormatError("The item has an attribute name with a lone surrogate") from None
        rows = [(path, name, letter) for (path, name), letter in zip(paths, legend, strict=True)]
        return self._plan(version, rows, legend, tuple(n for n in shape if n.startswith(RESERVED_PREFIX)))

    def _plan(
        self, version: int, rows: Sequence[tuple[bytes, str, int]], legend: bytes, dropped: tuple[str, ...]
    ) -> Shape:
        keys = self._schema.key_names
        encrypted = tuple(name for _, name, letter in rows if letter == ENCRYPTED)
        others = [(name, letter) for _, name, letter in rows if letter != ENCRYPTED]
        only_signed = tuple(name for name, _ in others)
        context = [
            (name, at)
            for at, (name, letter) in enumerate(others)
            if (letter == CONTEXT if version == 2 else name in keys)
        ]
        return Shape(
            layout=lay_out(version, [path for path, _, _ in rows], legend),
            encrypted=encrypted,
            only_signed=only_signed,
            names=encrypted + only_signed,
            context=tuple(sorted(context)),
            dropped=dropped,
            binds_keys={name for name, _ in context}.issuperset(keys),
        )


class _TooLargeToKeepError(Exception):
    """A shape whose plan is not kept; a cache does not keep what raises."""


def _check_small(shape: tuple[str, ...]) -> None:
    try:
        small = len(shape) <= _MOST_NAMES_KEPT and len("".join(shape)) <= _MOST_CHARACTERS_KEPT
    except TypeError:  # a name that is no text: planning says so
        small = False
    if not small:
        raise _TooLargeToKeepError


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"an attribute name must be str, not {type(name).__name__}")
    return name
