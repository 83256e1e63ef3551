"""Reading and writing: chunks of lines, gzip, and output that does not look whole when it was cut off."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dynaseal.migrate.exports import compression, reading
from dynaseal.migrate.exports.checksums import combine_crc32
from dynaseal.migrate.exports.compression import Compression
from dynaseal.migrate.exports.reading import Chunk, InputError, open_input, read_chunks
from dynaseal.migrate.exports.writing import GzipOutput, PlainOutput

GZIP = b"\x1f\x8b"
"""What gzip begins with: such data is decompressed first."""
COMPRESSIONS = [
    compression.standard(),
    compression._isal(),
    compression._zlib_ng(),
]
any_compression = pytest.mark.parametrize("library", COMPRESSIONS, ids=lambda library: library.name)


def chunks_of(data: bytes, library: Compression = COMPRESSIONS[0]) -> list[Chunk]:
    stream, _ = open_input(io.BytesIO(data), library)
    return list(read_chunks(stream, library))


@given(
    st.lists(st.binary(max_size=40).map(lambda each: each.replace(b"\n", b"")), max_size=30), st.booleans()
)
def test_chunks_have_whole_lines_and_their_numbers(lines: list[bytes], ends_with_line_break: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ends_with_line_break else b"")
    assume(not data.startswith(GZIP))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CHUNK_SIZE", 16)
        chunks = chunks_of(data)
    assert b"".join(chunk.data for chunk in chunks) == data
    number = 1
    for chunk in chunks:
        assert chunk.first_line == number
        assert chunk.data.endswith(b"\n") or chunk is chunks[-1]
        number += chunk.data.count(b"\n")


@pytest.mark.parametrize("end", [b"", b"\n", b"\n{}\n", b"\n{}"])
def test_a_line_that_is_too_long_is_left_out_and_counted(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_SIZE", 16)
    monkeypatch.setattr(reading, "MAX_LINE_LENGTH", 100)
    chunks = chunks_of(b"{}\n" + b"x" * 500 + end)
    assert chunks[:2] == [Chunk(1, b"{}\n"), Chunk(2, b"", is_too_long=True)]
    assert b"".join(chunk.data for chunk in chunks[2:]) == end[1:]
    assert [chunk.first_line for chunk in chunks[2:]] == ([3] if end[1:] else [])


class OneByteAtATime(io.RawIOBase):
    """A pipe whose writer is slow."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._data.read(1)
        buffer[: len(piece)] = piece
        return len(piece)


@any_compression
def test_gzip_is_recognised_and_may_have_several_members(library: Compression) -> None:
    lines = b'{"a":1}\n' * 1000
    file = gzip.compress(lines[:4000]) + gzip.compress(lines[4000:])
    stream, is_gzip = open_input(io.BufferedReader(OneByteAtATime(file)), library)
    assert is_gzip
    assert b"".join(chunk.data for chunk in read_chunks(stream, library)) == lines


@pytest.mark.parametrize("data", [b"", b"\x1f", b"{", b"\n"])
def test_a_short_input_is_not_gzip(data: bytes) -> None:
    stream, is_gzip = open_input(io.BytesIO(data), COMPRESSIONS[0])
    assert (is_gzip, stream.read()) == (False, data)


@any_compression
@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file[:-1],
        lambda file: file[: len(file) // 2],
        lambda file: file[:5],
        lambda file: file[:-8] + bytes(8),
        lambda file: file[:30] + bytes(10) + file[40:],
        lambda file: file + b"{}",
    ],
    ids=["without its last byte", "half", "a part of its header", "checksum", "content", "more after it"],
)
def test_gzip_that_is_cut_off_or_damaged_is_an_error(
    library: Compression, damage: Callable[[bytes], bytes]
) -> None:
    file = gzip.compress(b"".join(b'{"Item":{"pk":{"N":"%d"}}}\n' % at for at in range(20_000)))
    with pytest.raises(InputError, match="The input"):
        chunks_of(damage(file), library)


@given(st.binary(max_size=99), st.binary(max_size=99))
def test_checksums_are_combined(first: bytes, second: bytes) -> None:
    combined = combine_crc32(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)


def written(make: Callable[[BinaryIO], Any], chunks: list[bytes], library: Compression | None) -> bytes:
    stream = io.BytesIO()
    output = make(stream)
    for chunk in chunks:
        data = chunk if library is None or not chunk else library.deflate(chunk)
        output.write(data, zlib.crc32(chunk), len(chunk))
    output.close()
    return stream.getvalue()


@any_compression
@pytest.mark.parametrize("chunks", [[], [b""], [b"{}\n", b"", b"[]\n" * 9000]], ids=len)
def test_gzip_output_is_one_member_that_looks_whole_only_at_its_end(
    library: Compression, chunks: list[bytes]
) -> None:
    file = written(GzipOutput, chunks, library)
    reader = zlib.decompressobj(31)
    assert reader.decompress(file) == b"".join(chunks)
    assert (reader.eof, reader.unused_data) == (True, b"")
    for end in range(len(file)):
        with pytest.raises((EOFError, gzip.BadGzipFile)):
            gzip.GzipFile(fileobj=io.BytesIO(file[:end] or b"\x1f")).read()


def test_plain_output_ends_with_a_line_break_only_when_it_is_whole() -> None:
    stream = io.BytesIO()
    output = PlainOutput(stream)
    for chunk in (b"{}\n[]\n", b"", b"1\n"):
        output.write(chunk, 0, len(chunk))
        assert not stream.getvalue().endswith(b"\n")
    output.close()
    assert stream.getvalue() == b"{}\n[]\n1\n"
    assert written(PlainOutput, [b""], None) == b""


@pytest.mark.parametrize("library", [COMPRESSIONS[0], COMPRESSIONS[2]], ids=lambda library: library.name)
def test_repetitions_are_compressed_where_there_are_some(library: Compression) -> None:
    repeated = b'{"Item":{"pk":{"S":"a"},"city":{"S":"Bern"}}}\n' * 2000
    assert len(library.deflate(repeated)) < len(repeated) / 20
