"""The one seam of the format's cryptography: (fields, keys, randomness) in, (head, foot, fields) out.

Everything above hands over bytes; everything below is `primitives` and `signatures`. A native engine can take
over `seal` and `unseal` whole.

The order of reading is the specification's: commitment, tag, signature, then decryption; no byte of plaintext
exists before the checks have passed.

Source: specification `encrypt-path-structure.md`, `decrypt-path-structure.md`, `footer.md`.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from dynaseal.core import footer, header, primitives, signatures
from dynaseal.core.header import ENCRYPTED, EncryptedDataKey, Header
from dynaseal.core.primitives import FIELD_STRIDE, AuthenticationFailedError, Hkdf
from dynaseal.core.signatures import SigningKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.core.wire import u64
from dynaseal.errors import SignatureError

_COMMIT_INFO = b"AWS_DBE_COMMIT_KEY"
_DERIVE_INFO = b"AWS_DBE_DERIVE_KEY"

# A field's canonical form between its path and its data: length, whether it is encrypted, type id.
_field_head = Struct(">Q9s2s").pack


Field = tuple[bytes, bytes]
"""A signed attribute's type id, and its plaintext or its ciphertext without the type id."""


class Layout(NamedTuple):
    """What an item's shape decides: for each signed attribute, in order, its canonical path and letter."""

    version: int
    paths: Sequence[bytes]
    legend: bytes


class SealingKeys(NamedTuple):
    """All that sealing takes beside the fields; `context` and `stored_context` are serialised."""

    suite: AlgorithmSuite
    context: bytes
    stored_context: bytes
    encrypted_data_keys: Sequence[EncryptedDataKey]
    data_key: bytes
    tag_keys: Sequence[bytes]
    signing_key: SigningKey | None

    def __repr__(self) -> str:
        return f"SealingKeys({self.suite})"


class UnsealingKeys(NamedTuple):
    """All that unsealing takes beside the item; `context` is serialised."""

    context: bytes
    data_key: bytes
    tag_key: bytes
    public_key: EllipticCurvePublicKey | None

    def __repr__(self) -> str:
        return "UnsealingKeys()"


class Sealed(NamedTuple):
    """What sealing makes; `stored` are the encrypted fields' type ids and ciphertexts, in order."""

    head: bytes
    foot: bytes
    stored: list[bytes]


def seal(layout: Layout, fields: Sequence[Field], keys: SealingKeys, *, message_id: bytes) -> Sealed:
    """Encrypt the fields whose letter says so, and sign them all.

    Args:
        layout: The fields' paths and letters.
        fields: In the same order, in the clear.
        keys: One use only: a data key serves one item.
        message_id: 32 fresh random bytes.

    Returns:
        Head, foot and what to store of the encrypted fields.
    """
    partial = header.write_partial(
        layout.version,
        keys.suite,
        message_id=message_id,
        legend=layout.legend,
        stored_context=keys.stored_context,
        data_keys=keys.encrypted_data_keys,
    )
    derivation = Hkdf(keys.data_key)
    commit_key = derivation.derive(_COMMIT_INFO + message_id)
    root = derivation.derive(_DERIVE_INFO + message_id)
    head = partial + primitives.header_commitment(commit_key, partial)

    stream = primitives.field_stream(root, layout.legend.count(ENCRYPTED))
    at = 0
    stored: list[bytes] = []
    parts = [head, u64(len(keys.context)), keys.context]
    for letter, path, (type_id, data) in zip(layout.legend, layout.paths, fields, strict=True):
        if letter == ENCRYPTED:
            ciphertext = primitives.encrypt_field(stream, at, data, path)
            at += FIELD_STRIDE
            stored.append(type_id + ciphertext)
            parts += (path, _field_head(len(ciphertext), b"ENCRYPTED", type_id), ciphertext)
        else:
            parts += (path, _field_head(len(data), b"PLAINTEXT", type_id), data)
    canonical_hash = primitives.sha384(b"".join(parts))

    foot = b"".join([primitives.recipient_tag(key, canonical_hash) for key in keys.tag_keys])
    if keys.signing_key is not None:
        foot += signatures.sign(keys.signing_key, primitives.sha384(canonical_hash))
    return Sealed(head, foot, stored)


def unseal(
    parsed: Header, foot: bytes, layout: Layout, fields: Sequence[Field], keys: UnsealingKeys
) -> list[bytes]:
    """Check an item whole, then decrypt its encrypted fields.

    Args:
        parsed: The header.
        foot: The footer's bytes.
        layout: The fields' paths and letters, by the header's legend.
        fields: In the same order, as they are stored.
        keys: From the materials manager, for that header.

    Returns:
        The plaintexts of the encrypted fields, in order.

    Raises:
        FormatError: the footer has another length than the header calls for.
        SignatureError: any check failed.
    """
    try:
        return _unseal(parsed, foot, layout, fields, keys)
    except AuthenticationFailedError:
        raise SignatureError from None


def _unseal(
    parsed: Header, foot: bytes, layout: Layout, fields: Sequence[Field], keys: UnsealingKeys
) -> list[bytes]:
    derivation = Hkdf(keys.data_key)
    commit_key = derivation.derive(_COMMIT_INFO + parsed.message_id)
    primitives.check_one_of([parsed.commitment], primitives.header_commitment(commit_key, parsed.partial))

    tags, signature = footer.split(foot, len(parsed.encrypted_data_keys), signed=parsed.suite.is_signed)
    parts = [parsed.partial, parsed.commitment, u64(len(keys.context)), keys.context]
    for letter, path, (type_id, data) in zip(layout.legend, layout.paths, fields, strict=True):
        word = b"ENCRYPTED" if letter == ENCRYPTED else b"PLAINTEXT"
        parts += (path, _field_head(len(data), word, type_id), data)
    canonical_hash = primitives.sha384(b"".join(parts))
    # A reader needs one recipient's tag, wherever it stands; the other recipients' tags are theirs to check.
    primitives.check_one_of(tags, primitives.recipient_tag(keys.tag_key, canonical_hash))
    if keys.public_key is not None:
        signatures.verify(keys.public_key, primitives.sha384(canonical_hash), signature)

    root = derivation.derive(_DERIVE_INFO + parsed.message_id)
    stream = primitives.field_stream(root, layout.legend.count(ENCRYPTED))
    at = 0
    plaintexts: list[bytes] = []
    for letter, path, (_, data) in zip(layout.legend, layout.paths, fields, strict=True):
        if letter == ENCRYPTED:
            plaintexts.append(primitives.decrypt_field(stream, at, data, path))
            at += FIELD_STRIDE
    return plaintexts
