"""Gzip by ISA-L or zlib-ng where one is installed, otherwise by the standard library.

What is read is the same with each of them. What is written is the same once it is decompressed.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from gzip import GzipFile
from typing import Any, BinaryIO

MAGIC = b"\x1f\x8b"
_RAW_DEFLATE = -15
_SAMPLE = 8192
# A search for repetitions is worth its time if it saves this share of the bytes.
_WORTHWHILE = 0.9


@dataclass(frozen=True)
class Compression:
    """A package that reads gzip and writes raw deflate.

    Attributes:
        name: The package.
        opener: Open a binary stream of gzip for reading.
        deflate: Compress bytes to raw deflate blocks that end at a byte and are not the last ones, so that
            the results of several calls can be written one after another.
        errors: What reading damaged gzip raises.
    """

    name: str
    opener: Callable[[BinaryIO], BinaryIO]
    deflate: Callable[[bytes], bytes]
    errors: tuple[type[Exception], ...]


def standard() -> Compression:
    """Return the standard library's."""
    return _compression("zlib", GzipFile, zlib, _adaptive(zlib, 1))


def fastest() -> Compression:
    """Return the implementation of the fastest package that is installed."""
    for find in (_isal, _zlib_ng):
        try:
            return find()
        except ModuleNotFoundError:
            continue
    return standard()


def _isal() -> Compression:
    from isal import igzip, isal_zlib  # noqa: PLC0415 optional

    return _compression("isal", igzip.IGzipFile, isal_zlib, lambda data: _deflate(isal_zlib, data, 1))


def _zlib_ng() -> Compression:
    from zlib_ng import gzip_ng, zlib_ng  # noqa: PLC0415 optional

    return _compression("zlib-ng", gzip_ng.GzipNGFile, zlib_ng, _adaptive(zlib_ng, 2))


def _compression(
    name: str, gzip_file: Callable[..., Any], library: Any, deflate: Callable[[bytes], bytes]
) -> Compression:
    def opener(stream: BinaryIO) -> BinaryIO:
        return gzip_file(fileobj=stream, mode="rb")

    return Compression(name, opener, deflate, (EOFError, OSError, zlib.error, library.error))


def _adaptive(library: Any, level: int) -> Callable[[bytes], bytes]:
    """Return a function that searches data for repetitions only if it has some.

    Ciphertext has none, and the search in it takes as long as the cryptography.
    """

    def deflate(data: bytes) -> bytes:
        sample = data[:_SAMPLE]
        searched = len(_deflate(library, sample, level))
        repeats = searched < _WORTHWHILE * len(_deflate(library, sample, level, zlib.Z_HUFFMAN_ONLY))
        return _deflate(library, data, level, zlib.Z_DEFAULT_STRATEGY if repeats else zlib.Z_HUFFMAN_ONLY)

    return deflate


def _deflate(library: Any, data: bytes, level: int, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    compressor = library.compressobj(level, zlib.DEFLATED, _RAW_DEFLATE, zlib.DEF_MEM_LEVEL, strategy)
    return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
