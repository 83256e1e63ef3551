"""The output: plain lines, or one gzip member; neither looks whole before it is.

- A gzip member's checksum and length are written last, so a reader of output that was cut off gets an error.
- Plain lines have no end of their own. The line break after the last line is written last, so an output that
  was cut off does not end with one, unless it was cut off exactly there.

Source: RFC 1952, section 2.3.
"""

from struct import Struct
from typing import BinaryIO, Protocol

from dynaseal.migrate.exports.checksums import combine_crc32
from dynaseal.migrate.exports.compression import MAGIC

_METHOD_DEFLATE, _NO_FLAGS, _NO_TIME, _FASTEST, _UNKNOWN_SYSTEM = 8, 0, 0, 4, 255
_HEAD = MAGIC + Struct("<BBIBB").pack(_METHOD_DEFLATE, _NO_FLAGS, _NO_TIME, _FASTEST, _UNKNOWN_SYSTEM)
# An empty block that is marked as the last one.
_LAST_BLOCK = b"\x03\x00"
_TAIL = Struct("<II")


class Output(Protocol):
    """Where transformed lines are written."""

    def write(self, data: bytes, crc: int, length: int) -> None:
        """Write the lines of a chunk.

        Args:
            data: The lines, each with its line break, as `deflate` compresses them if the output is gzip.
            crc: The CRC-32 of the uncompressed lines.
            length: Their uncompressed length in bytes.
        """
        ...

    def close(self) -> None:
        """Write the end that makes the output whole; without it, the output is recognised as cut off."""
        ...


class PlainOutput:
    """Lines as they are."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._owes_line_break = False

    def write(self, data: bytes, crc: int, length: int) -> None:  # noqa: ARG002 the same call for each output
        """Write a chunk's lines without the last line break."""
        if data:
            if self._owes_line_break:
                self._stream.write(b"\n")
            self._stream.write(data[:-1])
            self._owes_line_break = True

    def close(self) -> None:
        """Write the last line break."""
        if self._owes_line_break:
            self._stream.write(b"\n")
        self._stream.flush()


class GzipOutput:
    """One gzip member."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._crc = 0
        self._length = 0
        stream.write(_HEAD)

    def write(self, data: bytes, crc: int, length: int) -> None:
        """Write a chunk's deflate blocks."""
        if length:
            self._stream.write(data)
            self._crc = combine_crc32(self._crc, crc, length)
            self._length += length

    def close(self) -> None:
        """Write the last block, the checksum and the length."""
        self._stream.write(_LAST_BLOCK + _TAIL.pack(self._crc, self._length & 0xFFFFFFFF))
        self._stream.flush()
