"""The header and the footer of an item, byte by byte: which bytes belong to which field, and what they mean.

Every byte is in exactly one range, in order, of damaged bytes too: what cannot be read is a range of its own.

Source: specification `header.md`, `footer.md`.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from dynaseal.core.footer import RECIPIENT_TAG_LENGTH
from dynaseal.core.header import (
    COMMITMENT_LENGTH,
    CONTEXT,
    ENCRYPTED,
    MESSAGE_ID_LENGTH,
    SIGNED,
    EncryptedDataKey,
)
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.core.quoting import shown
from dynaseal.core.suites import SUITE_BY_FLAVOR, AlgorithmSuite
from dynaseal.core.wire import ByteReader, TruncatedError
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.wrapped_keys import describe_key

_LEGEND_WORDS = {ENCRYPTED: "encrypted and signed", SIGNED: "signed", CONTEXT: "signed and in the context"}
_SUITE_WORDS = {
    AlgorithmSuite.COMMIT_KEY_SYMSIG: "0x6700: AES-256-GCM, key commitment, HMAC-SHA384",
    AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG: (
        "0x6701: AES-256-GCM, key commitment, HMAC-SHA384, and an ECDSA P-384 signature"
    ),
}

_DESCRIPTION_WORDS = {
    "amzn-ddb-env-key": "the data key, wrapped",
    "amzn-ddb-env-alg": "how attributes are encrypted",
    "amzn-ddb-map-signingAlg": "how the item is signed",
    "amzn-ddb-map-sym-mode": "the mode of that encryption",
    "amzn-ddb-sig-alg": "how the item is signed",
    "amzn-ddb-wrap-alg": "how the data key is wrapped",
}
"""What the entries of the older library's material description mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Consecutive bytes that belong to one field.

    Attributes:
        field: The field's name, such as `legend` or `wrapped key 1: key`.
        offset: Where they begin.
        data: The bytes, with those of the field's length where it has one.
        meaning: What they mean, as a phrase.
        kind: The field without numbers, such as `legend` or `wrapped-key`, by which it is coloured.
    """

    field: str
    offset: int
    data: bytes
    meaning: str
    kind: str

    def to_dict(self) -> dict[str, Any]:
        """Return the same with JSON's types; the bytes in hexadecimal."""
        return {
            "field": self.field,
            "offset": self.offset,
            "bytes": self.data.hex(),
            "meaning": self.meaning,
        }


class _Ranges:
    """Collects ranges while a reader moves forward."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.reader = ByteReader(data)
        self.ranges: list[ByteRange] = []
        self._end = 0

    def add(self, field: str, meaning: str, kind: str) -> None:
        """Add a range of everything that was read since the last one."""
        end = self.reader.position
        self._append(field, meaning, kind, end)

    def add_rest(self, field: str, meaning: str) -> None:
        """Add a range of all remaining bytes, if there are any."""
        if self._end < len(self.data):
            self._append(field, meaning, "unreadable", len(self.data))

    def _append(self, field: str, meaning: str, kind: str, end: int) -> None:
        self.ranges.append(
            ByteRange(
                field=field, offset=self._end, data=self.data[self._end : end], meaning=meaning, kind=kind
            )
        )
        self._end = end


def header_ranges(data: bytes) -> tuple[ByteRange, ...]:
    r"""Return the ranges of a header.

    Example:
        >>> [(each.field, each.meaning) for each in header_ranges(b"\x09abc")]
        [('version', '9: not a version of this format'), ('unreadable', 'the rest, in an unknown version')]
    """
    ranges = _Ranges(data)
    try:
        _read_header(ranges)
    except TruncatedError:
        ranges.add_rest("cut off", "the header ends inside this field")
    ranges.add_rest("unreadable", "bytes after the end of the header")
    return tuple(ranges.ranges)


def footer_ranges(data: bytes, data_keys: int) -> tuple[ByteRange, ...]:
    """Return the ranges of a footer whose header has this many encrypted data keys."""
    ranges = _Ranges(data)
    try:
        for number in range(1, data_keys + 1):
            ranges.reader.take(RECIPIENT_TAG_LENGTH)
            meaning = f"HMAC-SHA384 over the signed attributes, for whoever can unwrap data key {number}"
            ranges.add(f"tag {number}", meaning, "tag")
    except TruncatedError:
        ranges.add_rest("cut off", "the footer ends inside this tag")
    if ranges.reader.remaining:
        ranges.reader.take(ranges.reader.remaining)
        ranges.add("signature", "ECDSA P-384 over the same, by a key made for this item", "signature")
    return tuple(ranges.ranges)


def description_ranges(data: bytes) -> tuple[ByteRange, ...]:
    """Return the ranges of the older library's material description."""
    ranges = _Ranges(data)
    try:
        version = ranges.reader.long()
        ranges.add("version", f"{version}", "version")
        while ranges.reader.remaining:
            name = _decode(ranges.reader.sized32())
            value = _decode(ranges.reader.sized32())
            words = _DESCRIPTION_WORDS.get(name)
            meaning = f"{shown(value)} ({words})" if words else shown(value)
            kind = "wrapped-key" if name == "amzn-ddb-env-key" else "context"
            ranges.add(f"entry {shown(name, 64)}", meaning, kind)
    except TruncatedError:
        ranges.add_rest("cut off", "the description ends inside this entry")
    return tuple(ranges.ranges)


