"""Describing a stored item without any key.

- Nothing is verified: a report says what an item claims. Only decryption shows whether that is true.
- A damaged item is described too: as much of it as can be read, and what is wrong with it.
- Items of the older library, the DynamoDB Encryption Client, are recognised.
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeGuard, cast

from dynaseal.core import footer, header
from dynaseal.core.actions import CryptoAction
from dynaseal.core.arguments import check_instances, is_encodable
from dynaseal.core.header import (
    CONTEXT,
    ENCRYPTED,
    FOOTER_NAME,
    HEADER_NAME,
    LEGACY_DESCRIPTION_NAME,
    LEGACY_SIGNATURE_NAME,
    MESSAGE_ID_LENGTH,
    RESERVED_PREFIX,
    SIGNED,
    EncryptedDataKey,
)
from dynaseal.core.paths import utf16_length
from dynaseal.core.primitives import TAG_LENGTH
from dynaseal.core.quoting import quoted
from dynaseal.core.suites import SUITE_BY_FLAVOR, AlgorithmSuite
from dynaseal.core.traces import find_format_attribute
from dynaseal.core.values.types import (
    BINARY,
    BINARY_SET,
    BOOLEAN,
    LIST,
    MAP,
    NULL,
    NUMBER,
    NUMBER_SET,
    STRING,
    STRING_SET,
    TYPE_ID_LENGTH,
)
from dynaseal.core.wire import ByteReader, TruncatedError
from dynaseal.errors import FormatError
from dynaseal.materials.keyrings.names import KMS_PROVIDER
from dynaseal.materials.keyrings.wrapped_keys import WrappedKey, describe_key

_PYTHON_VALUES = (
    "No attribute is an attribute value: the item seems to have Python values, as boto3's Table returns "
    'them. describe_item needs the wire form, {"S": "x"}, which a client returns'
)
_REPLY = 'The item seems to be a whole reply: describe_item needs the item, which is under its member "Item"'
_MIN_ENCRYPTED_LENGTH = TYPE_ID_LENGTH + TAG_LENGTH
_TYPES = {
    STRING: "S",
    NUMBER: "N",
    BINARY: "B",
    BOOLEAN: "BOOL",
    NULL: "NULL",
    STRING_SET: "SS",
    NUMBER_SET: "NS",
    BINARY_SET: "BS",
    MAP: "M",
    LIST: "L",
}
_BLOCK = 16
# Names in the older format's material description.
_OLDER_WRAPPED_KEY = "amzn-ddb-env-key"
_OLDER_WRAPPING = "amzn-ddb-wrap-alg"
_ACTIONS = {
    ENCRYPTED: CryptoAction.ENCRYPT_AND_SIGN,
    SIGNED: CryptoAction.SIGN_ONLY,
    CONTEXT: CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT,
}


class ItemFormat(Enum):
    """Which library wrote an item."""

    DATABASE_ENCRYPTION_SDK = "AWS Database Encryption SDK"
    ENCRYPTION_CLIENT = "DynamoDB Encryption Client (the older library)"
    PLAINTEXT = "not encrypted"


@dataclass(frozen=True, slots=True)
class AttributeReport:
    """One attribute of an item.

    Attributes:
        name: The name.
        action: The action that the header gives; None if it is not known.
        type: The DynamoDB type, for an encrypted attribute before encryption; None if it is not known, as for
            what can be ciphertext in an item of the older library.
    """

    name: str
    action: CryptoAction | None
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReport:
    """What a stored item says without any key; see `describe_item`.

    Attributes:
        format: Which library wrote it.
        version: The header's format version; None if there is no header.
        suite: The algorithm suite; None if it is unknown.
        attributes: The item's attributes other than the format's, in the item's order.
        wrapped_keys: The data key as each keyring wrapped it; for an item of the older library, which does
            not name the key, how it was wrapped.
        stored_context: The part of the encryption context that the header stores; for an item of the older
            library, its material description.
        beacons: The names of attributes that hold beacons.
        bytes_added: How much larger the format makes the item: header, footer, beacons, and 18 bytes for each
            encrypted attribute. Encryption also changes the size of a number, set or document itself, which
            is not counted.
        damage: What is wrong with the item; empty if nothing was found. A changed item may look undamaged.
    """

    format: ItemFormat
    version: int | None = None
    suite: AlgorithmSuite | None = None
    attributes: tuple[AttributeReport, ...] = ()
    wrapped_keys: tuple[WrappedKey, ...] = ()
    stored_context: Mapping[str, str] = field(default_factory=dict[str, str])
    beacons: tuple[str, ...] = ()
    bytes_added: int = 0
    damage: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report with JSON's types."""
        return {
            "format": self.format.value,
            "version": self.version,
            "suite": None if self.suite is None else f"0x{self.suite.value:04x}",
            "attributes": [
                {"name": each.name, "action": each.action and each.action.value, "type": each.type}
                for each in self.attributes
            ],
            "wrapped_keys": [key.to_dict() for key in self.wrapped_keys],
            "stored_context": dict(self.stored_context),
            "beacons": list(self.beacons),
            "bytes_added": self.bytes_added,
            "damage": list(self.damage),
        }


