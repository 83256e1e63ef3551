"""The header `aws_dbe_head`, byte for byte: version, suite, message id, legend, stored context, data keys.

- There is one way to write a header. Reading is strict: every length must fit, strings are UTF-8, the stored
  context is in order without an empty or repeated key, there is at least one encrypted data key, and nothing
  follows the commitment.
- There is no cryptography here: the engine checks the commitment once the data key is known.

Comments cite the clauses by section.

Source: specification `header.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError  # noqa: N812 an exception

from dynaseal.core.suites import SUITE_BY_FLAVOR, AlgorithmSuite
from dynaseal.core.wire import ByteReader, TruncatedError, u16
from dynaseal.errors import EncryptError, FormatError

HEADER_NAME = "aws_dbe_head"
FOOTER_NAME = "aws_dbe_foot"
RESERVED_PREFIX = "aws_dbe_"

# The attributes of the older library's format, by which its items are recognised.
LEGACY_DESCRIPTION_NAME = "*amzn-ddb-map-desc*"
LEGACY_SIGNATURE_NAME = "*amzn-ddb-map-sig*"

MESSAGE_ID_LENGTH = 32
COMMITMENT_LENGTH = 32
MAX_DATA_KEYS = 255
MAX_LEGEND_LENGTH = 65_535

ENCRYPTED, SIGNED, CONTEXT = b"esc"
"""The legend's bytes, as the numbers that indexing `bytes` gives ("Encrypt Legend Bytes")."""

# The start of every header: version, flavor, message id and the legend's length ("Partial Header").
_START = Struct(f">BB{MESSAGE_ID_LENGTH}sH")


@dataclass(frozen=True, slots=True)
class EncryptedDataKey:
    """A data key as one provider wrapped it.

    Attributes:
        provider_id: The key provider, such as `aws-kms`.
        provider_info: What the provider needs to find its wrapping key.
        ciphertext: The data key, encrypted under an intermediate key, and then that key as the provider
            wrapped it.
    """

    provider_id: str
    provider_info: bytes
    ciphertext: bytes


@dataclass(slots=True)
class Header:
    """A parsed header.

    Not frozen and not keyword-only: each item that is read needs one, a frozen one takes three times as long
    to make, and keywords twice as long.

    Attributes:
        version: The format version.
        suite: The algorithm suite.
        message_id: 32 random bytes.
        legend: One byte for each signed attribute, in canonical order: its action.
        stored_context: The part of the encryption context that the header stores.
        encrypted_data_keys: At least one.
        partial: Everything before the commitment, which covers exactly these bytes.
        commitment: 32 bytes.
    """

    version: int
    suite: AlgorithmSuite
    message_id: bytes
    legend: bytes
    stored_context: Mapping[str, str]
    encrypted_data_keys: tuple[EncryptedDataKey, ...]
    partial: bytes
    commitment: bytes


def write_partial(
    version: int,
    suite: AlgorithmSuite,
    *,
    message_id: bytes,
    legend: bytes,
    stored_context: bytes,
    data_keys: Sequence[EncryptedDataKey],
) -> bytes:
    """Write a header up to its commitment, which covers exactly these bytes ("Partial Header").

    Raises:
        EncryptError: a part of an encrypted data key does not fit its two-byte length, or is not UTF-8.
        TypeError: a part of an encrypted data key has the wrong type.
    """
    # "Message ID", "Encrypt Legend", "Encryption Context" and "Encrypted Data Keys", each with its length or
    # count.
    start = _START.pack(version, suite.flavor, message_id, len(legend))
    parts = [start, legend, stored_context, bytes((len(data_keys),))]
    try:
        for key in data_keys:
            provider = key.provider_id.encode()
            info, ciphertext = key.provider_info, key.ciphertext
            parts += (u16(len(provider)), provider, u16(len(info)), info, u16(len(ciphertext)), ciphertext)
        return b"".join(parts)
    except StructError:
        raise EncryptError("A keyring wrapped the data key into more than 65,535 bytes") from None
    except UnicodeEncodeError:
        raise EncryptError("A keyring gave the data key a provider id with a lone surrogate") from None
    except (AttributeError, TypeError):
        raise TypeError(
            "an encrypted data key must have a provider_id of type str, and provider_info and ciphertext of "
            "type bytes"
        ) from None


def parse(data: bytes) -> Header:
    """Read a header.

    Raises:
        FormatError: the bytes are not a header; the message says what is wrong.
    """
    try:
        return _parse(data)
    except TruncatedError:
        raise FormatError("The item's header ends too early") from None
    except UnicodeDecodeError:
        raise FormatError("The item's header holds a string that is not valid UTF-8") from None


def _parse(data: bytes) -> Header:
    if not data:
        raise FormatError("The item's header is empty")
    # "Format Version": 1 or 2.
    version = data[0]
    if version not in (1, 2):
        raise FormatError(f"The item's header is of format version {version}; versions 1 and 2 are known")
    if len(data) < _START.size:
        raise TruncatedError
    _, flavor, message_id, legend_length = _START.unpack_from(data)
    # "Format Flavor": the suite's id is 0x67 and then this byte.
    suite = SUITE_BY_FLAVOR.get(flavor)
    if suite is None:
        raise FormatError(f"The item's header names the unknown algorithm suite 0x67{flavor:02x}")
    reader = ByteReader(data, _START.size)
    legend = reader.take(legend_length)
    # "Encrypt Legend Bytes": no others are defined.
    if legend.strip(b"esc"):
        raise FormatError("The item's header has a legend with an unknown byte")
    entries = reader.short()
    context = _parse_context(reader, entries) if entries else {}
    data_keys = _parse_data_keys(reader)
    end = reader.position
    if len(data) != end + COMMITMENT_LENGTH:
        if len(data) < end + COMMITMENT_LENGTH:
            raise TruncatedError
        raise FormatError("The item's header has bytes after its end")
    return Header(version, suite, message_id, legend, context, data_keys, data[:end], data[end:])


def _parse_context(reader: ByteReader, entries: int) -> dict[str, str]:
    context: dict[str, str] = {}
    previous_key = b""
    for _ in range(entries):
        key = reader.sized16()
        # "Key Value Pair Entries": sorted by their keys' bytes, none twice. An empty key is refused as well.
        if key <= previous_key:
            raise FormatError(
                "The item's header stores an encryption context that is out of order, or has an empty or "
                "repeated key"
            )
        context[key.decode()] = reader.sized16().decode()
        previous_key = key
    return context


def _parse_data_keys(reader: ByteReader) -> tuple[EncryptedDataKey, ...]:
    count = reader.byte()
    # "Encrypted Data Key Count": at least one.
    if not count:
        raise FormatError("The item's header holds no encrypted data key")
    data_keys: list[EncryptedDataKey] = []
    for _ in range(count):
        provider_id = reader.sized16().decode()
        data_keys.append(EncryptedDataKey(provider_id, reader.sized16(), reader.sized16()))
    return tuple(data_keys)
