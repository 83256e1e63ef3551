"""Storage keys: the KMS keys that encrypt tables at rest. KMS is called as the caller, each time.

* Creating a table on a key takes the caller's permissions to DescribeKey, CreateGrant and GenerateDataKey;
  reaching its items takes Decrypt. KMS sees `kms:ViaService` and the table's encryption context.
* The table's data key is wrapped by KMS under that context and unwrapped at every access. AWS caches it for
  five minutes; the lab does not, so that a changed permission takes effect at once.
* The data key decides who reaches the items. It does not encrypt them: the engine keeps them as they are.
* When KMS refuses, a missing permission becomes an AccessDeniedException. A key that is disabled, pending
  deletion or gone becomes a ValidationException. Anything else is DynamoDB's own failure (HTTP 500), even a
  key of the wrong kind. The message is that of the Java client with which DynamoDB calls KMS.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from dynaseal_lab.dynamodb.table_names import Table
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import Call, Clock, Fault, Principal
from dynaseal_lab.record_store import RecordStore

AWS_MANAGED = "alias/aws/dynamodb"
"""The key of a table that is to be encrypted with KMS when the request names no key."""

_GRANTED_OPERATIONS = [
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
]

_ERROR_NAMES = {
    "DisabledException": "KMS key disabled error",
    "KMSInvalidStateException": "KMS validation error",
    "NotFoundException": "KMS validation error",
}


@dataclass(frozen=True, slots=True)
class StorageKey:
    """A table's KMS key, the wrapped data key, and the grant by which DynamoDB itself may use the key."""

    key_arn: str
    wrapped: bytes = field(repr=False)
    grant_id: str


class StorageKeys:
    """The storage keys of all tables that have one, and the calls to KMS that they take."""

    def __init__(self, kms: KmsService, clock: Clock, record_store: RecordStore) -> None:
        self._kms = kms
        self._clock = clock
        self._unusable_since: dict[Table, float] = {}
        self._keys = record_store.mapping("dynamodb-storage-key", StorageKey)

    def of(self, table: Table) -> StorageKey | None:
        """Return the table's storage key; None where the table is on a key that DynamoDB owns."""
        return self._keys.get(table.record_key)

    async def prepare(self, call: Call, table: Table, key_id: str) -> StorageKey:
        """Make the calls to KMS that a table on this key takes, before the table is created or changed.

        Args:
            call: The request that creates or changes the table.
            table: The table.
            key_id: A KMS key as the request names it, or AWS_MANAGED.

        Raises:
            Fault: KMS's refusal, in DynamoDB's form.
        """
        if key_id == AWS_MANAGED:
            key_id = self._kms.managed_key(table.account, table.region, "dynamodb")
        described = await self._call_kms(call, "DescribeKey", KeyId=key_id)
        arn = described["KeyMetadata"]["Arn"]
        context = _encryption_context(table)
        service = _service(table.region)
        grant = await self._call_kms(
            call,
            "CreateGrant",
            KeyId=arn,
            GranteePrincipal=service,
            RetiringPrincipal=service,
            Operations=_GRANTED_OPERATIONS,
            Constraints={"EncryptionContextSubset": context},
        )
        data_key = await self._call_kms(
            call, "GenerateDataKey", KeyId=arn, KeySpec="AES_256", EncryptionContext=context
        )
        return StorageKey(arn, data_key["CiphertextBlob"], grant["GrantId"])

    def attach(self, table: Table, key: StorageKey) -> None:
        """Record that the table is on a key that was prepared."""
        self._keys[table.record_key] = key

    async def detach(self, call: Call, table: Table) -> None:
        """Forget the table's key, if it has one; DynamoDB retires its grant as itself, not as the caller."""
        key = self._keys.pop(table.record_key, None)
        self._unusable_since.pop(table, None)
        if key is not None:
            await self.abandon(call, key)

    async def abandon(self, call: Call, key: StorageKey) -> None:
        """Retire the grant of a key that no table uses, if the grant and the key still exist."""
        service = _service(call.region)
        principal = Principal(
            kind="service",
            account=call.principal.account,
            arn=service,
            caller_arn=service,
            user_id=service,
            name=service,
        )
        service_call = replace(call, principal=principal)
        with suppress(Fault):  # the request about the table has been carried out, whatever KMS answers
            await self._call_kms(service_call, "RetireGrant", KeyId=key.key_arn, GrantId=key.grant_id)

    async def unlock(self, call: Call, table: Table) -> None:
        """Unwrap the table's data key as the caller; a table on a key that DynamoDB owns has none.

        Raises:
            Fault: KMS's refusal, in DynamoDB's form.
        """
        key = self._keys.get(table.record_key)
        if key is not None:
            context = _encryption_context(table)
            await self._call_kms(
                call, "Decrypt", KeyId=key.key_arn, CiphertextBlob=key.wrapped, EncryptionContext=context
            )

    def describe(self, table: Table, description: dict[str, Any]) -> None:
        """Add what the lab knows of the storage key to the engine's description of the table."""
        key = self._keys.get(table.record_key)
        if key is None:
            if description.get("SSEDescription", {}).get("Status") == "DISABLED":
                del description["SSEDescription"]
            return
        encryption: dict[str, Any] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key.key_arn}
        description["SSEDescription"] = encryption
        if self._kms.key_state(key.key_arn) == "Enabled":
            self._unusable_since.pop(table, None)
        elif description.get("TableStatus") == "ACTIVE":
            noticed = self._unusable_since.setdefault(table, self._clock.now().timestamp())
            description["TableStatus"] = "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
            encryption["InaccessibleEncryptionDateTime"] = noticed

    async def _call_kms(self, call: Call, operation: str, **params: Any) -> Mapping[str, Any]:
        kms_call = replace(
            call,
            service="kms",
            operation=operation,
            params=params,
            via_service=_service(call.region),
            raw_body=b"",
        )
        try:
            return await self._kms.handle(kms_call)
        except Fault as fault:
            raise _as_dynamodb_error(fault, call.request_id) from fault


def _encryption_context(table: Table) -> dict[str, str]:
    return {"aws:dynamodb:tableName": table.name, "aws:dynamodb:subscriberId": table.account}


def _service(region: str) -> str:
    return f"dynamodb.{region}.amazonaws.com"


def _as_dynamodb_error(fault: Fault, request_id: str) -> Fault:
    """Return DynamoDB's error for an error of KMS.

    >>> refused = Fault("DisabledException", "KEY is disabled.")
    >>> _as_dynamodb_error(refused, "r").message.partition(" (Service")[0]
    'KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: KEY is disabled.'
    """
    code = fault.code
    details = (
        f"{fault.message} (Service: AWSKMS; Status Code: 400; Error Code: {code}; "
        f"Request ID: {request_id}; Proxy: null)"
    )
    package = "com.amazonaws.services.kms.model"
    if code == "AccessDeniedException":
        return Fault(code, f"KMS key access denied error: {package}.AWSKMSException: {details}")
    if code in _ERROR_NAMES:
        return Fault("ValidationException", f"{_ERROR_NAMES[code]}: {package}.{code}: {details}")
    return Fault(
        "InternalServerError", f"KMS internal error: {package}.AWSKMSException: {details}", status=500
    )