def describe_item(
    item: Mapping[str, Any],
    *,
    allowed_unsigned_attributes: Iterable[str] = (),
    allowed_unsigned_attribute_prefix: str | None = None,
) -> ItemReport:
    """Describe a stored item without any key: nothing is decrypted, and nothing verified.

    Args:
        item: The stored item as botocore's client has it: `{"S": "x"}`, `{"B": b"..."}`.
        allowed_unsigned_attributes: The names of unsigned attributes in the table's configuration. Without
            them, the actions of an item that has unsigned attributes cannot be shown.
        allowed_unsigned_attribute_prefix: A prefix of such names.

    Returns:
        The report. A damaged item is described too: no item makes this fail.

    Raises:
        ConfigError: it is not a mapping.

    Example:
        >>> report = describe_item({"pk": {"S": "ann"}})
        >>> report.format.value, report.damage
        ('not encrypted', ())
    """
    check_instances("describe_item", Mapping, item=item)
    names = [name for name in item if isinstance(name, str)]  # pyright: ignore[reportUnnecessaryIsInstance] damage
    damage = [] if len(names) == len(item) else ["An attribute's name is not a string"]
    damaged = [name for name in names if not _is_value(item[name])]
    if _is_reply(item):
        damage.append(_REPLY)
    elif damaged and len(damaged) == len(item):
        damage.append(_PYTHON_VALUES)
    else:
        damage += [f"The attribute {quoted(name)} is not an attribute value" for name in damaged]
    trace = find_format_attribute(item)
    if trace is not None and trace.is_legacy:
        return _describe_legacy(item, names, damage)
    if trace is not None:
        unsigned = _Unsigned(frozenset(allowed_unsigned_attributes), allowed_unsigned_attribute_prefix)
        return _describe_encrypted(item, names, unsigned, damage)
    plain = tuple(AttributeReport(name, None, _type_name(item[name])) for name in names)
    return ItemReport(format=ItemFormat.PLAINTEXT, attributes=plain, damage=tuple(damage))


@dataclass(frozen=True, slots=True)
class _Unsigned:
    names: frozenset[str]
    prefix: str | None

    def __contains__(self, name: str) -> bool:
        return name in self.names or (self.prefix is not None and name.startswith(self.prefix))


@dataclass(slots=True, kw_only=True)
class _Head:
    """As much of a header as could be read."""

    version: int | None = None
    suite: AlgorithmSuite | None = None
    legend: bytes | None = None
    context: dict[str, str] = field(default_factory=dict[str, str])
    data_keys: list[EncryptedDataKey] = field(default_factory=list[EncryptedDataKey])


