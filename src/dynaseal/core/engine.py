"""The one seam of the format's cryptography: (fields, keys, randomness) in, (head, foot, fields) out.

Everything above hands over bytes; everything below is `primitives` and `signatures`. A native engine can take
over `seal` and `unseal` whole.

- A `Field` is an attribute's type id and its bytes or their ciphertext.
- An item's fields come as the encrypted ones and those only signed, each in canonical order; the layout tells
  how the two interleave.
- The order of reading is the specification's: commitment, tag, signature, then decryption; no byte of
  plaintext exists before the checks have passed.

Source: specification `encrypt-path-structure.md`, `decrypt-path-structure.md`, `footer.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from struct import Struct

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from dynaseal.core import footer, header, primitives, signatures
from dynaseal.core.header import ENCRYPTED, EncryptedDataKey, Header
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.core.signatures import SigningKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.core.values.types import Field
from dynaseal.core.wire import u64
from dynaseal.errors import SignatureError

_COMMIT_INFO = b"AWS_DBE_COMMIT_KEY"
_DERIVE_INFO = b"AWS_DBE_DERIVE_KEY"

# What is signed of a field between its path and its data: length, whether it is encrypted, type id.
_field_head = Struct(">Q9s2s").pack


@dataclass(frozen=True, slots=True)
class Layout:
    """What an item's shape decides of its cryptography; made by `lay_out`.

    Attributes:
        version: The header's version.
        legend: A letter for each signed attribute, in canonical order.
        encrypted_paths: The canonical paths of the encrypted ones, in order.
        canonical: For each signed attribute, in canonical order: its path, a word that tells whether it is
            encrypted, and where its field stands among the encrypted ones followed by those only signed.
    """

    version: int
    legend: bytes
    encrypted_paths: tuple[bytes, ...]
    canonical: tuple[tuple[bytes, bytes, int], ...]


# These two are not frozen: each item needs one, and a frozen one takes three times as long to make.


@dataclass(slots=True, repr=False)
class SealingKeys:
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


@dataclass(slots=True, repr=False)
class UnsealingKeys:
    """All that unsealing takes beside the item; `context` is serialised."""

    context: bytes
    data_key: bytes
    tag_key: bytes
    public_key: EllipticCurvePublicKey | None

    def __repr__(self) -> str:
        return "UnsealingKeys()"


def lay_out(version: int, paths: Sequence[bytes], legend: bytes) -> Layout:
    """Lay out items whose signed attributes have those paths and letters, in canonical order."""
    encrypted_paths = tuple(path for path, letter in zip(paths, legend, strict=True) if letter == ENCRYPTED)
    encrypted, signed = count(), count(len(encrypted_paths))
    canonical = tuple(
        (path, b"ENCRYPTED", next(encrypted)) if letter == ENCRYPTED else (path, b"PLAINTEXT", next(signed))
        for path, letter in zip(paths, legend, strict=True)
    )
    return Layout(version, legend, encrypted_paths, canonical)


def seal(
    layout: Layout, clear: Sequence[Field], signed: Sequence[Field], keys: SealingKeys, *, message_id: bytes
) -> tuple[bytes, bytes, list[Field]]:
    """Encrypt an item's fields, and sign all of them.

    Args:
        layout: The item's.
        clear: The fields to encrypt.
        signed: The fields only to sign.
        keys: One use only: a data key serves one item.
        message_id: 32 fresh random bytes.

    Returns:
        Head, foot and the encrypted fields.
    """
    partial = header.write_partial(
        layout.version,
        keys.suite,
        message_id=message_id,
        legend=layout.legend,
        stored_context=keys.stored_context,
        data_keys=keys.encrypted_data_keys,
    )
    commit_key, root = primitives.derive_pair(
        keys.data_key, _COMMIT_INFO + message_id, _DERIVE_INFO + message_id
    )
    head = partial + primitives.header_commitment(commit_key, partial)

    encrypted = primitives.encrypt_fields(root, clear, layout.encrypted_paths)
    canonical_hash = _canonical_hash(head, keys.context, layout, [*encrypted, *signed])

    foot = b""
    for key in keys.tag_keys:
        foot += primitives.recipient_tag(key, canonical_hash)
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
        foot: The footer's bytes.
        layout: The item's, by the header's legend.
        encrypted: The encrypted fields.
        signed: The fields only signed.
        keys: From the materials manager, for that header.

    Returns:
        What was encrypted, in order.

    Raises:
        FormatError: the footer has another length than the header calls for.
        SignatureError: any check failed.
    """
    commit_key, root = primitives.derive_pair(
        keys.data_key, _COMMIT_INFO + parsed.message_id, _DERIVE_INFO + parsed.message_id
    )
    try:
        primitives.check_equal(parsed.commitment, primitives.header_commitment(commit_key, parsed.partial))
        tags, signature = footer.split(foot, len(parsed.encrypted_data_keys), signed=parsed.suite.is_signed)
        head = parsed.partial + parsed.commitment
        canonical_hash = _canonical_hash(head, keys.context, layout, [*encrypted, *signed])
        # A reader needs one recipient's tag, wherever it stands; the others' tags are theirs to check.
        primitives.check_one_of(tags, primitives.recipient_tag(keys.tag_key, canonical_hash))
        if keys.public_key is not None:
            signatures.verify(keys.public_key, primitives.sha384(canonical_hash), signature)
        return primitives.decrypt_fields(root, encrypted, layout.encrypted_paths)
    except AuthenticationFailedError:
        raise SignatureError from None


def _canonical_hash(head: bytes, context: bytes, layout: Layout, fields: Sequence[Field]) -> bytes:
    """Hash all that is signed: header, context, and the fields as they are stored."""
    parts = [head, u64(len(context)), context]
    for path, word, at in layout.canonical:
        type_id, data = fields[at]
        parts.append(path)
        parts.append(_field_head(len(data), word, type_id))
        parts.append(data)
    return primitives.sha384(b"".join(parts))
