"""Reading serialized values: tags, lengths, and bytes with their length, never beyond the end."""

from struct import Struct

from dynaseal.legacy.exceptions import DeserializationError

__all__ = ("ByteReader",)

_length_at = Struct(">I").unpack_from


class ByteReader:
    """Reads bytes from the front.

    A length is compared with what is left before anything is read or kept, so that it cannot cost memory.

    Args:
        data: The bytes.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        """Whether every byte was read."""
        return self._at >= len(self._data)

    def take(self, count: int) -> bytes:
        """Read so many bytes.

        Raises:
            DeserializationError: there are fewer.
        """
        end = self._at + count
        if end > len(self._data):
            raise DeserializationError("Malformed serialized data")
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def length(self) -> int:
        """Read a length.

        Raises:
            DeserializationError: there are fewer than four bytes.
        """
        return _length_at(self.take(4))[0]

    def value(self) -> bytes:
        """Read bytes after their length.

        Raises:
            DeserializationError: there are fewer bytes than that.
        """
        return self.take(self.length())

    def tag(self) -> bytes:
        """Read a type's tag.

        Raises:
            DeserializationError: there are fewer than two bytes, or the first is not zero.
        """
        reserved, tag = self.take(1), self.take(1)
        if reserved != b"\x00":
            raise DeserializationError("Invalid tag: reserved byte is not null")
        return tag
