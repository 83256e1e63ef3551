"""The KMS keys of a configuration: whether they exist, are enabled and rotated, and may be used.

DescribeKey and GetKeyRotationStatus show a key's state. KMS's dry run decides as for a real call, by all
policies and grants, and does nothing. A dry run of Decrypt needs a ciphertext. It comes from a stored item;
without one, GenerateDataKey makes a data key that is not kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.boto.check_table import FindingCode
from dynaseal.boto.doctor.access import AwsClients
from dynaseal.boto.doctor.diagnosis import Notes, error_code, in_words_of_aws, is_refusal
from dynaseal.boto.keys.uses import KeyKind, KeyUse
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import AuthenticationFailedError
from dynaseal.materials.arn import is_same_key, parse_arn, region_of
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.names import KMS_PROVIDER, KMS_RSA_PROVIDER

_STATES: Mapping[str, tuple[str, str]] = {
    "Disabled": ("is disabled", "Enable the key (kms:EnableKey)"),
    "PendingDeletion": (
        "is about to be deleted",
        "Cancel its deletion (kms:CancelKeyDeletion) and enable it: no item under a deleted key can be read",
    ),
    "PendingImport": ("has no key material", "Import its key material (kms:ImportKeyMaterial)"),
    "PendingReplicaDeletion": (
        "is about to be deleted once its replicas are",
        "Cancel its deletion (kms:CancelKeyDeletion)",
    ),
    "Unavailable": ("is in a custom key store that is not connected", "Connect the custom key store"),
}
_STATE_ERRORS = frozenset({"DisabledException", "KMSInvalidStateException", "KeyUnavailableException"})
_ROTATED = frozenset({KeyKind.SYMMETRIC, KeyKind.MULTI_REGION, KeyKind.KEY_STORE})
_DATA_KEY_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Sample:
    """An encrypted data key of a stored item, and the item's encryption context."""

    data_key: EncryptedDataKey
    context: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """The check of one KMS key.

    Args:
        use: The key, and what is done with it.
        client: A KMS client of the key's Region.
        notes: Where findings go.
    """

    use: KeyUse
    client: Any
    notes: Notes

    def state(self) -> None:
        """Check that the key exists, can be used, is of the right kind, and is rotated."""
        key_id = self.use.key_id
        try:
            metadata = self.client.describe_key(KeyId=key_id)["KeyMetadata"]
        except ClientError as error:
            if is_refusal(error):
                self.notes.skip(key_id, "The key's state and usage", "kms:DescribeKey")
                self._rotation(key_id)
            else:
                self._find(
                    "key-missing", f"KMS does not find the key: {in_words_of_aws(error)}", _where(key_id)
                )
            return
        if state := _STATES.get(metadata["KeyState"]):
            self._find("key-state", f"The key {state[0]}", state[1])
        self._usage(metadata)
        if not _is_key_arn(key_id):
            self._find(
                "key-alias",
                f"The configuration names the key by {key_id!r}, and items name it by its ARN, so that what "
                "this keyring writes it cannot read",
                f"Name the key by its ARN, {metadata['Arn']}",
            )
        if metadata.get("Origin") == "AWS_KMS" and metadata.get("KeyManager") != "AWS":
            self._rotation(metadata["Arn"])

    def _usage(self, metadata: Mapping[str, Any]) -> None:
        usage, spec = metadata["KeyUsage"], metadata.get("KeySpec", "SYMMETRIC_DEFAULT")
        kind = self.use.kind
        if kind is KeyKind.ECDH:
            fits = usage == "KEY_AGREEMENT"
        elif kind is KeyKind.RSA:
            fits = usage == "ENCRYPT_DECRYPT" and spec.startswith("RSA_")
        else:
            fits = usage == "ENCRYPT_DECRYPT" and spec == "SYMMETRIC_DEFAULT"
        if not fits:
            message = f"The key is of the spec {spec} with the usage {usage}, and {kind.value} is needed"
            self._find("key-usage", message, f"Use {kind.value}, or the keyring for {spec} keys")

    def _rotation(self, key_arn: str) -> None:
        if self.use.kind not in _ROTATED or self.notes.has(self.use.key_id, "key-state", "key-usage"):
            return
        try:
            status = self.client.get_key_rotation_status(KeyId=key_arn)
        except ClientError as error:
            if is_refusal(error):
                self.notes.skip(self.use.key_id, "Whether the key is rotated", "kms:GetKeyRotationStatus")
            return
        if not status["KeyRotationEnabled"]:
            message = "The key's material is never replaced: automatic rotation is off"
            self._find("key-rotation", message, "Turn rotation on (kms:EnableKeyRotation)", is_error=False)

    def permissions(
        self, samples: Sequence[Sample], context: Mapping[str, str], *, reading: bool, writing: bool
    ) -> None:
        """Check, by dry runs, that the caller may use the key.

        Args:
            samples: Data keys of stored items.
            context: The encryption context of an item.
            reading: Whether the caller reads items.
            writing: Whether the caller writes items.
        """
        if self.notes.has(self.use.key_id, "key-missing", "key-usage"):
            return
        if self.use.kind is KeyKind.ECDH:
            self._agreement(reading=reading, writing=writing)
            return
        if writing and self.use.writing:
            self._dry_run("GenerateDataKey", NumberOfBytes=_DATA_KEY_LENGTH, EncryptionContext=dict(context))
        if reading and self.use.reading:
            self._decrypt(samples, context)

    def _decrypt(self, samples: Sequence[Sample], context: Mapping[str, str]) -> None:
        key_id = self.use.key_id
        if not _is_key_arn(key_id):
            return  # It cannot read, which is a finding already.
        request: dict[str, Any]
        sample = next((sample for sample in samples if _is_under(sample.data_key, self.use)), None)
        try:
            if sample is not None:
                request = {"CiphertextBlob": wrapping.split(sample.data_key.ciphertext)[1]}
                context = sample.context
            elif self.use.kind is KeyKind.RSA:
                self.notes.skip(key_id, "Whether kms:Decrypt is allowed: no stored item is under the key")
                return
            else:
                reply = self.client.generate_data_key(
                    KeyId=key_id, NumberOfBytes=_DATA_KEY_LENGTH, EncryptionContext=dict(context)
                )
                request = {"CiphertextBlob": reply["CiphertextBlob"]}
        except AuthenticationFailedError:
            return  # The item is damaged, which is a finding about the item.
        except ClientError as error:
            if not self.notes.has(key_id, "key-state"):
                self.notes.skip(
                    key_id,
                    "Whether kms:Decrypt is allowed: no stored item is under the key, and none can be made",
                    "kms:GenerateDataKey" if is_refusal(error) else None,
                )
            return
        if self.use.kind is KeyKind.RSA:
            request["EncryptionAlgorithm"] = self.use.algorithm
        else:
            request["EncryptionContext"] = dict(context)
        self._dry_run("Decrypt", **request)

    def _agreement(self, *, reading: bool, writing: bool) -> None:
        if not (reading and self.use.reading) and not (writing and self.use.writing):
            return
        public_key = self._call("GetPublicKey", self.client.get_public_key, {}, dry=False)
        if public_key is not None:
            self._dry_run(
                "DeriveSharedSecret", KeyAgreementAlgorithm="ECDH", PublicKey=public_key["PublicKey"]
            )

    def _dry_run(self, operation: str, **request: Any) -> None:
        methods: Mapping[str, Callable[..., Any]] = {
            "Decrypt": self.client.decrypt,
            "DeriveSharedSecret": getattr(self.client, "derive_shared_secret", None) or _missing_method,
            "GenerateDataKey": self.client.generate_data_key,
        }
        self._call(operation, methods[operation], request, dry=True)

    def _call(
        self, operation: str, method: Callable[..., Any], request: Mapping[str, Any], *, dry: bool
    ) -> Any:
        """Make a call and report a refusal; return the reply, or None if there is none."""
        key_id = self.use.key_id
        try:
            return method(KeyId=key_id, **request, **({"DryRun": True} if dry else {}))
        except ClientError as error:
            if is_refusal(error):
                self._find(
                    "permission",
                    f"KMS does not let this principal do kms:{operation}: {in_words_of_aws(error)}",
                    allow_operation(operation),
                )
            elif error_code(error) in _STATE_ERRORS and not self.notes.has(key_id, "key-state"):
                self._find(
                    "key-state",
                    f"The key cannot be used: {in_words_of_aws(error)}",
                    "Enable the key, or cancel its deletion",
                )
        except BotoCoreError as error:
            self.notes.skip(key_id, f"Whether kms:{operation} is allowed: KMS could not be called: {error}")
        return None

    def _find(self, code: FindingCode, message: str, action: str, *, is_error: bool = True) -> None:
        self.notes.find("error" if is_error else "warning", code, self.use.key_id, message, action)