def _describe_encrypted(
    item: Mapping[str, Any], names: list[str], unsigned: _Unsigned, damage: list[str]
) -> ItemReport:
    data = _binary(item, HEADER_NAME, damage)
    head = _Head()
    if data is not None:
        with suppress(TruncatedError):
            _read_head(data, head)
        try:
            header.parse(data)
        except FormatError as error:
            damage.append(error.message)
    _check_foot(_binary(item, FOOTER_NAME, damage), head, damage)
    reserved = [name for name in names if name.startswith(RESERVED_PREFIX)]
    others = [name for name in names if not name.startswith(RESERVED_PREFIX)]
    attributes = _attributes(item, others, unsigned, head, damage)
    encrypted = [each for each in attributes if each.action is CryptoAction.ENCRYPT_AND_SIGN]
    wrapped_keys = tuple(describe_key(key) for key in head.data_keys)
    damage += [f"Wrapped key {at}: {key.damage}" for at, key in enumerate(wrapped_keys, 1) if key.damage]
    return ItemReport(
        format=ItemFormat.DATABASE_ENCRYPTION_SDK,
        version=head.version,
        suite=head.suite,
        attributes=tuple(attributes),
        wrapped_keys=wrapped_keys,
        stored_context=head.context,
        beacons=tuple(name for name in reserved if name not in (HEADER_NAME, FOOTER_NAME)),
        bytes_added=sum(_size(name, item[name]) for name in reserved)
        + len(encrypted) * _MIN_ENCRYPTED_LENGTH,
        damage=tuple(damage),
    )


def _read_head(data: bytes, head: _Head) -> None:
    """Set the attributes of `head` as far as the bytes reach."""
    reader = ByteReader(data)
    head.version = reader.byte()
    if head.version not in (1, 2):
        return
    head.suite = SUITE_BY_FLAVOR.get(reader.byte())
    reader.take(MESSAGE_ID_LENGTH)
    head.legend = reader.sized16()
    for _ in range(reader.short()):
        key = _decode(reader.sized16())
        head.context[key] = _decode(reader.sized16())
    for _ in range(reader.byte()):
        head.data_keys.append(EncryptedDataKey(_decode(reader.sized16()), reader.sized16(), reader.sized16()))


def _check_foot(foot: bytes | None, head: _Head, damage: list[str]) -> None:
    if foot is None or head.suite is None or not head.data_keys:
        return
    try:
        footer.split(foot, len(head.data_keys), signed=head.suite.is_signed)
    except FormatError as error:
        damage.append(error.message)


def _attributes(
    item: Mapping[str, Any], names: list[str], unsigned: _Unsigned, head: _Head, damage: list[str]
) -> list[AttributeReport]:
    # The order of the canonical paths; the table's name and the depth in them are the same for all.
    signed = sorted([name for name in names if name not in unsigned], key=_path_order)
    legend_bytes = dict(zip(signed, head.legend or b"", strict=False))
    if head.legend is not None and len(head.legend) != len(signed):
        legend_bytes = {}
        damage.append(
            f"The header has {len(head.legend)} signed attributes and the item {len(signed)}: an attribute "
            "was added or removed, or is unsigned and was not given as unsigned"
        )
    return [_attribute(name, item[name], legend_bytes.get(name), unsigned, damage) for name in names]


def _attribute(
    name: str, value: Any, legend_byte: int | None, unsigned: _Unsigned, damage: list[str]
) -> AttributeReport:
    action = CryptoAction.DO_NOTHING if name in unsigned else _ACTIONS.get(legend_byte or 0)
    if action is not CryptoAction.ENCRYPT_AND_SIGN:
        return AttributeReport(name, action, _type_name(value))
    data = _bytes_of(value)
    type_name = None if data is None else _TYPES.get(data[:TYPE_ID_LENGTH])
    if data is None or len(data) < _MIN_ENCRYPTED_LENGTH:
        damage.append(
            f"The encrypted attribute {quoted(name)} is not binary, or shorter than "
            f"{_MIN_ENCRYPTED_LENGTH} bytes"
        )
    elif type_name is None:
        damage.append(f"The encrypted attribute {quoted(name)} has an unknown type id")
    return AttributeReport(name, action, type_name)


