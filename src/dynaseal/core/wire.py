"""Big-endian numbers and length-prefixed bytes: what every structure of the format is made of."""

from struct import Struct

u16 = Struct(">H").pack
u32 = Struct(">I").pack
u64 = Struct(">Q").pack


class TruncatedError(Exception):
    """The bytes ended before the structure did."""


class Reader:
    r"""Reads a byte string from front to back, and never past its end.

    Example:
        >>> reader = Reader(b"\x00\x02hi")
        >>> reader.sized16(), reader.rest
        (b'hi', 0)
    """

    __slots__ = ("_data", "position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    @property
    def rest(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self.position

    def take(self, count: int) -> bytes:
        """Read `count` bytes.

        Raises:
            TruncatedError: fewer are left.
        """
        start = self.position
        end = start + count
        if end > len(self._data):
            raise TruncatedError
        self.position = end
        return self._data[start:end]

    def number(self, size: int) -> int:
        """Read an unsigned number of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def sized16(self) -> bytes:
        """Read a two-byte length and as many bytes."""
        return self.take(self.number(2))

    def sized32(self) -> bytes:
        """Read a four-byte length and as many bytes."""
        return self.take(self.number(4))
