"""KMS through boto3, with refusals that say what to do.

- A refusal is raised as an EncryptError or an UnwrapError, and as botocore's ClientError with AWS's own code
  and message, so code that handles either goes on working.
- Retries and time-outs are those of the client's botocore Config.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.errors import DynasealError, EncryptError, UnwrapError
from dynaseal.materials.kms import GeneratedKey
from dynaseal.materials.wrapping import INTERMEDIATE_KEY_LENGTH

_HINTS = {
    "AccessDeniedException": "Allow kms:{operation} to this principal in the key's policy, or by an IAM "
    "policy where the key's policy delegates to the account",
    "DisabledException": "Enable the key",
    "ExpiredTokenException": "Renew the credentials",
    "IncorrectKeyException": "Give the ARN of the key that wrapped the data key",
    "InvalidCiphertextException": "The data key was wrapped under another key, or for another item or table",
    "KMSInvalidStateException": "Look at the key's state; CancelKeyDeletion restores one pending deletion",
    "NotFoundException": "Check the key's ARN, its account and its Region",
    "ThrottlingException": "Ask KMS less often: a hierarchical keyring makes one call for many items",
    "UnrecognizedClientException": "Check the credentials and the endpoint",
}


class KmsError(DynasealError, ClientError):
    """KMS refused a call: a botocore ClientError too, with AWS's code and message in `response`.

    Attributes:
        response: AWS's answer, as botocore has it.
        operation_name: The operation, such as `GenerateDataKey`.
        key_id: The key that was asked for.
    """

    code = "kms"

    def __init__(self, error_response: Any, operation_name: str, key_id: str) -> None:
        ClientError.__init__(self, error_response, operation_name)
        self.key_id = key_id
        details: Mapping[str, str] = error_response.get("Error", {})
        reason = details.get("Code", "Unknown")
        hint = _HINTS.get(reason)
        DynasealError.__init__(
            self,
            f"KMS refused {operation_name} on {key_id}: {reason}: {details.get('Message', '')}",
            hint=hint and hint.format(operation=operation_name),
        )

    def __reduce__(self) -> tuple[type, tuple[Any, str, str]]:
        return type(self), (self.response, self.operation_name, self.key_id)


class KmsEncryptError(EncryptError, KmsError):
    """KMS refused a call that encrypting an item needs."""

    def __init__(self, error_response: Any, operation_name: str, key_id: str) -> None:
        KmsError.__init__(self, error_response, operation_name, key_id)


class KmsDecryptError(UnwrapError, KmsError):
    """KMS refused a call that reading an item needs."""

    def __init__(self, error_response: Any, operation_name: str, key_id: str) -> None:
        self.causes = ()
        KmsError.__init__(self, error_response, operation_name, key_id)


class KmsClient(Protocol):
    """The methods of boto3's KMS client that are used; anything that has them will do."""

    def generate_data_key(self, **request: Any) -> Mapping[str, Any]:
        """GenerateDataKey."""
        ...

    def decrypt(self, **request: Any) -> Mapping[str, Any]:
        """Decrypt."""
        ...


class BotoKms:
    """Asks KMS through a client, which is made when it is first needed.

    Args:
        client: Gives the client; called once for each request.
    """

    def __init__(self, client: Callable[[], KmsClient]) -> None:
        self._client = client

    def generate_data_key(
        self, key_id: str, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> GeneratedKey:
        """Make 32 bytes, in the clear and under the key."""
        try:
            answer = self._client().generate_data_key(
                KeyId=key_id,
                NumberOfBytes=INTERMEDIATE_KEY_LENGTH,
                EncryptionContext=dict(context),
                GrantTokens=list(grant_tokens),
            )
        except ClientError as error:
            raise KmsEncryptError(error.response, "GenerateDataKey", key_id) from error
        except BotoCoreError as error:
            raise EncryptError(f"KMS could not be asked for GenerateDataKey on {key_id}: {error}") from error
        return GeneratedKey(answer["Plaintext"], answer["CiphertextBlob"], answer["KeyId"])

    def decrypt(
        self, key_id: str, ciphertext: bytes, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt, and say which key did."""
        try:
            answer = self._client().decrypt(
                KeyId=key_id,
                CiphertextBlob=ciphertext,
                EncryptionContext=dict(context),
                GrantTokens=list(grant_tokens),
            )
        except ClientError as error:
            raise KmsDecryptError(error.response, "Decrypt", key_id) from error
        except BotoCoreError as error:
            raise UnwrapError(f"KMS could not be asked for Decrypt on {key_id}: {error}") from error
        return answer["Plaintext"], answer["KeyId"]