def _read_header(ranges: _Ranges) -> None:
    reader = ranges.reader
    version = reader.byte()
    if version not in (1, 2):
        ranges.add("version", f"{version}: not a version of this format", "version")
        ranges.add_rest("unreadable", "the rest, in an unknown version")
        return
    which = "the key attributes" if version == 1 else "the attributes that the legend marks"
    ranges.add("version", f"{version}: the encryption context has {which}", "version")
    flavor = reader.byte()
    suite = SUITE_BY_FLAVOR.get(flavor)
    ranges.add("suite", _SUITE_WORDS[suite] if suite else f"0x67{flavor:02x}: unknown", "suite")
    reader.take(MESSAGE_ID_LENGTH)
    ranges.add("message id", "random; the keys of this item's attributes are derived with it", "message-id")
    ranges.add("legend", _legend(reader.sized16()), "legend")
    _read_context(ranges)
    _read_data_keys(ranges)
    reader.take(COMMITMENT_LENGTH)
    ranges.add("commitment", "binds everything before it to one data key", "commitment")


def _legend(legend: bytes) -> str:
    counts = Counter(_LEGEND_WORDS.get(letter, "unknown") for letter in legend)
    listed = ", ".join(f"{count} {words}" for words, count in counts.items())
    letters = f" ({legend.decode('ascii', 'replace')})" if len(legend) <= 64 and legend.isalpha() else ""
    return f"{listed or 'no attribute'}{letters}"


def _read_context(ranges: _Ranges) -> None:
    reader = ranges.reader
    entries = reader.short()
    noun = "entry" if entries == 1 else "entries"
    ranges.add("stored context", f"{entries} {noun} that a reader cannot rebuild from the item", "context")
    for _ in range(entries):
        name = _decode(reader.sized16())
        value = _decode(reader.sized16())
        ranges.add(f"stored context: {shown(name, 64)}", shown(value), "context")


def _read_data_keys(ranges: _Ranges) -> None:
    reader = ranges.reader
    count = reader.byte()
    ranges.add("wrapped keys", f"{count}: the item's data key as each keyring wrapped it", "wrapped-key")
    for number in range(1, count + 1):
        provider = _decode(reader.sized16())
        ranges.add(f"wrapped key {number}: provider", shown(provider), "wrapped-key")
        info = reader.sized16()
        described = describe_key(EncryptedDataKey(provider, info, b""))
        name = shown(described.key) if described.key else "cannot be read as the name of a key"
        ranges.add(f"wrapped key {number}: key", name, "wrapped-key")
        ranges.add(f"wrapped key {number}: ciphertext", _wrapped(reader.sized16()), "wrapped-key")


def _wrapped(ciphertext: bytes) -> str:
    try:
        data_key, rest = wrapping.split(ciphertext)
    except AuthenticationFailedError:
        return "too short for a wrapped data key"
    return (
        f"the data key, encrypted under an intermediate key ({len(data_key)} bytes), and that key as the "
        f"keyring wrapped it ({len(rest)} bytes)"
    )


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "replace")