def allow_operation(operation: str) -> str:
    """Return what to do where KMS refuses an operation."""
    return (
        f"Allow kms:{operation} on the key to this principal in the key policy, or in an IAM policy if the "
        "key policy leaves the decision to the account"
    )


def client_of(use: KeyUse, clients: AwsClients) -> Any:
    """Return the KMS client for a key: the keyring's own if it is one of boto3, otherwise another one."""
    client = None if use.client is None else use.client()
    return client if hasattr(client, "describe_key") else clients("kms", region_of(use.key_id))


def is_in_region(use: KeyUse) -> bool:
    """Return whether a keyring's client, as far as it has a Region, calls KMS in the key's Region."""
    client = None if use.client is None else use.client()
    region = getattr(getattr(client, "meta", None), "region_name", None)
    return region is None or region == region_of(use.key_id)


def _where(key_id: str) -> str:
    region = region_of(key_id)
    if region is None:
        return "Check the key's id, and the account and Region of the client; or pass the key's ARN"
    return f"Check the key's ARN and its account {parse_arn(key_id).account}, and call KMS in {region}"


def _is_key_arn(key_id: str) -> bool:
    try:
        return parse_arn(key_id).kind == "key"
    except ValueError:
        return False


def _is_under(data_key: EncryptedDataKey, use: KeyUse) -> bool:
    if data_key.provider_id != (KMS_RSA_PROVIDER if use.kind is KeyKind.RSA else KMS_PROVIDER):
        return False
    name = data_key.provider_info.decode("utf-8", "replace")
    if use.kind is not KeyKind.MULTI_REGION or not _is_key_arn(name):
        return name == use.key_id
    return is_same_key(use.key_id, parse_arn(name))


def _missing_method(**_request: Any) -> None:
    return None
