"""The key file of a state folder, and records encrypted under its key.

Rules:
- The key file holds 32 random bytes, only its owner can read it (mode 0600), and it is never half written.
- A record is encrypted with AES-256-GCM under a new random nonce. Its kind and key are the associated data,
  so a record cannot be passed off as another one.
"""

import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dynaseal_lab.state.errors import DamagedStateError, StateError

_KEY_SIZE = 32
_NONCE_SIZE = 12


@dataclass(frozen=True, slots=True)
class RecordCipher:
    """Encrypts and decrypts records.

    The key encrypts far fewer than 2**32 records, so random nonces do not repeat (NIST SP 800-38D, 8.3).
    """

    _aead: AESGCM = field(repr=False)

    def encrypt(self, content: bytes, *place: str) -> bytes:
        """Encrypt a record for its place: the kind and key it is stored under."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._aead.encrypt(nonce, content, _associated_data(place))

    def decrypt(self, ciphertext: bytes, *place: str) -> bytes:
        """Decrypt the record stored at a place.

        Raises:
            StateError: It was encrypted under another key or for another place, or was changed.
        """
        try:
            nonce, encrypted = ciphertext[:_NONCE_SIZE], ciphertext[_NONCE_SIZE:]
            return self._aead.decrypt(nonce, encrypted, _associated_data(place))
        except (InvalidTag, TypeError, ValueError) as error:  # the latter two: it is too short, or no bytes
            raise DamagedStateError(
                "The key file is not the one that this state was written with, or the state was changed"
            ) from error


def _associated_data(place: tuple[str, ...]) -> bytes:
    return "\0".join(place).encode()


def read_key_file(path: Path) -> RecordCipher:
    """Return the cipher of an existing key file.

    Raises:
        StateError: Others can read the file, or it is not a key file.
    """
    if not path.is_file():
        raise DamagedStateError(f"{path} is not a file, so it is not a key file")
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise StateError(f"{path} can be read by others; run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != _KEY_SIZE:
        raise DamagedStateError(f"{path} is not a key file: it must hold {_KEY_SIZE} bytes")
    return RecordCipher(AESGCM(key))


def create_key_file(path: Path) -> RecordCipher:
    """Create a key file and return its cipher; the file is safe on the disk when this returns."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(_KEY_SIZE))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    if os.name == "posix":  # Windows cannot flush a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return read_key_file(path)
