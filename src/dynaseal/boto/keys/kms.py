"""Calls of KMS through boto3, with errors that say what to do.

- A refused call raises an EncryptError or an UnwrapError that is also a botocore ClientError, with AWS's own
  code and message. So code that handles either kind works.
- The client's botocore Config decides about retries and time-outs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal import drivers
from dynaseal.boto.keys.clients import UntypedClient, method_of
from dynaseal.boto.keys.kms_replies import KmsReply
from dynaseal.core.quoting import escaped, shown
from dynaseal.errors import DynasealError, EncryptError, UnwrapError
from dynaseal.materials import kms_calls
from dynaseal.materials.arn import region_of
from dynaseal.materials.keyrings.kms import GeneratedKey
from dynaseal.materials.keyrings.wrapping import INTERMEDIATE_KEY_LENGTH
from dynaseal.observation import observed_kms_call

KEY_AGREEMENT = "KEY_AGREEMENT"

_HINTS = {
    "AccessDeniedException": "Allow kms:{operation} for this principal in the key policy, or in an IAM "
    "policy if the key policy delegates access to the account",
    "DisabledException": "Enable the key",
    "ExpiredTokenException": "Renew the credentials",
    "IncorrectKeyException": "Use the ARN of the key that wrapped the data key",
    "InvalidCiphertextException": "The data key was wrapped under another key, or for another item or table",
    "InvalidKeyUsageException": "Use a key whose usage is ENCRYPT_DECRYPT, or for ECDH KEY_AGREEMENT",
    "KMSInvalidStateException": "Check the key's state; CancelKeyDeletion restores a key pending deletion",
    "NotFoundException": "Check the key's ARN, its account and its Region",
    "ThrottlingException": "Call KMS less often: a hierarchical keyring makes one call for many items",
    "UnrecognizedClientException": "Check the credentials and the endpoint",
}


class KmsError(DynasealError, ClientError):
    """KMS refused a call; also a botocore ClientError, with AWS's code and message in `response`.

    Attributes:
        response: AWS's response, as botocore has it.
        operation_name: The operation, such as `GenerateDataKey`.
        key_id: The key that the call named.
        region: The Region of the client; None if the client does not say.
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
            # A discovery keyring's key id comes from the item, and AWS's message may repeat it.
            f"KMS refused {operation_name} on {shown(key_id)}: {escaped(reason)}: "
            f"{escaped(details.get('Message', ''))}",
            hint=_hint(reason, operation_name, key_id, region),
        )

    # Both bases have one; DynasealError's keeps every attribute, ClientError's only the response.
    __reduce__ = DynasealError.__reduce__


def _hint(reason: str, operation: str, key_id: str, region: str | None) -> str | None:
    key_region = region_of(key_id)
    if reason == "NotFoundException" and region and key_region and region != key_region:
        return f"The key is in {key_region} and the client calls {region}: use a client of the key's Region"
    hint = _HINTS.get(reason)
    return hint and hint.format(operation=operation)


class KmsEncryptError(EncryptError, KmsError):
    """KMS refused a call that was needed to encrypt an item."""

    code = "kms"

    def __init__(
        self, error_response: Any, operation_name: str, key_id: str, region: str | None = None
    ) -> None:
        KmsError.__init__(self, error_response, operation_name, key_id, region)


class KmsDecryptError(UnwrapError, KmsError):
    """KMS refused a call that was needed to read an item."""

    code = "kms"

    def __init__(
        self, error_response: Any, operation_name: str, key_id: str, region: str | None = None
    ) -> None:
        # An UnwrapError lists its causes in its message. Here KMS's refusal is the only cause and the message
        # is already about it, so UnwrapError's constructor is not called and its attribute is set to "no
        # others".
        self.causes: tuple[Exception, ...] = ()
        KmsError.__init__(self, error_response, operation_name, key_id, region)


class KmsClient(Protocol):
    """The methods of boto3's KMS client that keyrings use; any object that has them is accepted."""

    @property
    def generate_data_key(self) -> Callable[..., Any]:
        """GenerateDataKey."""
        ...

    @property
    def decrypt(self) -> Callable[..., Any]:
        """Decrypt."""
        ...


