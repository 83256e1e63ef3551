"""One chunk of lines: what each process does again and again, and what it returns."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.exports.compression import Compression
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.migrate.exports.reading import MAX_LINE_LENGTH, Chunk

_TOO_LONG = f"The line is longer than {MAX_LINE_LENGTH:,} bytes, and an item has at most 400 KB"


class FailedLine(NamedTuple):
    """A line that could not be transformed.

    Attributes:
        number: The line's number in the input, from 1.
        key: Its item's key attributes in DynamoDB JSON; None if they could not be found.
        reason: Why it failed; it shows no plaintext.
    """

    number: int
    key: bytes | None
    reason: str

    def as_json(self) -> bytes:
        """Return the JSON object that describes it, on one line."""
        key = None if self.key is None else json.loads(self.key)
        return json.dumps({"line": self.number, "key": key, "reason": self.reason}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformedChunk:
    """What became of a chunk.

    Attributes:
        data: The lines to write, each with its line break; compressed if the output is.
        crc: The CRC-32 of the uncompressed lines.
        length: Their uncompressed length in bytes.
        changed: How many lines changed.
        skipped: How many lines were as the target would write them.
        blank: How many lines were blank.
        failed: The lines that could not be transformed, in order.
        kms_calls: How many KMS calls this process has made so far.
    """

    data: bytes
    crc: int
    length: int
    changed: int
    skipped: int
    blank: int
    failed: tuple[FailedLine, ...]
    kms_calls: Mapping[KmsCall, int]


def transform_chunk(
    chunk: Chunk, transformer: LineTransformer, compression: Compression | None
) -> TransformedChunk:
    """Transform the lines of a chunk.

    Args:
        chunk: The lines.
        transformer: What transforms each of them.
        compression: What compresses the result; None to leave it uncompressed.
    """
    lines: list[bytes] = []
    counts = {"changed": 0, "skipped": 0, "blank": 0}
    failed: list[FailedLine] = []
    if chunk.is_too_long:
        failed.append(FailedLine(chunk.first_line, None, _TOO_LONG))
    transform = transformer.transform
    for number, line in enumerate(_lines(chunk.data), chunk.first_line):
        state, result, reason, key = transform(line)
        if result is not None:
            lines.append(result)
        if state == "failed":
            failed.append(FailedLine(number, key, str(reason)))
        else:
            counts[state] += 1
    data = b"\n".join((*lines, b"")) if lines else b""
    return TransformedChunk(
        data=data if compression is None or not data else compression.deflate(data),
        crc=zlib.crc32(data),
        length=len(data),
        **counts,
        failed=tuple(failed),
        kms_calls=transformer.kms_calls(),
    )


def _lines(data: bytes) -> list[bytes]:
    """Split at line feeds only: a string in JSON may contain what else Python takes for a line break."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines
