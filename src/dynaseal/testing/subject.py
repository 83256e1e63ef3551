"""The keyring under test, and how the rules use it."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dynaseal.core import signatures
from dynaseal.core.context import PUBLIC_KEY
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import UnwrapError
from dynaseal.materials.model import (
    DecryptionMaterials,
    EncryptionMaterials,
    Keyring,
    fault_of_encryption_materials,
    fault_of_kind,
)

CONTEXT: Mapping[str, str] = {
    "aws-crypto-table-name": "conformance",
    "aws-crypto-partition-name": "pk",
    "aws-crypto-attr.pk": "AAFhbm4=",
    "aws-crypto-attr.é": "\U0001f511 ключ",
}
"""The encryption context of the materials that the rules use."""


class ConformanceError(AssertionError):
    """A keyring that breaks a rule of keyrings."""


@dataclass(frozen=True)
class Subject:
    """A keyring under test.

    Args:
        keyring: The keyring that writes.
        reader: The keyring that reads what `keyring` wrote; by default the same. Pass another object with the
            same key, so that nothing depends on what the writer remembers.
        suites: The algorithm suites that it supports; the first is used if one is enough.
        secrets: Bytes that must never show in a repr or an error, such as the wrapping key.
    """

    keyring: Keyring
    reader: Keyring | None = None
    suites: Sequence[AlgorithmSuite] = tuple(AlgorithmSuite)
    secrets: Sequence[bytes] = field(default=(), repr=False)

    def new_materials(self, context: Mapping[str, str] = CONTEXT) -> EncryptionMaterials:
        """Return new materials like those of the default materials manager."""
        suite = self.suites[0]
        key = signatures.generate() if suite.is_signed else None
        if key is not None:
            context = {**context, PUBLIC_KEY: b64encode(key.public_key).decode()}
        return EncryptionMaterials(suite, context, required_context_keys=frozenset(CONTEXT), signing_key=key)

    def write(self, materials: EncryptionMaterials | None = None) -> EncryptionMaterials:
        """Have the keyring write, and check of the result only what the rules need to continue.

        Raises:
            ConformanceError: no item could be written under the result.
        """
        written = self.keyring.on_encrypt(materials or self.new_materials())
        if fault := fault_of_encryption_materials(written):
            raise ConformanceError(f"on_encrypt {fault}")
        return written

    def read(
        self,
        written: EncryptionMaterials,
        encrypted_data_keys: Sequence[EncryptedDataKey] | None = None,
        context: Mapping[str, str] | None = None,
    ) -> DecryptionMaterials:
        """Have the reader read what was written, with other data keys or another context if given.

        Raises:
            ConformanceError: the result is something else than DecryptionMaterials.
        """
        entries = written.encryption_context if context is None else context
        materials = DecryptionMaterials(
            written.suite,
            entries,
            required_context_keys=written.required_context_keys,
            verification_key=None if written.signing_key is None else written.signing_key.public_key,
        )
        if encrypted_data_keys is None:
            encrypted_data_keys = written.encrypted_data_keys
        read = (self.reader or self.keyring).on_decrypt(materials, encrypted_data_keys)
        if fault := fault_of_kind(read, DecryptionMaterials):
            raise ConformanceError(f"on_decrypt {fault}")
        return read

    def check_reads(
        self,
        written: EncryptionMaterials,
        what: str,
        encrypted_data_keys: Sequence[EncryptedDataKey] | None = None,
    ) -> DecryptionMaterials:
        """Check that the reader returns the data key, and the signing key of one of the wrapped data keys.

        Raises:
            ConformanceError: it does not; `what` ends the message.
        """
        read = self.read(written, encrypted_data_keys)
        if read.plaintext_data_key != written.plaintext_data_key:
            raise ConformanceError(f"on_decrypt returned another data key than on_encrypt, {what}")
        if read.symmetric_signing_key not in written.symmetric_signing_keys:
            raise ConformanceError(
                f"on_decrypt returned a signing key that on_encrypt had not returned, {what}"
            )
        return read

    def check_refuses(
        self,
        written: EncryptionMaterials,
        what: str,
        encrypted_data_keys: Sequence[EncryptedDataKey] | None = None,
        context: Mapping[str, str] | None = None,
    ) -> UnwrapError:
        """Check that the reader raises UnwrapError, and return the error.

        Raises:
            ConformanceError: it returns a data key; `what` ends the message.
        """
        try:
            self.read(written, encrypted_data_keys, context)
        except UnwrapError as error:
            return error
        raise ConformanceError(f"on_decrypt did not refuse {what}")

    def check_silent(self, written: EncryptionMaterials, *shown: object) -> None:
        """Check that no secret shows in `str` and `repr` of some objects.

        Raises:
            ConformanceError: one shows.
        """
        strings = [show(one) for one in shown for show in (str, repr)]
        secrets = (*self.secrets, written.plaintext_data_key or b"", *written.symmetric_signing_keys)
        for secret in filter(None, secrets):
            for encoded in _encodings(secret):
                for string in strings:
                    if encoded in string.lower():
                        raise ConformanceError("A secret shows in a repr or an error")


def _encodings(secret: bytes) -> Iterator[str]:
    yield secret.hex()
    yield b64encode(secret).decode().rstrip("=").lower()
    yield repr(secret)[2:-1].lower()
    yield str(list(secret))[1:-1]
