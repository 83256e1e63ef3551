"""A stream of lines, read in chunks of whole lines; gzip is recognised by its first two bytes."""

import io
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from dynaseal.migrate.exports.compression import MAGIC, Compression

CHUNK_SIZE = 256 * 1024
"""How many bytes a chunk has, more or less: about 130 items of 1 KB, or one long line."""
MAX_LINE_LENGTH = 16 * 1024 * 1024
"""The longest line that is read into memory: more than two images of 400 KB, however they are escaped."""


class InputError(Exception):
    """The input is cut off or damaged; what was read of it so far is good."""


class Chunk(NamedTuple):
    """Some lines of a stream.

    Attributes:
        first_line: The number of its first line, from 1.
        data: The lines with their line breaks; the last line of the stream may have none.
        is_too_long: Whether it stands for one line longer than `MAX_LINE_LENGTH`, which was left out.
    """

    first_line: int
    data: bytes
    is_too_long: bool = False


def open_input(stream: BinaryIO, compression: Compression) -> tuple[BinaryIO, bool]:
    """Return a stream of what the input has, decompressed if it is gzip, and whether it is."""
    start = b""
    while len(start) < len(MAGIC):
        more = stream.read(len(MAGIC) - len(start))
        if not more:
            break
        start += more
    whole = io.BufferedReader(_Rejoined(start, stream), CHUNK_SIZE)
    if start != MAGIC:
        return whole, False
    return compression.opener(whole), True


def read_chunks(stream: BinaryIO, compression: Compression) -> Iterator[Chunk]:
    """Yield a stream's lines in chunks, in order. At most one chunk and one line are in memory.

    Raises:
        InputError: the stream is cut off or damaged. Lines before that have been yielded, a partial one not.
    """
    first_line = 1
    parts: list[bytes] = []
    length = 0
    is_too_long = False
    while block := _read(stream, compression):
        end = block.rfind(b"\n") + 1
        if end == 0:
            length += len(block)
            is_too_long = is_too_long or length > MAX_LINE_LENGTH
            # The rest of a line that is too long is read and dropped.
            parts = [] if is_too_long else [*parts, block]
            continue
        if is_too_long:
            yield Chunk(first_line, b"", is_too_long=True)
            first_line += 1
            start = block.find(b"\n") + 1
        else:
            start = 0
        data = b"".join((*parts, block[start:end]))
        if data:
            yield Chunk(first_line, data)
            first_line += data.count(b"\n")
        parts, length, is_too_long = [block[end:]], len(block) - end, False
    if is_too_long:
        yield Chunk(first_line, b"", is_too_long=True)
    elif last := b"".join(parts):
        yield Chunk(first_line, last)


def _read(stream: BinaryIO, compression: Compression) -> bytes:
    try:
        return stream.read(CHUNK_SIZE)
    except EOFError:
        raise InputError("The input is cut off: its gzip stream does not end") from None
    except compression.errors as error:
        raise InputError(f"The input cannot be read: {error}") from error


class _Rejoined(io.RawIOBase):
    """A stream whose first bytes have been read already."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride] any buffer
        if not self._start:
            more = self._rest.read(len(buffer))
            buffer[: len(more)] = more
            return len(more)
        taken = self._start[: len(buffer)]
        self._start = self._start[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
