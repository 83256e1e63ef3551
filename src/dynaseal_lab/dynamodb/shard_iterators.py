"""Shard iterators that name the stream which they read, so that reading can be authorised on the stream.

A MAC under a key of the process binds the engine's iterator to the stream's ARN: whoever may read one stream
cannot put its name in front of another stream's iterator. An iterator is valid until the process ends; on AWS
it is valid for fifteen minutes.
"""

import hmac
import secrets
from hashlib import sha256

from dynaseal_lab.model import Fault


class ShardIterators:
    """Makes and reads iterators.

    Example:
        >>> iterators = ShardIterators()
        >>> iterators.read(iterators.make("arn:aws:dynamodb:stream", "engine's"))
        "engine's"
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def make(self, stream: str, iterator: str) -> str:
        """Return the iterator that a client gets for the engine's."""
        return f"{stream}|{self._mac(stream, iterator)}|{iterator}"

    def read(self, client_iterator: str) -> str:
        """Return the engine's iterator in a client's.

        Raises:
            Fault: ValidationException for an iterator that was not made here.
        """
        stream, _, rest = client_iterator.partition("|")
        mac, _, iterator = rest.partition("|")
        if not hmac.compare_digest(mac.encode(), self._mac(stream, iterator).encode()):
            raise invalid_iterator()
        return iterator

    def _mac(self, stream: str, iterator: str) -> str:
        return hmac.new(self._key, f"{stream}|{iterator}".encode(), sha256).hexdigest()


def stream_of(client_iterator: str) -> str:
    """Return the stream that an iterator names, unverified, to check whether the caller may read it.

    Raises:
        Fault: ValidationException for an iterator that names none.
    """
    stream = client_iterator.partition("|")[0]
    if not stream.startswith("arn:"):
        raise invalid_iterator()
    return stream


def invalid_iterator() -> Fault:
    """Return AWS's error for an iterator that it did not make."""
    return Fault("ValidationException", "Invalid ShardIterator")
