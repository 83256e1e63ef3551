"""The key file, and records sealed under it.

Rules:
- The key file holds 32 random bytes and is its owner's alone (mode 0600); it is whole or not there.
- A record is sealed with AES-256-GCM under a fresh random nonce, bound to its kind and key: a record cannot
  be passed off as another one.
"""

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dynaseal_lab.state.errors import StateError

_KEY_SIZE = 32
_NONCE_SIZE = 12


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals and opens records. The key is used for far fewer records than 2**32, so nonces do not repeat."""

    _cipher: AESGCM = field(repr=False)

    def close(self, content: bytes, *place: str) -> bytes:
        """Seal `content` for its place (kind, key)."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, content, _bound(place))

    def open(self, sealed: bytes, *place: str) -> bytes:
        """What was sealed for this place.

        Raises:
            StateError: It was sealed under another key or for another place, or was changed.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], _bound(place))
        except InvalidTag as error:
            raise StateError(
                "The key file is not the one that this state was written with, or the state was changed"
            ) from error


def _bound(place: tuple[str, ...]) -> bytes:
    return "\0".join(place).encode()


def load_seal(path: Path) -> Seal:
    """The seal of an existing key file.

    Raises:
        StateError: It can be read by others, or is no key.
    """
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise StateError(f"{path} can be read by others; run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != _KEY_SIZE:
        raise StateError(f"{path} is no key file: it must hold {_KEY_SIZE} bytes")
    return Seal(AESGCM(key))


def new_seal(path: Path) -> Seal:
    """The seal of a new key file, which is safe on the disk when this returns."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_KEY_SIZE))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    if os.name == "posix":  # Windows has no way to flush a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return load_seal(path)
