"""The format's cryptography: `seal` takes fields, keys and randomness, and returns header, footer and fields.

Callers pass bytes; this module itself calls only `primitives` and `signatures`. So another implementation, in
native code for example, can replace `seal` and `unseal` as they stand.

- A `Field` is an attribute's type id and its bytes, in the clear or encrypted.
- An item's fields are passed as two lists, the encrypted ones and those that are only signed, each in
  canonical order; the layout says how the two interleave.
- An item is read in the order of the specification: commitment, recipient tag, signature, then decryption. No
  plaintext exists before every check has passed.

Comments cite the clauses by file and section.

Source: specification `encrypt-path-structure.md`, `decrypt-path-structure.md`, `footer.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from struct import Struct
from typing import TYPE_CHECKING

from dynaseal.core import footer, header, primitives
from dynaseal.core.header import ENCRYPTED, EncryptedDataKey, Header
from dynaseal.core.lazy import LazyModule
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.core.values.types import Field
from dynaseal.core.wire import u64
from dynaseal.errors import SignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    from dynaseal.core import signatures
    from dynaseal.core.signatures import SigningKey
else:
    signatures = LazyModule("dynaseal.core.signatures")

_COMMIT_INFO = b"AWS_DBE_COMMIT_KEY"
_DERIVE_INFO = b"AWS_DBE_DERIVE_KEY"

# footer.md, "Canonical Field": between a field's path and its data are signed the length of its data, one of
# the words ENCRYPTED and PLAINTEXT, and its type id. Both words have nine letters, so the word needs no
# length and one fixed layout serves both.
_field_head = Struct(">Q9s2s").pack


@dataclass(frozen=True, slots=True)
class Layout:
    """What sealing needs to know of an item's shape; made by `lay_out`.

    Attributes:
        version: The header's version.
        legend: One byte for each signed attribute, in canonical order: its action.
        encrypted_paths: The canonical paths of the encrypted attributes, in order.
        canonical: For each signed attribute, in canonical order: its path, the word ENCRYPTED or PLAINTEXT,
            and its field's position in the list of all fields, encrypted ones first.
    """

    version: int
    legend: bytes
    encrypted_paths: tuple[bytes, ...]
    canonical: tuple[tuple[bytes, bytes, int], ...]


# These two are not frozen and not keyword-only: each item needs one, a frozen one takes three times as long
# to make, and keywords twice as long.


@dataclass(slots=True, repr=False)
class SealingKeys:
    """Everything that sealing needs besides the fields.

    Attributes:
        suite: The algorithm suite.
        context: The whole encryption context, serialised.
        stored_context: The part of it that the header stores, serialised.
        encrypted_data_keys: The data key as each keyring wrapped it.
        data_key: The plaintext data key; it must serve this item only.
        tag_keys: For each encrypted data key, the key of its recipient tag.
        signing_key: The item's ECDSA key; None in a suite without signatures.
    """

    suite: AlgorithmSuite
    context: bytes
    stored_context: bytes
    encrypted_data_keys: Sequence[EncryptedDataKey]
    data_key: bytes
    tag_keys: Sequence[bytes]
    signing_key: "SigningKey | None"

    def __repr__(self) -> str:
        return f"SealingKeys({self.suite})"


@dataclass(slots=True, repr=False)
class UnsealingKeys:
    """Everything that unsealing needs besides the item.

    Attributes:
        context: The whole encryption context, serialised.
        data_key: The plaintext data key.
        tag_key: The key of this reader's recipient tag.
        public_key: The item's ECDSA key; None in a suite without signatures.
    """

    context: bytes
    data_key: bytes
    tag_key: bytes
    public_key: "EllipticCurvePublicKey | None"

    def __repr__(self) -> str:
        return "UnsealingKeys()"


def lay_out(version: int, paths: Sequence[bytes], legend: bytes) -> Layout:
    """Make the layout for these paths and legend bytes of signed attributes, in canonical order."""
    encrypted_paths = tuple(path for path, byte in zip(paths, legend, strict=True) if byte == ENCRYPTED)
    encrypted, signed = count(), count(len(encrypted_paths))
    canonical = tuple(
        (path, b"ENCRYPTED", next(encrypted)) if byte == ENCRYPTED else (path, b"PLAINTEXT", next(signed))
        for path, byte in zip(paths, legend, strict=True)
    )
    return Layout(version, legend, encrypted_paths, canonical)


def seal(
    layout: Layout,
    plaintext: Sequence[Field],
    signed: Sequence[Field],
    keys: SealingKeys,
    *,
    message_id: bytes,
) -> tuple[bytes, bytes, list[Field]]:
    """Encrypt an item's fields, and sign all of them.

    Args:
        layout: The item's layout.
        plaintext: The fields to encrypt.
        signed: The fields that are only signed.
        keys: For this item only: the data key must never be used again.
        message_id: 32 fresh random bytes.

    Returns:
        The header, the footer and the encrypted fields.
    """
    partial = header.write_partial(
        layout.version,
        keys.suite,
        message_id=message_id,
        legend=layout.legend,
        stored_context=keys.stored_context,
        data_keys=keys.encrypted_data_keys,
    )
    # header.md, "Commit Key"; encrypt-path-structure.md, "Calculate Info": one derivation each from the data
    # key, without a salt, whose info is the literal and the message id.
    commit_key, root = primitives.derive_pair(
        keys.data_key, _COMMIT_INFO + message_id, _DERIVE_INFO + message_id
    )
    # header.md, "Full Header Value": the partial header, then its commitment.
    head = partial + primitives.header_commitment(commit_key, partial)

    # encrypt-path-structure.md, "Encrypted Terminal Value": the canonical path is the additional data.
    encrypted = primitives.encrypt_fields(root, plaintext, layout.encrypted_paths)
    canonical_hash = _canonical_hash(head, keys.context, layout, [*encrypted, *signed])

    # footer.md, "Recipient Tags": one for each encrypted data key, in the header's order.
    foot = b""
    for key in keys.tag_keys:
        foot += primitives.recipient_tag(key, canonical_hash)
    # footer.md, "Signature": there only if the suite signs, over the same canonical hash.
    if keys.signing_key is not None:
        foot += signatures.sign(keys.signing_key, primitives.sha384(canonical_hash))
    return head, foot, encrypted


def unseal(
    parsed: Header,
    foot: bytes,
    layout: Layout,
    encrypted: Sequence[Field],
    signed: Sequence[Field],
    *,
    keys: UnsealingKeys,
) -> list[Field]:
    """Check an item whole, then decrypt its encrypted fields.

    Args:
        parsed: The header.
        foot: The footer.
        layout: The item's layout, according to the header's legend.
        encrypted: The encrypted fields.
        signed: The fields that are only signed.
        keys: From the materials manager, for that header.

    Returns:
        The decrypted fields, in order.

    Raises:
        FormatError: the footer has another length than the header calls for.
        SignatureError: any check failed.
    """
    commit_key, root = primitives.derive_pair(
        keys.data_key, _COMMIT_INFO + parsed.message_id, _DERIVE_INFO + parsed.message_id
    )
    # decrypt-path-structure.md, "Behavior": the steps below in this order, and none after one that fails.
    try:
        # header.md, "Commitment Verification": before anything else of the item is used, in constant time.
        primitives.check_equal(parsed.commitment, primitives.header_commitment(commit_key, parsed.partial))
        tags, signature = footer.split(foot, len(parsed.encrypted_data_keys), signed=parsed.suite.is_signed)
        head = parsed.partial + parsed.commitment
        canonical_hash = _canonical_hash(head, keys.context, layout, [*encrypted, *signed])
        # footer.md, "Recipient Tag Verification": one tag must match, compared in constant time. The other
        # tags are for the other recipients, whose keys this reader does not have.
        primitives.check_one_of(tags, primitives.recipient_tag(keys.tag_key, canonical_hash))
        # footer.md, "Signature Verification"; whether the suite and the key agree, the caller has checked.
        if keys.public_key is not None:
            signatures.verify(keys.public_key, primitives.sha384(canonical_hash), signature)
        return primitives.decrypt_fields(root, encrypted, layout.encrypted_paths)
    except AuthenticationFailedError:
        raise SignatureError from None


def _canonical_hash(head: bytes, context: bytes, layout: Layout, fields: Sequence[Field]) -> bytes:
    """Hash everything that is signed: header, encryption context, and the fields as they are stored."""
    # footer.md, "Canonical Record" and "Hash Calculation".
    parts = [head, u64(len(context)), context]
    for path, word, position in layout.canonical:
        type_id, data = fields[position]
        parts.append(path)
        parts.append(_field_head(len(data), word, type_id))
        parts.append(data)
    return primitives.sha384(b"".join(parts))
