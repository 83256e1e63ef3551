"""The header `aws_dbe_head`, byte for byte: version, suite, message id, legend, stored context, data keys.

- Written only in one way; read strictly: every length must fit, text is UTF-8, the stored context is in
  order without an empty or repeated key, at least one data key, nothing after the commitment.
- No cryptography here: the commitment is checked by the engine once the data key is known.

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

# The attributes of AWS's older format, by which its items are told from plaintext.
LEGACY_DESCRIPTION_NAME = "*amzn-ddb-map-desc*"
LEGACY_SIGNATURE_NAME = "*amzn-ddb-map-sig*"

MESSAGE_ID_LENGTH = 32
COMMITMENT_LENGTH = 32
MAX_DATA_KEYS = 255
MAX_LEGEND_LENGTH = 65_535

ENCRYPTED, SIGNED, CONTEXT = b"esc"
"""The legend's letters, as bytes are indexed: numbers."""

# What every header begins with: version, flavor, message id and the legend's length.
_START = Struct(f">BB{MESSAGE_ID_LENGTH}sH")


@dataclass(frozen=True, slots=True)
class EncryptedDataKey:
    """A data key as one provider wrapped it.

    `ciphertext` is the data key under an intermediate key, then that key as the provider wrapped it.
    """

    provider_id: str
    provider_info: bytes
    ciphertext: bytes


@dataclass(slots=True)
class Header:
    """A parsed header; `partial` is all that the commitment covers.

    Not frozen: each item read needs one, and a frozen one takes three times as long to make.
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
    """Write a header up to its commitment, which covers exactly these bytes.

    Raises:
        EncryptError: a part of an encrypted data key does not fit its two-byte length.
    """
    start = _START.pack(version, suite.flavor, message_id, len(legend))
    parts = [start, legend, stored_context, bytes((len(data_keys),))]
    try:
        for key in data_keys:
            provider = key.provider_id.encode()
            info, ciphertext = key.provider_info, key.ciphertext
            parts += (u16(len(provider)), provider, u16(len(info)), info, u16(len(ciphertext)), ciphertext)
    except StructError:
        raise EncryptError("A keyring wrapped the data key into more than 65,535 bytes") from None
    return b"".join(parts)


def parse(data: bytes) -> Header:
    """Read a header.

    Raises:
        FormatError: it is not one; the text says where it goes wrong.
    """
    try:
        return _parse(data)
    except TruncatedError:
        raise FormatError("The item's header ends too early") from None
    except UnicodeDecodeError:
        raise FormatError("The item's header holds text that is not valid UTF-8") from None


def _parse(data: bytes) -> Header:
    if not data:
        raise FormatError("The item's header is empty")
    version = data[0]
    if version not in (1, 2):
        raise FormatError(f"The item's header is of format version {version}; versions 1 and 2 are known")
    if len(data) < _START.size:
        raise TruncatedError
    _, flavor, message_id, legend_length = _START.unpack_from(data)
    suite = SUITE_BY_FLAVOR.get(flavor)
    if suite is None:
        raise FormatError(f"The item's header names the unknown algorithm suite 0x67{flavor:02x}")
    reader = ByteReader(data, _START.size)
    legend = reader.take(legend_length)
    if legend.strip(b"esc"):
        raise FormatError("The item's header has a legend with an unknown letter")
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
    last = b""
    for _ in range(entries):
        key = reader.sized16()
        if key <= last:
            raise FormatError(
                "The item's header stores a context that is out of order, or a key empty or twice"
            )
        context[key.decode()] = reader.sized16().decode()
        last = key
    return context


def _parse_data_keys(reader: ByteReader) -> tuple[EncryptedDataKey, ...]:
    count = reader.byte()
    if not count:
        raise FormatError("The item's header holds no encrypted data key")
    data_keys: list[EncryptedDataKey] = []
    for _ in range(count):
        provider_id = reader.sized16().decode()
        data_keys.append(EncryptedDataKey(provider_id, reader.sized16(), reader.sized16()))
    return tuple(data_keys)
