"""The one seam of the format's cryptography: (fields, keys, randomness) in, (head, foot, fields) out.

Everything above hands over bytes; everything below is `primitives` and `signatures`. A native engine can take
over `seal` and `unseal` whole.

The order of reading is the specification's: commitment, tag, signature, then decryption; no byte of plaintext
exists before the checks have passed.

Source: specification `encrypt-path-structure.md`, `decrypt-path-structure.md`, `footer.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from dynaseal.core import footer, header, primitives, signatures
from dynaseal.core.header import ENCRYPTED, EncryptedDataKey, Header
from dynaseal.core.primitives import AuthenticationFailedError, Hkdf
from dynaseal.core.signatures import SigningKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.core.wire import u64
from dynaseal.errors import SignatureError

_COMMIT_INFO = b"AWS_DBE_COMMIT_KEY"
_DERIVE_INFO = b"AWS_DBE_DERIVE_KEY"


Field = tuple[bytes, bytes, bytes]
"""A signed attribute: its canonical path, type id, and plaintext or ciphertext without the type id."""


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """All that sealing takes beside the fields; `context` and `stored_context` are serialised."""

    suite: AlgorithmSuite
    context: bytes
    stored_context: bytes
    encrypted_data_keys: Sequence[EncryptedDataKey]
    data_key: bytes = field(repr=False)
    tag_keys: Sequence[bytes] = field(repr=False)
    signing_key: SigningKey | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnsealingKeys:
    """All that unsealing takes beside the item; `context` is serialised."""

    context: bytes
    data_key: bytes = field(repr=False)
    tag_key: bytes = field(repr=False)
    public_key: EllipticCurvePublicKey | None


class Sealed(NamedTuple):
    """What sealing makes; `stored` are the encrypted fields' type ids and ciphertexts, in order."""

    head: bytes
    foot: bytes
    stored: list[bytes]


def seal(
    version: int, legend: bytes, fields: Sequence[Field], keys: SealingKeys, *, message_id: bytes
) -> Sealed:
    """Encrypt the fields whose letter in `legend` says so, and sign them all.

    Args:
        version: The header's version.
        legend: One letter a field.
        fields: In order of their canonical paths, values in the clear.
        keys: One use only: a data key serves one item.
        message_id: 32 fresh random bytes.

    Returns:
        Head, foot and what to store of the encrypted fields.
    """
    partial = header.write_partial(
        version,
        keys.suite,
        message_id=message_id,
        legend=legend,
        stored_context=keys.stored_context,
        data_keys=keys.encrypted_data_keys,
    )
    derivation = Hkdf(keys.data_key)
    commit_key = derivation.derive(_COMMIT_INFO + message_id)
    root = derivation.derive(_DERIVE_INFO + message_id)
    head = partial + primitives.header_commitment(commit_key, partial)

    ciphers = iter(primitives.field_ciphers(root, legend.count(ENCRYPTED)))
    stored: list[bytes] = []
    sealed_fields: list[Field] = []
    for letter, field_ in zip(legend, fields, strict=True):
        if letter == ENCRYPTED:
            path, type_id, data = field_
            cipher, nonce = next(ciphers)
            data = cipher.encrypt(nonce, data, path)
            stored.append(type_id + data)
            sealed_fields.append((path, type_id, data))
        else:
            sealed_fields.append(field_)

    canonical_hash = _canonical_hash(head, keys.context, legend, sealed_fields)
    foot = b"".join([primitives.recipient_tag(key, canonical_hash) for key in keys.tag_keys])
    if keys.signing_key is not None:
        foot += signatures.sign(keys.signing_key, primitives.sha384(canonical_hash))
    return Sealed(head, foot, stored)


def unseal(parsed: Header, foot: bytes, fields: Sequence[Field], keys: UnsealingKeys) -> list[bytes]:
    """Check an item whole, then decrypt its encrypted fields.

    Args:
        parsed: The header.
        foot: The footer's bytes.
        fields: As they are stored, in order of their canonical paths, one for each letter of the legend.
        keys: From the materials manager, for that header.

    Returns:
        The plaintexts of the encrypted fields, in order.

    Raises:
        FormatError: the footer has another length than the header calls for.
        SignatureError: any check failed.
    """
    try:
        return _unseal(parsed, foot, fields, keys)
    except (AuthenticationFailedError, InvalidTag):
        raise SignatureError from None


def _unseal(parsed: Header, foot: bytes, fields: Sequence[Field], keys: UnsealingKeys) -> list[bytes]:
    derivation = Hkdf(keys.data_key)
    commit_key = derivation.derive(_COMMIT_INFO + parsed.message_id)
    primitives.check_one_of([parsed.commitment], primitives.header_commitment(commit_key, parsed.partial))

    tags, signature = footer.split(foot, len(parsed.encrypted_data_keys), signed=parsed.suite.is_signed)
    canonical_hash = _canonical_hash(parsed.partial + parsed.commitment, keys.context, parsed.legend, fields)
    # A reader needs one recipient's tag, wherever it stands; the other recipients' tags are theirs to check.
    primitives.check_one_of(tags, primitives.recipient_tag(keys.tag_key, canonical_hash))
    if keys.public_key is not None:
        signatures.verify(keys.public_key, primitives.sha384(canonical_hash), signature)

    root = derivation.derive(_DERIVE_INFO + parsed.message_id)
    encrypted = [field_ for letter, field_ in zip(parsed.legend, fields, strict=True) if letter == ENCRYPTED]
    ciphers = primitives.field_ciphers(root, len(encrypted))
    return [
        cipher.decrypt(nonce, data, path)
        for (cipher, nonce), (path, _, data) in zip(ciphers, encrypted, strict=True)
    ]


def _canonical_hash(head: bytes, context: bytes, legend: bytes, fields: Sequence[Field]) -> bytes:
    parts = [head, u64(len(context)), context]
    for letter, (path, type_id, data) in zip(legend, fields, strict=True):
        parts += (path, u64(len(data)), b"ENCRYPTED" if letter == ENCRYPTED else b"PLAINTEXT", type_id, data)
    return primitives.sha384(b"".join(parts))
