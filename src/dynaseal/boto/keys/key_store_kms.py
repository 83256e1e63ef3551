"""A key store's KMS key, asked through boto3.

- A refusal is raised as a KeyStoreError, and as a KmsError with AWS's own code and message.
- Retries and time-outs are those of the client's botocore Config.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.boto.keys.kms import KmsDecryptError, KmsEncryptError, KmsError
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.errors import EncryptError, KeyStoreError, UnwrapError
from dynaseal.materials import kms_calls

_Error = TypeVar("_Error", KmsEncryptError, KmsDecryptError)


class KeyStoreKmsClient(Protocol):
    """The methods of boto3's KMS client that a key store uses; any object that has them is accepted."""

    @property
    def generate_data_key_without_plaintext(self) -> Callable[..., Mapping[str, Any]]:
        """GenerateDataKeyWithoutPlaintext."""
        ...

    @property
    def re_encrypt(self) -> Callable[..., Mapping[str, Any]]:
        """ReEncrypt."""
        ...

    @property
    def decrypt(self) -> Callable[..., Mapping[str, Any]]:
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
                "The key store's record was changed or copied, or written under another logical key store "
                "name: restore it, or give the name it was written under"
            )

    def as_encrypt_error(self) -> EncryptError:
        """Give the error of an item that cannot be encrypted because of this."""
        return self._as(KmsEncryptError)

    def as_unwrap_error(self) -> UnwrapError:
        """Give the error of an item that cannot be read because of this."""
        return self._as(KmsDecryptError)

    def _as(self, kind: type[_Error]) -> _Error:
        error = kind(self.response, self.operation_name, self.key_id, self.region)
        error.hint = self.hint
        return error


class BotoKeyStoreKms:
    """Asks KMS about one key through a client, which is made when it is first needed."""

    def __init__(
        self, key_arn: str, client: Callable[[], KeyStoreKmsClient], grant_tokens: Sequence[str]
    ) -> None:
        self._key_arn = key_arn
        self._client = client
        self._grant_tokens = list(grant_tokens)

    def generate(self, context: Mapping[str, str]) -> bytes:
        """Make 32 bytes that only KMS has seen: GenerateDataKeyWithoutPlaintext."""
        return self._ask(
            "GenerateDataKeyWithoutPlaintext",
            self._client().generate_data_key_without_plaintext,
            KeyId=self._key_arn,
            NumberOfBytes=KEY_LENGTH,
            EncryptionContext=dict(context),
        )["CiphertextBlob"]

    def re_encrypt(
        self, ciphertext: bytes, source: Mapping[str, str], destination: Mapping[str, str]
    ) -> bytes:
        """Wrap the same bytes under another context: ReEncrypt."""
        return self._ask(
            "ReEncrypt",
            self._client().re_encrypt,
            CiphertextBlob=ciphertext,
            SourceKeyId=self._key_arn,
            SourceEncryptionContext=dict(source),
            DestinationKeyId=self._key_arn,
            DestinationEncryptionContext=dict(destination),
        )["CiphertextBlob"]

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Unwrap: Decrypt."""
        return self._ask(
            "Decrypt",
            self._client().decrypt,
            KeyId=self._key_arn,
            CiphertextBlob=ciphertext,
            EncryptionContext=dict(context),
        )["Plaintext"]

    def _ask(
        self, operation: str, call: Callable[..., Mapping[str, Any]], **request: Any
    ) -> Mapping[str, Any]:
        kms_calls.count(operation, self._key_arn)
        try:
            answer = call(**request, GrantTokens=self._grant_tokens)
        except ClientError as error:
            raise KeyStoreKmsError(error.response, operation, self._key_arn) from error
        except BotoCoreError as error:
            raise KeyStoreError(
                f"KMS could not be asked for {operation} on {self._key_arn}: {error}"
            ) from error
        if answer["KeyId"] != self._key_arn:
            raise KeyStoreError(f"KMS was asked for {operation} with {self._key_arn} and used another key")
        return answer
