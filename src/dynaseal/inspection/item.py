"""One stored item explained: per attribute, header field by header field, and beside its plaintext.

Explaining needs no key. The plaintext, or the reason why there is none, comes from `read_item`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core import header
from dynaseal.core.actions import CryptoAction
from dynaseal.core.context import ContextError, base_context
from dynaseal.core.header import (
    FOOTER_NAME,
    HEADER_NAME,
    LEGACY_DESCRIPTION_NAME,
    LEGACY_SIGNATURE_NAME,
    RESERVED_PREFIX,
)
from dynaseal.core.item import context_entries, stored_fields
from dynaseal.core.primitives import TAG_LENGTH
from dynaseal.core.quoting import quoted
from dynaseal.core.shapes import Shapes
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.core.values.types import TYPE_ID_LENGTH
from dynaseal.errors import DynasealError
from dynaseal.inspection.byte_ranges import ByteRange, description_ranges, footer_ranges, header_ranges
from dynaseal.inspection.values import bytes_of, json_value, name_size, show_value, type_of, value_size
from dynaseal.materials.keyrings.wrapped_keys import WrappedKey
from dynaseal.report import AttributeReport, ItemFormat, ItemReport, describe_item

Kind = Literal["key", "attribute", "header", "footer", "beacon"]

_FORMAT_KINDS: Mapping[str, Kind] = {
    HEADER_NAME: "header",
    FOOTER_NAME: "footer",
    LEGACY_DESCRIPTION_NAME: "header",
    LEGACY_SIGNATURE_NAME: "footer",
}


_ACTIONS = {
    CryptoAction.ENCRYPT_AND_SIGN: "encrypted, signed",
    CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: "signed, in context",
    CryptoAction.SIGN_ONLY: "signed",
    CryptoAction.DO_NOTHING: "not signed",
}


@dataclass(frozen=True, slots=True)
class Plaintext:
    """The item as its reader sees it: verified and decrypted."""

    item: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no plaintext.

    Attributes:
        code: The error's code, such as `kms` or `signature`; `no-configuration` where no key was given.
        message: What failed and why, in AWS's words where AWS refused.
        hint: One thing to do; None if there is none to name.
    """

    code: str
    message: str
    hint: str | None = None


Reading = Plaintext | Refusal