def _describe_legacy(item: Mapping[str, Any], names: list[str], damage: list[str]) -> ItemReport:
    description: dict[str, str] = {}
    data = _binary(item, LEGACY_DESCRIPTION_NAME, damage)
    _binary(item, LEGACY_SIGNATURE_NAME, damage)
    if data is not None:
        try:
            _read_description(data, description)
        except TruncatedError:
            damage.append(f"The attribute {LEGACY_DESCRIPTION_NAME!r} ends too early")
    reserved = [name for name in names if name in (LEGACY_DESCRIPTION_NAME, LEGACY_SIGNATURE_NAME)]
    return ItemReport(
        format=ItemFormat.ENCRYPTION_CLIENT,
        attributes=tuple(
            AttributeReport(name, None, _older_type_name(item[name]))
            for name in names
            if name not in reserved
        ),
        wrapped_keys=_older_wrapped_keys(description),
        stored_context=description,
        bytes_added=sum(_size(name, item[name]) for name in reserved),
        damage=tuple(damage),
    )


def _older_type_name(value: Any) -> str | None:
    """Return a type, or None if the value can be ciphertext: an initialisation vector and whole blocks."""
    data = _bytes_of(value)
    may_be_ciphertext = data is not None and len(data) >= 2 * _BLOCK and len(data) % _BLOCK == 0
    return None if may_be_ciphertext else _type_name(value)


def _older_wrapped_keys(description: Mapping[str, str]) -> tuple[WrappedKey, ...]:
    encoded = description.get(_OLDER_WRAPPED_KEY)
    if encoded is None:
        return ()
    algorithm = description.get(_OLDER_WRAPPING, "unknown")
    try:
        length, problem = len(b64decode(encoded, validate=True)), None
    except ValueError:
        length, problem = 0, "the wrapped data key is not base64"
    provider = KMS_PROVIDER if algorithm == "kms" else algorithm
    return (WrappedKey(provider=provider, key=None, version=None, length=length, damage=problem),)


def _read_description(data: bytes, description: dict[str, str]) -> None:
    """Read the older library's material description: a version, then keys and values until the end."""
    reader = ByteReader(data)
    reader.take(4)
    while reader.remaining:
        key = _decode(reader.sized32())
        description[key] = _decode(reader.sized32())


def _path_order(name: str) -> tuple[int, bytes]:
    # A name with a lone surrogate cannot be signed, but a damaged item can have one.
    return utf16_length(name) if is_encodable(name) else len(name), name.encode("utf-8", "surrogatepass")


def _is_value(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and [*map(type, cast("Mapping[Any, Any]", value))] == [str]


def _is_reply(item: Mapping[str, Any]) -> bool:
    """Return whether a mapping is a reply to GetItem: its `Item` is not a value but an item."""
    inner = item.get("Item")
    if not isinstance(inner, Mapping) or _type_name(inner) in _TYPES.values():
        return False
    return any(map(_is_value, cast("Mapping[str, Any]", inner).values()))


def _type_name(value: Any) -> str | None:
    return next(iter(value)) if _is_value(value) else None


def _bytes_of(value: Any) -> bytes | None:
    content = value.get("B") if _is_value(value) else None
    return bytes(cast("bytes", content)) if isinstance(content, bytes | bytearray | memoryview) else None


def _binary(item: Mapping[str, Any], name: str, damage: list[str]) -> bytes | None:
    if name not in item:
        damage.append(f"The item has no {name}")
        return None
    data = _bytes_of(item[name])
    if data is None:
        damage.append(f"The attribute {quoted(name)} is not binary")
    return data


def _size(name: str, value: Any) -> int:
    """Return an attribute's size as DynamoDB counts it; the name's alone if it is not a string or binary."""
    length = len(name.encode("utf-8", "surrogatepass"))
    content = value.get("S") if _is_value(value) else None
    if isinstance(content, str):
        return length + len(content.encode("utf-8", "surrogatepass"))
    return length + len(_bytes_of(value) or b"")


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")
