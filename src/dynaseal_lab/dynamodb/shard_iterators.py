"""Shard iterators that say which stream they read, so that reading is authorised on the stream.

The engine's iterator is bound to the stream's ARN by a MAC under a key of the process: who may read one
stream cannot put its name before another stream's iterator. An iterator does not outlive the process; on AWS
it lives fifteen minutes.
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
        """The iterator that a client gets for the engine's."""
        return f"{stream}|{self._mac(stream, iterator)}|{iterator}"

    def read(self, text: str) -> str:
        """The engine's iterator in a client's.

        Raises:
            Fault: ValidationException for one that was not made here.
        """
        stream, _, rest = text.partition("|")
        mac, _, iterator = rest.partition("|")
        if not hmac.compare_digest(mac.encode(), self._mac(stream, iterator).encode()):
            raise invalid_iterator()
        return iterator

    def _mac(self, stream: str, iterator: str) -> str:
        return hmac.new(self._key, f"{stream}|{iterator}".encode(), sha256).hexdigest()


def stream_of(text: str) -> str:
    """The stream that an iterator names, not yet verified: good for asking whether the caller may read it.

    Raises:
        Fault: ValidationException for one that names none.
    """
    stream = text.partition("|")[0]
    if not stream.startswith("arn:"):
        raise invalid_iterator()
    return stream


def invalid_iterator() -> Fault:
    """What AWS says to an iterator that it did not make."""
    return Fault("ValidationException", "Invalid ShardIterator")
