"""Reading the format's numbers and length-prefixed bytes, up to the last byte and never past it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dynaseal.core.wire import ByteReader, TruncatedError

READ: dict[str, tuple[Callable[[ByteReader], Any], bytes, Any]] = {
    "bytes": (lambda reader: reader.take(3), b"abc", b"abc"),
    "byte": (ByteReader.byte, b"\xff", 255),
    "short": (ByteReader.short, b"\x01\x02", 0x0102),
    "long": (ByteReader.long, b"\x01\x02\x03\x04", 0x01020304),
    "bytes after a short length": (ByteReader.sized16, b"\x00\x02hi", b"hi"),
    "bytes after a long length": (ByteReader.sized32, b"\x00\x00\x00\x02hi", b"hi"),
}


@pytest.mark.parametrize(("read", "data", "value"), READ.values(), ids=READ)
def test_each_is_read_to_its_end_and_refused_one_byte_earlier(
    read: Callable[[ByteReader], Any], data: bytes, value: Any
) -> None:
    for before in (b"", b"x"):
        reader = ByteReader(before + data, len(before))
        assert (read(reader), reader.remaining) == (value, 0)
        for length in range(len(data)):
            with pytest.raises(TruncatedError):
                read(ByteReader(before + data[:length], len(before)))
