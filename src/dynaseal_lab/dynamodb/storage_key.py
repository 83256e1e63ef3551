"""The KMS key under which a table is stored: asked as the caller, each time.

* Making a table on a key takes the caller's DescribeKey, CreateGrant and GenerateDataKey; reaching its items
  takes the caller's Decrypt. KMS sees `kms:ViaService` and the table's encryption context.
* The table's data key is a real one, wrapped by KMS under that context, and it is unwrapped at every access.
  AWS keeps it for five minutes; the lab does not, so that a changed permission shows at once.
* The engine keeps items as they are: the data key guards who gets at them, it does not encrypt them.

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
"""The key that a table lies on which is to be encrypted by KMS and names no key."""

_GRANTED = [
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
]

_NAMED = {
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
    """The storage keys of all tables that have one, and what is asked of KMS for them."""

    def __init__(self, kms: KmsService, clock: Clock, record_store: RecordStore) -> None:
        self._kms = kms
        self._clock = clock
        self._unusable_since: dict[Table, float] = {}
        self._keys = record_store.mapping("dynamodb-storage-key", StorageKey)

    def of(self, table: Table) -> StorageKey | None:
        """The table's storage key; None where DynamoDB's own key stores it."""
        return self._keys.get(table.record_key)

    async def prepare(self, call: Call, table: Table, key_id: str) -> StorageKey:
        """Get everything that a table on this key needs, before the table is made.

        Args:
            call: the request that makes or changes the table.
            table: the table.
            key_id: a KMS key as a request names it, or AWS_MANAGED.

        Raises:
            Fault: KMS refused, as DynamoDB passes it on.
        """
        if key_id == AWS_MANAGED:
            key_id = self._kms.managed_key(table.account, table.region, "dynamodb")
        described = await self._ask(call, "DescribeKey", KeyId=key_id)
        arn = described["KeyMetadata"]["Arn"]
        context = _context(table)
        service = _service(table.region)
        granted = await self._ask(
            call,
            "CreateGrant",
            KeyId=arn,
            GranteePrincipal=service,
            RetiringPrincipal=service,
            Operations=_GRANTED,
            Constraints={"EncryptionContextSubset": context},
        )
        made = await self._ask(
            call, "GenerateDataKey", KeyId=arn, KeySpec="AES_256", EncryptionContext=context
        )
        return StorageKey(arn, made["CiphertextBlob"], granted["GrantId"])

    def attach(self, table: Table, key: StorageKey) -> None:
        """Store the table under a key that was prepared."""
        self._keys[table.record_key] = key

    async def detach(self, call: Call, table: Table) -> None:
        """Let go of the table's key, if it has one: DynamoDB retires its grant, as itself."""
        key = self._keys.pop(table.record_key, None)
        self._unusable_since.pop(table, None)
        if key is not None:
            await self.abandon(call, key)

    async def abandon(self, call: Call, key: StorageKey) -> None:
        """Retire the grant of a key that no table uses, unless it is gone already, or the whole key is."""
        service = _service(call.region)
        principal = Principal("service", call.principal.account, service, service, service, service)
        asked = replace(call, principal=principal)
        with suppress(Fault):  # a table is deleted whatever KMS says
            await self._ask(asked, "RetireGrant", KeyId=key.key_arn, GrantId=key.grant_id)

    async def unlock(self, call: Call, table: Table) -> None:
        """Unwrap the table's data key as the caller; nothing to do for a table on DynamoDB's own key.

        Raises:
            Fault: KMS refused, as DynamoDB passes it on.
        """
        key = self._keys.get(table.record_key)
        if key is not None:
            context = _context(table)
            await self._ask(
                call, "Decrypt", KeyId=key.key_arn, CiphertextBlob=key.wrapped, EncryptionContext=context
            )

    def describe(self, table: Table, description: dict[str, Any]) -> None:
        """Put what the lab knows of a table's key into the engine's description of the table."""
        key = self._keys.get(table.record_key)
        if key is None:
            if description.get("SSEDescription", {}).get("Status") == "DISABLED":
                del description["SSEDescription"]
            return
        stored: dict[str, Any] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key.key_arn}
        description["SSEDescription"] = stored
        if self._kms.key_state(key.key_arn) == "Enabled":
            self._unusable_since.pop(table, None)
        elif description.get("TableStatus") == "ACTIVE":
            noticed = self._unusable_since.setdefault(table, self._clock.now().timestamp())
            description["TableStatus"] = "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
            stored["InaccessibleEncryptionDateTime"] = noticed

    async def _ask(self, call: Call, operation: str, **params: Any) -> Mapping[str, Any]:
        asked = replace(
            call,
            service="kms",
            operation=operation,
            params=params,
            via_service=_service(call.region),
            raw_body=b"",
        )
        try:
            return await self._kms.handle(asked)
        except Fault as fault:
            raise passed_on(fault, call.request_id) from fault


def _context(table: Table) -> dict[str, str]:
    return {"aws:dynamodb:tableName": table.name, "aws:dynamodb:subscriberId": table.account}


def _service(region: str) -> str:
    return f"dynamodb.{region}.amazonaws.com"


def passed_on(fault: Fault, request_id: str) -> Fault:
    """DynamoDB's fault for one of KMS's.

    >>> refused = Fault("DisabledException", "KEY is disabled.")
    >>> passed_on(refused, "r").message.partition(" (Service")[0]
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
    if code in _NAMED:
        return Fault("ValidationException", f"{_NAMED[code]}: {package}.{code}: {details}")
    return Fault(
        "InternalServerError", f"KMS internal error: {package}.AWSKMSException: {details}", status=500
    )
