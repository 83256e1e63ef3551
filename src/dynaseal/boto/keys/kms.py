"""KMS through boto3, with refusals that say what to do.

- A refusal is raised as an EncryptError or an UnwrapError, and as botocore's ClientError with AWS's own code
  and message, so code that handles either goes on working.
- Retries and time-outs are those of the client's botocore Config.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.boto.keys.clients import UntypedClient
from dynaseal.errors import DynasealError, EncryptError, UnwrapError
from dynaseal.materials import kms_calls
from dynaseal.materials.arn import region_of
from dynaseal.materials.keyrings.kms import GeneratedKey
from dynaseal.materials.keyrings.wrapping import INTERMEDIATE_KEY_LENGTH

KEY_AGREEMENT = "KEY_AGREEMENT"

_HINTS = {
    "AccessDeniedException": "Allow kms:{operation} to this principal in the key's policy, or by an IAM "
    "policy where the key's policy delegates to the account",
    "DisabledException": "Enable the key",
    "ExpiredTokenException": "Renew the credentials",
    "IncorrectKeyException": "Give the ARN of the key that wrapped the data key",
    "InvalidCiphertextException": "The data key was wrapped under another key, or for another item or table",
    "InvalidKeyUsageException": "Give a key whose usage fits: ENCRYPT_DECRYPT, or KEY_AGREEMENT for ECDH",
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
        region: The Region that was asked, where the client says.
    """

    code = "kms"

    def __init__(
        self, error_response: Any, operation_name: str, key_id: str, region: str | None = None
    ) -> None:
        ClientError.__init__(self, error_response, operation_name)
        self.key_id = key_id
        self.region = region
        details: Mapping[str, str] = error_response.get("Error", {})
        reason = details.get("Code", "Unknown")
        DynasealError.__init__(
            self,
            f"KMS refused {operation_name} on {key_id}: {reason}: {details.get('Message', '')}",
            hint=_hint(reason, operation_name, key_id, region),
        )

    def __reduce__(self) -> tuple[type, tuple[Any, str, str, str | None]]:
        return type(self), (self.response, self.operation_name, self.key_id, self.region)


def _hint(reason: str, operation: str, key_id: str, region: str | None) -> str | None:
    key_region = region_of(key_id)
    if reason == "NotFoundException" and region and key_region and region != key_region:
        return f"The key is of {key_region} and the client asks {region}: give a client of the key's Region"
    hint = _HINTS.get(reason)
    return hint and hint.format(operation=operation)


class KmsEncryptError(EncryptError, KmsError):
    """KMS refused a call that encrypting an item needs."""

    code = "kms"

    def __init__(
        self, error_response: Any, operation_name: str, key_id: str, region: str | None = None
    ) -> None:
        KmsError.__init__(self, error_response, operation_name, key_id, region)


class KmsDecryptError(UnwrapError, KmsError):
    """KMS refused a call that reading an item needs."""

    code = "kms"

    def __init__(
        self, error_response: Any, operation_name: str, key_id: str, region: str | None = None
    ) -> None:
        self.causes: tuple[Exception, ...] = ()
        KmsError.__init__(self, error_response, operation_name, key_id, region)


class KmsClient(Protocol):
    """The methods of boto3's KMS client that keyrings use; any object that has them is accepted."""

    @property
    def generate_data_key(self) -> Callable[..., Mapping[str, Any]]:
        """GenerateDataKey."""
        ...

    @property
    def decrypt(self) -> Callable[..., Mapping[str, Any]]:
        """Decrypt."""
        ...


class KmsEcdhClient(KmsClient, Protocol):
    """The methods that ECDH keyrings use besides."""

    @property
    def derive_shared_secret(self) -> Callable[..., Mapping[str, Any]]:
        """DeriveSharedSecret."""
        ...

    @property
    def get_public_key(self) -> Callable[..., Mapping[str, Any]]:
        """GetPublicKey."""
        ...


class BotoKms:
    """Asks KMS through a client, which is made when it is first needed.

    Args:
        client: Gives the client; called once for each request.
    """

    def __init__(self, client: Callable[[], KmsClient | UntypedClient]) -> None:
        self._client = client

    def generate_data_key(
        self, key_id: str, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> GeneratedKey:
        """Make 32 bytes, in the clear and under the key."""
        answer = self._ask(
            "GenerateDataKey",
            key_id,
            writing=True,
            NumberOfBytes=INTERMEDIATE_KEY_LENGTH,
            EncryptionContext=dict(context),
            GrantTokens=list(grant_tokens),
        )
        return GeneratedKey(answer["Plaintext"], answer["CiphertextBlob"], answer["KeyId"])

    def decrypt(
        self, key_id: str, ciphertext: bytes, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt, and say which key did."""
        answer = self._ask(
            "Decrypt",
            key_id,
            writing=False,
            CiphertextBlob=ciphertext,
            EncryptionContext=dict(context),
            GrantTokens=list(grant_tokens),
        )
        return answer["Plaintext"], answer["KeyId"]

    def decrypt_rsa(
        self, key_id: str, ciphertext: bytes, algorithm: str, grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt under an RSA key, and say which key did."""
        answer = self._ask(
            "Decrypt",
            key_id,
            writing=False,
            CiphertextBlob=ciphertext,
            EncryptionAlgorithm=algorithm,
            GrantTokens=list(grant_tokens),
        )
        return answer["Plaintext"], answer["KeyId"]

    def derive_shared_secret(
        self, key_id: str, public_key: bytes, grant_tokens: Sequence[str], *, writing: bool
    ) -> tuple[bytes, str]:
        """Make the secret of a KMS key and a public key, and say which key did."""
        answer = self._ask(
            "DeriveSharedSecret",
            key_id,
            writing=writing,
            KeyAgreementAlgorithm="ECDH",
            PublicKey=public_key,
            GrantTokens=list(grant_tokens),
        )
        return answer["SharedSecret"], answer["KeyId"]

    def public_key(self, key_id: str, *, writing: bool) -> bytes:
        """Give the public half of a KMS key for key agreement."""
        answer = self._ask("GetPublicKey", key_id, writing=writing)
        usage = answer.get("KeyUsage", KEY_AGREEMENT)
        if usage != KEY_AGREEMENT:
            message = f"{key_id} is a key for {usage}, and ECDH needs one for {KEY_AGREEMENT}"
            raise EncryptError(message) if writing else UnwrapError(message)
        return answer["PublicKey"]

    def _ask(self, operation: str, key_id: str, *, writing: bool, **parameters: Any) -> Mapping[str, Any]:
        client = self._client()
        kms_calls.count(operation, key_id, per_item=operation != "GetPublicKey")
        try:
            return getattr(client, xform_name(operation))(KeyId=key_id, **parameters)
        except ClientError as error:
            refused = KmsEncryptError if writing else KmsDecryptError
            raise refused(error.response, operation, key_id, _region(client)) from error
        except BotoCoreError as error:
            message = f"KMS could not be asked for {operation} on {key_id}: {error}"
            raise (EncryptError(message) if writing else UnwrapError(message)) from error


def _region(client: Any) -> str | None:
    """The Region of a boto3 client; a client of another make may not say."""
    return getattr(getattr(client, "meta", None), "region_name", None)
