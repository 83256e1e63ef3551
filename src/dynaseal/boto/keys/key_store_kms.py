"""A key store's calls of KMS through boto3.

- A refused call raises a KeyStoreError that is also a KmsError, with AWS's own code and message.
- The client's botocore Config decides about retries and time-outs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal import drivers
from dynaseal.boto.keys.clients import method_of
from dynaseal.boto.keys.kms import KmsDecryptError, KmsEncryptError, KmsError
from dynaseal.boto.keys.kms_replies import KmsReply
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.errors import EncryptError, KeyStoreError, UnwrapError
from dynaseal.materials import kms_calls
from dynaseal.observation import observed_kms_call

_Error = TypeVar("_Error", KmsEncryptError, KmsDecryptError)


class KeyStoreKmsClient(Protocol):
    """The methods of boto3's KMS client that a key store uses; any object that has them is accepted."""

    @property
    def generate_data_key_without_plaintext(self) -> Callable[..., Any]:
        """GenerateDataKeyWithoutPlaintext."""
        ...

    @property
    def re_encrypt(self) -> Callable[..., Any]:
        """ReEncrypt."""
        ...

    @property
    def decrypt(self) -> Callable[..., Any]:
        """Decrypt."""
        ...


class KeyStoreKmsError(KeyStoreError, KmsError):
    """KMS refused a call that a branch key or beacon key needs."""

    def __init__(
        self, error_response: Any, operation_name: str, key_id: str, region: str | None = None
    ) -> None:
        KmsError.__init__(self, error_response, operation_name, key_id, region)
        if error_response.get("Error", {}).get("Code") == "InvalidCiphertextException":
            self.hint = (
                "The key store's record was changed or copied, or was written with another logical key store "
                "name: restore the record, or configure the name that it was written with"
            )

    def as_encrypt_error(self) -> EncryptError:
        """Return the error for an item that cannot be encrypted because of this one."""
        return self._as(KmsEncryptError)

    def as_unwrap_error(self) -> UnwrapError:
        """Return the error for an item that cannot be read because of this one."""
        return self._as(KmsDecryptError)

    def _as(self, kind: type[_Error]) -> _Error:
        error = kind(self.response, self.operation_name, self.key_id, self.region)
        error.hint = self.hint
        return error


class BotoKeyStoreKms:
    """Calls KMS with one key, through a client that is made when it is first needed.

    Args:
        key_arn: The ARN of the KMS key.
        client: Returns the client; called once for each call of KMS.
        grant_tokens: Tokens of grants that are not yet effective everywhere.
    """

    def __init__(
        self, key_arn: str, client: Callable[[], KeyStoreKmsClient], grant_tokens: Sequence[str]
    ) -> None:
        self._key_arn = key_arn
        self._client = client
        self._grant_tokens = list(grant_tokens)

    def generate(self, context: Mapping[str, str]) -> bytes:
        """Return 32 new bytes, encrypted, that only KMS knows: GenerateDataKeyWithoutPlaintext."""
        return self._call(
            "GenerateDataKeyWithoutPlaintext",
            KeyId=self._key_arn,
            NumberOfBytes=KEY_LENGTH,
            EncryptionContext=dict(context),
        ).binary("CiphertextBlob")

    def re_encrypt(
        self, ciphertext: bytes, source: Mapping[str, str], destination: Mapping[str, str]
    ) -> bytes:
        """Encrypt the same bytes under another encryption context: ReEncrypt."""
        reply = self._call(
            "ReEncrypt",
            CiphertextBlob=ciphertext,
            SourceKeyId=self._key_arn,
            SourceEncryptionContext=dict(source),
            DestinationKeyId=self._key_arn,
            DestinationEncryptionContext=dict(destination),
        )
        self._check_used("ReEncrypt", reply.string("SourceKeyId"))
        return reply.binary("CiphertextBlob")

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Decrypt, and return the plaintext: Decrypt."""
        return self._call(
            "Decrypt",
            KeyId=self._key_arn,
            CiphertextBlob=ciphertext,
            EncryptionContext=dict(context),
        ).binary("Plaintext")

    def _call(self, operation: str, **request: Any) -> KmsReply:
        method = method_of(self._client(), operation)
        kms_calls.count(operation, self._key_arn)
        try:
            with observed_kms_call(operation, self._key_arn):
                returned = drivers.call(method, **request, GrantTokens=self._grant_tokens)
        except ClientError as error:
            raise KeyStoreKmsError(error.response, operation, self._key_arn) from error
        except BotoCoreError as error:
            raise KeyStoreError(
                f"KMS could not be called for {operation} on {self._key_arn}: {error}"
            ) from error
        reply = KmsReply(operation, self._key_arn, returned, KeyStoreError)
        self._check_used(operation, reply.string("KeyId"))
        return reply

    def _check_used(self, operation: str, used_key: str) -> None:
        if used_key != self._key_arn:
            raise KeyStoreError(f"KMS was called for {operation} with {self._key_arn} and used another key")
