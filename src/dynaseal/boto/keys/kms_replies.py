"""KMS's replies, whose members are checked when they are taken: a client may be any object."""

from collections.abc import Callable, Mapping
from typing import cast

from dynaseal.core.quoting import shown
from dynaseal.errors import DynasealError


class KmsReply:
    """A reply of KMS, whose members have the type that they must have and are not empty.

    Args:
        operation: The operation that was called.
        key_id: The key that the call named.
        reply: What the client returned.
        error: Makes the error from a message.

    Raises:
        DynasealError: it is not a mapping; of the kind that `error` makes.
    """

    def __init__(
        self, operation: str, key_id: str, reply: object, error: Callable[[str], DynasealError]
    ) -> None:
        self._what = f"KMS's reply to {operation} on {shown(key_id)}"
        self._error = error
        if not isinstance(reply, Mapping):
            raise error(f"{self._what} is of the type {type(reply).__name__}, not a mapping")
        self._members = cast("Mapping[str, object]", reply)

    def get(self, name: str) -> object:
        """Return a member of any type; None if the reply does not have it."""
        return self._members.get(name)

    def string(self, name: str) -> str:
        """Return a member that is a string.

        Raises:
            DynasealError: it is something else, empty or missing; of the kind that `error` makes.
        """
        value = self._members.get(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, value, "a string")
        return value

    def binary(self, name: str) -> bytes:
        """Return a member that is bytes.

        Raises:
            DynasealError: it is something else, empty or missing; of the kind that `error` makes.
        """
        value = self._members.get(name)
        if not isinstance(value, bytes | bytearray) or not value:
            raise self._wrong(name, value, "bytes")
        return bytes(value)

    def _wrong(self, name: str, value: object, expected: str) -> DynasealError:
        if value is None:
            fault = f"no {name}"
        elif isinstance(value, str | bytes | bytearray) and not value:
            fault = f"an empty {name}"
        else:
            # The type and not the value, which may be a key.
            fault = f"a {name} of the type {type(value).__name__}, which must be {expected}"
        return self._error(f"{self._what} has {fault}")