NO_CONFIGURATION = Refusal(
    "no-configuration",
    "No key was given, so encrypted values cannot be shown and nothing is verified",
    "Pass --config MODULE:NAME, the table's configuration",
)


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """The bytes of an encrypted attribute.

    Attributes:
        type_id: The DynamoDB type before encryption, as two bytes.
        ciphertext: The value, encrypted.
        tag: AES-GCM's authentication tag.
    """

    type_id: bytes
    ciphertext: bytes
    tag: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedAttribute:
    """One attribute of a stored item.

    Attributes:
        name: Its name.
        kind: Whether it is a key or another attribute of the table, or belongs to the format.
        action: What is done with it; None if that is not known.
        type: Its DynamoDB type before encryption; None if that is not known.
        stored: Its stored value in wire form; anything, in a damaged item.
        stored_size: The bytes of name and stored value, as DynamoDB counts them.
        ciphertext: The parts of the stored value; None if it is not encrypted, or damaged.
        plaintext: Its value as the reader sees it, in wire form, once the item is verified; None if there is
            none.
        plaintext_size: The bytes of name and plaintext.
    """

    name: str
    kind: Kind
    action: CryptoAction | None
    type: str | None
    stored: Any
    stored_size: int
    ciphertext: Ciphertext | None = None
    plaintext: Mapping[str, Any] | None = None
    plaintext_size: int | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether its stored value is ciphertext."""
        return self.action is CryptoAction.ENCRYPT_AND_SIGN

    @property
    def action_in_words(self) -> str:
        """What is done with it, or what it is for where it belongs to the format."""
        if self.kind in ("header", "footer", "beacon"):
            return self.kind
        words = "unknown" if self.action is None else _ACTIONS[self.action]
        return f"key, {words}" if self.kind == "key" else words

    def to_dict(self) -> dict[str, Any]:
        """Return the same with JSON's types: values in DynamoDB JSON, ciphertext in hexadecimal."""
        parts = self.ciphertext
        return {
            "name": self.name,
            "kind": self.kind,
            "action": self.action and self.action.value,
            "type": self.type,
            "stored": json_value(self.stored),
            "stored_bytes": self.stored_size,
            "ciphertext": parts
            and {
                "type_id": parts.type_id.hex(),
                "ciphertext": parts.ciphertext.hex(),
                "tag": parts.tag.hex(),
            },
            "plaintext": json_value(self.plaintext),
            "plaintext_bytes": self.plaintext_size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedItem:
    """One stored item explained; see `explain_item`.

    Attributes:
        report: What the item says without any key.
        attributes: Its attributes in the item's order, those of the format last.
        header: The header, or the older format's material description, byte by byte.
        footer: The footer, or the older format's signature, byte by byte.
        encryption_context: The encryption context with which the data key was wrapped; empty if it is not
            known.
        reading: The plaintext, or why there is none.
    """

    report: ItemReport
    attributes: tuple[ExplainedAttribute, ...]
    header: tuple[ByteRange, ...]
    footer: tuple[ByteRange, ...]
    encryption_context: Mapping[str, str]
    reading: Reading

    @property
    def title(self) -> str:
        """The format, version and suite in one line."""
        report = self.report
        version = "" if report.version is None else f", version {report.version}"
        suite = "" if report.suite is None else f", suite 0x{report.suite.value:04x}"
        signed = report.suite is AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG
        return f"{report.format.value}{version}{suite}{' with an ECDSA signature' if signed else ''}"

    @property
    def wrapped_keys(self) -> tuple[WrappedKey, ...]:
        """The data key as each keyring wrapped it."""
        return self.report.wrapped_keys

    @property
    def size(self) -> int:
        """The item's size in bytes, as DynamoDB counts it."""
        return sum(attribute.stored_size for attribute in self.attributes)

    def to_dict(self) -> dict[str, Any]:
        """Return the same with JSON's types; `docs/how-to/inspect-items.md` describes them."""
        report = self.report.to_dict()
        return {
            **{name: report[name] for name in ("format", "version", "suite")},
            "bytes": self.size,
            "bytes_added": report["bytes_added"],
            "attributes": [attribute.to_dict() for attribute in self.attributes],
            "header": [each.to_dict() for each in self.header],
            "footer": [each.to_dict() for each in self.footer],
            "wrapped_keys": report["wrapped_keys"],
            "stored_context": report["stored_context"],
            "encryption_context": dict(self.encryption_context),
            "plaintext": _reading_dict(self.reading),
            "damage": report["damage"],
        }


def _reading_dict(reading: Reading) -> dict[str, Any]:
    if isinstance(reading, Plaintext):
        return {"shown": True}
    return {"shown": False, "code": reading.code, "message": reading.message, "hint": reading.hint}


def read_item(
    item: Item,
    decrypt: Callable[[Item], Mapping[str, Any]],
    also_refused: tuple[type[Exception], ...] = (),
) -> Reading:
    """Decrypt an item, and return the plaintext or why there is none.

    Args:
        item: The stored item.
        decrypt: Decrypts it, such as `ItemEncryptor(config).decrypt_item`.
        also_refused: Errors that are a refusal too, such as botocore's, which are not known here.
    """
    try:
        return Plaintext(decrypt(item))
    except DynasealError as error:
        return Refusal(error.code, error.message, error.hint)
    except TypeError as error:
        return Refusal("type", f"The item is not in wire form: {error}")
    except also_refused as error:
        return Refusal("aws", str(error))


def explain_item(
    item: Mapping[str, Any], config: TableConfig | None = None, reading: Reading | None = None
) -> ExplainedItem:
    """Explain a stored item; nothing is decrypted here, and no item makes it fail.

    Args:
        item: The stored item as botocore's client has it: `{"S": "x"}`, `{"B": b"..."}`.
        config: The table's configuration, which says which attributes are not signed; without it, the
            actions of an item that has unsigned attributes cannot be shown.
        reading: The plaintext, or why there is none; by default, that no key was given.

    Example:
        >>> explained = explain_item({"pk": {"S": "ann"}})
        >>> explained.title, [(each.name, each.stored_size) for each in explained.attributes]
        ('not encrypted', [('pk', 5)])
    """
    names = [name for name in item if isinstance(name, str)]  # pyright: ignore[reportUnnecessaryIsInstance] damage
    unsigned = [] if config is None else [name for name in names if config.is_unsigned(name)]
    report = describe_item(item, allowed_unsigned_attributes=unsigned)
    if report.format is ItemFormat.PLAINTEXT:
        reading = Plaintext(item)
    reading = reading or NO_CONFIGURATION
    by_name = {attribute.name: attribute for attribute in report.attributes}
    keys = frozenset(config.key_names if config else ())
    attributes = [_attribute(name, item[name], by_name.get(name), keys, reading) for name in names]
    attributes.sort(key=lambda attribute: attribute.kind in ("beacon", "header", "footer"))
    return ExplainedItem(
        report=report,
        attributes=tuple(attributes),
        header=_header(item),
        footer=_footer(item, len(report.wrapped_keys)),
        encryption_context=_encryption_context(item, config),
        reading=reading,
    )


def describe_key_attributes(item: Mapping[str, Any], key_names: tuple[str, ...]) -> str:
    """Return an item's key attributes in one line, as they are stored.

    Example:
        >>> describe_key_attributes({"pk": {"S": "ann"}, "at": {"N": "7"}}, ("pk", "at"))
        "pk='ann' at=7"
    """
    return " ".join(
        f"{name if name.isprintable() else quoted(name)}={show_value(item.get(name), 80)}"
        for name in key_names
    )


def _attribute(
    name: str, stored: Any, described: AttributeReport | None, keys: frozenset[str], reading: Reading
) -> ExplainedAttribute:
    action = described and described.action
    plaintext = reading.item.get(name) if isinstance(reading, Plaintext) else None
    if action is None and plaintext is not None and plaintext != stored:
        # An item of the older format does not say what was encrypted; what decryption changed was.
        action = CryptoAction.ENCRYPT_AND_SIGN
    return ExplainedAttribute(
        name=name,
        kind=_kind(name, keys),
        action=action,
        type=(described.type or type_of(plaintext)) if described else type_of(stored),
        stored=stored,
        stored_size=name_size(name) + value_size(stored),
        ciphertext=_ciphertext(stored) if _is_ciphertext(described) else None,
        plaintext=plaintext,
        plaintext_size=None if plaintext is None else name_size(name) + value_size(plaintext),
    )


def _is_ciphertext(described: AttributeReport | None) -> bool:
    """Return whether the header says that an attribute is encrypted, so that it has this format's parts."""
    return described is not None and described.action is CryptoAction.ENCRYPT_AND_SIGN


def _kind(name: str, keys: frozenset[str]) -> Kind:
    if name in keys:
        return "key"
    return _FORMAT_KINDS.get(name) or ("beacon" if name.startswith(RESERVED_PREFIX) else "attribute")


def _ciphertext(stored: Any) -> Ciphertext | None:
    data = bytes_of(stored)
    if data is None or len(data) < TYPE_ID_LENGTH + TAG_LENGTH:
        return None
    return Ciphertext(data[:TYPE_ID_LENGTH], data[TYPE_ID_LENGTH:-TAG_LENGTH], data[-TAG_LENGTH:])


def _header(item: Mapping[str, Any]) -> tuple[ByteRange, ...]:
    data = bytes_of(item.get(HEADER_NAME))
    if data is not None:
        return header_ranges(data)
    data = bytes_of(item.get(LEGACY_DESCRIPTION_NAME))
    return () if data is None else description_ranges(data)


def _footer(item: Mapping[str, Any], data_keys: int) -> tuple[ByteRange, ...]:
    data = bytes_of(item.get(FOOTER_NAME))
    if data is not None:
        return footer_ranges(data, data_keys)
    data = bytes_of(item.get(LEGACY_SIGNATURE_NAME))
    if data is None:
        return ()
    meaning = "over every attribute that is signed, by the older library"
    return (ByteRange(field="signature", offset=0, data=data, meaning=meaning, kind="signature"),)


def _encryption_context(item: Mapping[str, Any], config: TableConfig | None) -> Mapping[str, str]:
    """Return the encryption context as a reader rebuilds it; empty if the item does not allow that."""
    head = bytes_of(item.get(HEADER_NAME))
    if config is None or head is None:
        return {}
    try:
        parsed = header.parse(head)
        shape = Shapes(config.schema).for_reading(tuple(item), parsed.version, parsed.legend)
        entries = context_entries(shape, stored_fields(shape, item)[1])
    except (DynasealError, ContextError, TypeError):
        return {}
    base = base_context(config.logical_table_name, config.partition_key_name, config.sort_key_name)
    return {**base, **entries, **parsed.stored_context}
