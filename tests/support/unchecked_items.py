"""Items encrypted without the library's checks: any bytes, as someone who has the keys could make them."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynaseal import AlgorithmSuite, EncryptedDataKey, FormatError, Keyring, TableConfig
from dynaseal.core import engine, header, signatures
from dynaseal.core.context import (
    ATTRIBUTE_PREFIX,
    PUBLIC_KEY,
    base_context,
    serialize,
    version_1_entry,
    version_2_entries,
)
from dynaseal.core.header import COMMITMENT_LENGTH, CONTEXT, ENCRYPTED, MESSAGE_ID_LENGTH
from dynaseal.core.paths import canonical_path
from dynaseal.core.values.writing import serialize as serialize_value
from dynaseal.materials.model import EncryptionMaterials


@dataclass(frozen=True)
class Attribute:
    """One signed attribute: any type id and plaintext if it is to be encrypted, otherwise any value."""

    legend_byte: int
    value: Any = None
    plaintext: tuple[bytes, bytes] = (b"", b"")

    @property
    def field(self) -> tuple[bytes, bytes]:
        return self.plaintext if self.legend_byte == ENCRYPTED else serialize_value(self.value)


def encrypt_unchecked(
    config: TableConfig,
    keyring: Keyring,
    attributes: Mapping[str, Attribute],
    *,
    version: int = 1,
    suite: AlgorithmSuite = AlgorithmSuite.COMMIT_KEY_SYMSIG,
    stored_context: bytes | None = None,
    more_data_keys: Sequence[EncryptedDataKey] = (),
) -> dict[str, Any]:
    """Encrypt and sign attributes for a table, whatever they are.

    Args:
        config: The table; only its names matter.
        keyring: Wraps the data key.
        attributes: The signed attributes, by name.
        version: The header's version.
        suite: The algorithm suite.
        stored_context: The bytes that the header stores; by default those that an honest writer stores.
        more_data_keys: Put in the header before the real one, each with a tag of zeros.
    """
    rows = sorted(
        (canonical_path(config.logical_table_name, name), name, attribute)
        for name, attribute in attributes.items()
    )
    fields = [attribute.field for _, _, attribute in rows]
    legend = bytes(attribute.legend_byte for _, _, attribute in rows)
    signing_key = signatures.generate() if suite.is_signed else None
    stored = {} if signing_key is None else {PUBLIC_KEY: b64encode(signing_key.public_key).decode()}
    if stored_context is None:
        stored_context = serialize(stored)
    context = {
        **base_context(config.logical_table_name, config.partition_key_name, config.sort_key_name),
        **_entries(config, version, [(name, each) for _, name, each in rows], fields),
        **_as_read(stored_context, stored),
    }
    materials = keyring.on_encrypt(EncryptionMaterials(suite, context, signing_key=signing_key))
    assert materials.plaintext_data_key is not None
    head, foot, encrypted = engine.seal(
        engine.lay_out(version, [path for path, _, _ in rows], legend),
        [field for byte, field in zip(legend, fields, strict=True) if byte == ENCRYPTED],
        [field for byte, field in zip(legend, fields, strict=True) if byte != ENCRYPTED],
        engine.SealingKeys(
            suite=suite,
            context=materials.aad,
            stored_context=stored_context,
            encrypted_data_keys=(*more_data_keys, *materials.encrypted_data_keys),
            data_key=materials.plaintext_data_key,
            tag_keys=materials.symmetric_signing_keys,
            signing_key=signing_key,
        ),
        message_id=os.urandom(MESSAGE_ID_LENGTH),
    )
    stored_fields = iter(encrypted)
    item: dict[str, Any] = {
        name: {"B": b"".join(next(stored_fields))} if attribute.legend_byte == ENCRYPTED else attribute.value
        for _, name, attribute in rows
    }
    foot = bytes(48 * len(more_data_keys)) + foot
    return {**item, header.HEADER_NAME: {"B": head}, header.FOOTER_NAME: {"B": foot}}


def _entries(
    config: TableConfig,
    version: int,
    rows: Sequence[tuple[str, Attribute]],
    fields: Sequence[tuple[bytes, bytes]],
) -> dict[str, str]:
    """The entries of the encryption context that the reader will rebuild from the item's attributes."""
    if version == 2:
        in_context = [
            (name, *field)
            for (name, each), field in zip(rows, fields, strict=True)
            if each.legend_byte == CONTEXT
        ]
        return version_2_entries(sorted(in_context))
    return {
        ATTRIBUTE_PREFIX + name: version_1_entry(*field)
        for (name, _), field in zip(rows, fields, strict=True)
        if name in config.key_names
    }


def _as_read(stored_context: bytes, otherwise: dict[str, str]) -> Mapping[str, str]:
    """The stored context as a reader parses it; one that it refuses needs no matching context."""
    front = bytes((1, 0)) + bytes(MESSAGE_ID_LENGTH) + bytes(2)
    one_key = b"\x01" + bytes(6)
    try:
        return header.parse(front + stored_context + one_key + bytes(COMMITMENT_LENGTH)).stored_context
    except FormatError:
        return otherwise
