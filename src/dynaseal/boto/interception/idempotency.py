"""Transactions that a caller repeats under one ClientRequestToken: the same ciphertext is sent again.

DynamoDB answers a repeated token with the first result if the request is the same, and refuses it otherwise,
for ten minutes. Encrypting the same items again gives other ciphertext, so what was sent is kept.

- The caller's transaction is kept as a keyed hash only, under a key that is in this process only.
- Of what was sent, the actions that encryption changed are kept, as DynamoDB got them: what is encrypted is
  ciphertext, and what the table holds in the clear is in the clear. That is keys and attributes that are not
  encrypted, also as the values of updates and conditions.
- What was sent as the caller wrote it is not kept.

Source: DynamoDB API Reference, `TransactWriteItems`, "Idempotency".
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from os import urandom
from threading import Lock
from time import monotonic
from typing import Any, cast

from dynaseal.materials import forks

# DynamoDB's ten minutes begin when the first request is finished, which is after it was kept here.
KEPT_SECONDS = 660
_MOST_TOKENS = 1000
_MOST_BYTES = 32 * 2**20
_SETS = frozenset({"SS", "NS", "BS"})
MISMATCH = "IdempotentParameterMismatchException"
HINT = (
    "dynaseal sends the same ciphertext again for the same items under the same ClientRequestToken, within "
    "ten minutes, from the same client. Use another token if the items are others, or if another process or "
    "client sent them"
)


class GeneratedToken(str):
    """A ClientRequestToken that botocore made, because the caller gave none."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, repr=False)
class _Sent:
    digest: bytes
    parts: Any
    size: int
    expires: float


class SentTransactions:
    """What one client sent under its callers' tokens, for ten minutes, bounded in number and in bytes.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._key = urandom(32)
        self._sent: OrderedDict[str, _Sent] = OrderedDict()
        self._size = 0
        self._lock = Lock()
        forks.register(self)

    def reset_after_fork(self) -> None:
        """Forget everything: another thread may have been changing it."""
        self._sent, self._size, self._lock = OrderedDict(), 0, Lock()

    def find(self, token: str, caller_parts: Any) -> Any | None:
        """Return what was sent for the same parts under a token, or None."""
        digest = self._digest(caller_parts)
        with self._lock:
            self._forget_old()
            found = self._sent.get(token)
        return found.parts if found is not None and found.digest == digest else None

    def keep(self, token: str, caller_parts: Any, sent_parts: Any, replaced: Any = None) -> Any:
        """Keep what is sent for a token; return it, or what another thread has kept for the same parts.

        Args:
            token: The caller's token.
            caller_parts: The transaction as the caller wrote it.
            sent_parts: What is sent for it.
            replaced: What was kept for the same parts and is not sent again, because it was cancelled.
        """
        entry = _Sent(self._digest(caller_parts), sent_parts, _size(sent_parts), self._clock() + KEPT_SECONDS)
        with self._lock:
            existing = self._sent.get(token)
            if existing is not None and existing.digest != entry.digest:
                return sent_parts
            if existing is not None and existing.parts is not replaced:
                return existing.parts
            if existing is not None:
                self._size -= self._sent.pop(token).size
            self._sent[token] = entry
            self._size += entry.size
            self._forget_old()
        return sent_parts

    def _forget_old(self) -> None:
        while self._sent:
            oldest = next(iter(self._sent.values()))
            is_within = len(self._sent) <= _MOST_TOKENS and self._size <= _MOST_BYTES
            if is_within and oldest.expires > self._clock():
                return
            self._size -= self._sent.popitem(last=False)[1].size

    def _digest(self, parts: Any) -> bytes:
        digest = blake2b(key=self._key, digest_size=32)
        for chunk in _canonical(parts):
            digest.update(len(chunk).to_bytes(8, "big"))
            digest.update(chunk)
        return digest.digest()


class RepeatableTransaction:
    """One transaction under its caller's token.

    Args:
        sent_transactions: What the client sent.
        request: The request, which has a token.
    """

    def __init__(self, sent_transactions: SentTransactions, request: Mapping[str, Any]) -> None:
        self._sent_transactions = sent_transactions
        self._token: str = request["ClientRequestToken"]
        self._parts: Sequence[Any] = request["TransactItems"]
        self._kept: Any = None

    def find(self) -> list[Any] | None:
        """Return what was sent for it before, or None."""
        self._kept = self._sent_transactions.find(self._token, self._parts)
        return None if self._kept is None else self._with_unchanged()

    def keep(self, sent_parts: Sequence[Any]) -> list[Any]:
        """Keep what is sent for it now; return what to send, which another thread may have kept."""
        # What is sent as the caller wrote it is in the caller's request each time, so it need not be kept.
        changed = [
            None if part == sent_part else sent_part
            for part, sent_part in zip(self._parts, sent_parts, strict=True)
        ]
        self._kept = self._sent_transactions.keep(self._token, self._parts, changed, self._kept)
        return self._with_unchanged()

    def _with_unchanged(self) -> list[Any]:
        return [
            part if replacement is None else replacement
            for part, replacement in zip(self._parts, self._kept, strict=True)
        ]


def _canonical(value: Any, name: str = "") -> Iterator[bytes]:
    """Yield a value's parts in an order that does not depend on how maps and sets were written."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        yield b"{%d" % len(members)
        for member in sorted(members):
            yield member.encode("utf-8", "surrogatepass")
            yield from _canonical(members[member], member)
    elif isinstance(value, list | tuple):
        entries = cast("list[Any]", value)
        yield b"[%d" % len(entries)
        parts = [b"".join(_framed(entry)) for entry in entries]
        yield from sorted(parts) if name in _SETS else parts
    elif isinstance(value, bytes | bytearray):
        yield b"b" + bytes(value)
    else:
        yield f"{type(value).__name__} {value}".encode("utf-8", "surrogatepass")


def _framed(value: Any) -> Iterator[bytes]:
    for chunk in _canonical(value):
        yield len(chunk).to_bytes(8, "big") + chunk


def _size(value: Any) -> int:
    """Return an estimate of the bytes that a value takes in memory."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return 64 + sum(len(name) + _size(member) for name, member in members.items())
    if isinstance(value, list | tuple):
        return 64 + sum(map(_size, cast("list[Any]", value)))
    return 48 + (len(value) if isinstance(value, str | bytes | bytearray) else 0)