class KmsEcdhClient(KmsClient, Protocol):
    """The methods of boto3's KMS client that ECDH keyrings use."""

    @property
    def derive_shared_secret(self) -> Callable[..., Any]:
        """DeriveSharedSecret."""
        ...

    @property
    def get_public_key(self) -> Callable[..., Any]:
        """GetPublicKey."""
        ...


class BotoKms:
    """Calls KMS through a client that is made when it is first needed.

    Args:
        client: Returns the client; called once for each call of KMS.
    """

    def __init__(self, client: Callable[[], KmsClient | UntypedClient]) -> None:
        self._client = client

    def client(self) -> KmsClient | UntypedClient:
        """Return the client, which is made now if it has not been made yet."""
        return self._client()

    def generate_data_key(
        self, key_id: str, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> GeneratedKey:
        """Generate 32 bytes, and return them in the clear and encrypted under the key."""
        reply = self._call(
            "GenerateDataKey",
            key_id,
            writing=True,
            NumberOfBytes=INTERMEDIATE_KEY_LENGTH,
            EncryptionContext=dict(context),
            GrantTokens=list(grant_tokens),
        )
        return GeneratedKey(reply.binary("Plaintext"), reply.binary("CiphertextBlob"), reply.string("KeyId"))

    def decrypt(
        self, key_id: str, ciphertext: bytes, context: Mapping[str, str], grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt, and return the plaintext and the ARN of the key that was used."""
        reply = self._call(
            "Decrypt",
            key_id,
            writing=False,
            CiphertextBlob=ciphertext,
            EncryptionContext=dict(context),
            GrantTokens=list(grant_tokens),
        )
        return reply.binary("Plaintext"), reply.string("KeyId")

    def decrypt_rsa(
        self, key_id: str, ciphertext: bytes, algorithm: str, grant_tokens: Sequence[str]
    ) -> tuple[bytes, str]:
        """Decrypt with an RSA key, and return the plaintext and the ARN of the key that was used."""
        reply = self._call(
            "Decrypt",
            key_id,
            writing=False,
            CiphertextBlob=ciphertext,
            EncryptionAlgorithm=algorithm,
            GrantTokens=list(grant_tokens),
        )
        return reply.binary("Plaintext"), reply.string("KeyId")

    def derive_shared_secret(
        self, key_id: str, public_key: bytes, grant_tokens: Sequence[str], *, writing: bool
    ) -> tuple[bytes, str]:
        """Return the secret that a KMS key and a public key share, and the ARN of the key that was used."""
        reply = self._call(
            "DeriveSharedSecret",
            key_id,
            writing=writing,
            KeyAgreementAlgorithm="ECDH",
            PublicKey=public_key,
            GrantTokens=list(grant_tokens),
        )
        return reply.binary("SharedSecret"), reply.string("KeyId")

    def public_key(self, key_id: str, *, writing: bool) -> tuple[bytes, str]:
        """Return the public key of a KMS key for key agreement, and the ARN of the key that it is of.

        The public key is SubjectPublicKeyInfo in DER. A key with another usage is refused.
        """
        reply = self._call("GetPublicKey", key_id, writing=writing)
        usage = reply.get("KeyUsage")
        if usage != KEY_AGREEMENT:
            known = "no known usage" if usage is None else f"the usage {usage}"
            message = f"The key {key_id} has {known}, and ECDH needs a key with the usage {KEY_AGREEMENT}"
            raise EncryptError(message) if writing else UnwrapError(message)
        return reply.binary("PublicKey"), reply.string("KeyId")

    def _call(self, operation: str, key_id: str, *, writing: bool, **parameters: Any) -> KmsReply:
        failure = EncryptError if writing else UnwrapError
        client = self._client()
        method = method_of(client, operation)
        kms_calls.count(operation, key_id, per_item=operation != "GetPublicKey")
        try:
            with observed_kms_call(operation, key_id):
                reply = drivers.call(method, KeyId=key_id, **parameters)
        except ClientError as error:
            kms_error = KmsEncryptError if writing else KmsDecryptError
            raise kms_error(error.response, operation, key_id, _region(client)) from error
        except BotoCoreError as error:
            message = f"KMS could not be called for {operation} on {shown(key_id)}: {escaped(str(error))}"
            raise failure(message) from error
        return KmsReply(operation, key_id, reply, failure)


def _region(client: Any) -> str | None:
    """Return the Region of a boto3 client; None for another object that does not have one."""
    return getattr(getattr(client, "meta", None), "region_name", None)
