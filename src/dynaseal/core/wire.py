"""Big-endian numbers and length-prefixed bytes, of which every structure of the format consists."""

from collections.abc import Callable
from struct import Struct
from struct import error as StructError  # noqa: N812 an exception

u16 = Struct(">H").pack
u32 = Struct(">I").pack
u64 = Struct(">Q").pack
_read_u16 = Struct(">H").unpack_from
_read_u32 = Struct(">I").unpack_from


class TruncatedError(Exception):
    """The bytes ended before the structure did."""


class ByteReader:
    r"""Reads a byte string from start to end, and never past its end.

    Example:
        >>> reader = ByteReader(b"\x00\x02hi")
        >>> reader.sized16(), reader.remaining
        (b'hi', 0)
    """

    __slots__ = ("_data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self.position = position

    @property
    def remaining(self) -> int:
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

    def byte(self) -> int:
        """Read one byte as a number."""
        return self.take(1)[0]

    def short(self) -> int:
        """Read an unsigned number of two bytes."""
        return self._number(_read_u16, 2)

    def long(self) -> int:
        """Read an unsigned number of four bytes."""
        return self._number(_read_u32, 4)

    def sized16(self) -> bytes:
        """Read a two-byte length, and then that many bytes.

        Raises:
            TruncatedError: the data ends before.
        """
        # The same as `take(short())`, in one step: a header has many of these.
        data, at = self._data, self.position
        try:
            (length,) = _read_u16(data, at)
        except StructError:
            raise TruncatedError from None
        start = at + 2
        end = self.position = start + length
        if end > len(data):
            raise TruncatedError
        return data[start:end]

    def sized32(self) -> bytes:
        """Read a four-byte length, and then that many bytes."""
        return self.take(self.long())

    def _number(self, unpack: Callable[[bytes, int], tuple[int]], size: int) -> int:
        try:
            (number,) = unpack(self._data, self.position)
        except StructError:
            raise TruncatedError from None
        self.position += size
        return number
