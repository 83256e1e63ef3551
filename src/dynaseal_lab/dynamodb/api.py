"""DynamoDB as the lab serves it: allowed, then unlocked with the storage key, then answered by the engine."""

from collections.abc import Awaitable, Callable, Mapping

from dynaseal_lab.dynamodb.condition_keys import condition_keys
from dynaseal_lab.dynamodb.engine import ITEM_OPERATIONS, Engine, EngineReply
from dynaseal_lab.dynamodb.forward import forward
from dynaseal_lab.dynamodb.required_permissions import RequiredPermission, required_permissions
from dynaseal_lab.dynamodb.resource_policies import ResourcePolicies
from dynaseal_lab.dynamodb.storage_key import StorageKeys
from dynaseal_lab.dynamodb.table_facts import TableFactsCache
from dynaseal_lab.dynamodb.table_names import Table
from dynaseal_lab.dynamodb.table_operations import TableOperations
from dynaseal_lab.iam.access_denied import access_denied_message
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import AccessRequest, Authorizer, Call, Clock, Fault, RawReply, Reply
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore

Handler = Callable[[Call, Table], Awaitable[EngineReply]]

_UNLOCKED = ITEM_OPERATIONS | {"CreateBackup", "GetRecords"}
"""Operations that reach what is stored, and so take the caller's permission on the storage key."""


class DynamoDbService:
    """DynamoDB and its streams for all accounts and Regions of one lab.

    Args:
        authorizer: decides and records every question.
        kms: the lab's KMS, asked in the caller's name.
        clock: the lab's time.
        engine: keeps tables and items.
        record_store: where storage keys and resource policies are kept; in memory unless given.
    """

    def __init__(
        self,
        authorizer: Authorizer,
        kms: KmsService,
        clock: Clock,
        engine: Engine,
        record_store: RecordStore | None = None,
    ) -> None:
        record_store = record_store or InMemoryRecordStore()
        self._authorizer = authorizer
        self._engine = engine
        self._facts = TableFactsCache(engine)
        self._keys = StorageKeys(kms, clock, record_store)
        self._policies = ResourcePolicies(record_store)
        control = TableOperations(engine, self._facts, self._keys, self._policies)
        self._handlers: Mapping[str, Handler] = {
            "CreateTable": control.create_table,
            "DeleteResourcePolicy": control.delete_resource_policy,
            "DeleteTable": control.delete_table,
            "DescribeTable": control.describe_table,
            "GetRecords": control.get_records,
            "GetResourcePolicy": control.get_resource_policy,
            "GetShardIterator": control.get_shard_iterator,
            "PutResourcePolicy": control.put_resource_policy,
            "RestoreTableFromBackup": control.restore,
            "RestoreTableToPointInTime": control.restore,
            "TagResource": control.tag,
            "UntagResource": control.tag,
            "UpdateTable": control.update_table,
            "UpdateTimeToLive": control.update_time_to_live,
        }

    async def handle(self, call: Call) -> Reply | RawReply:
        """Answer one call with the engine's body, or refuse it.

        Raises:
            Fault: AccessDeniedException, KMS's refusal of the storage key, or a malformed request.
        """
        permissions = required_permissions(call)
        for permission in permissions:
            await self._authorize(call, permission)
        account = _one_account(call, permissions)
        if call.operation in _UNLOCKED:
            for table in dict.fromkeys(
                permission.table for permission in permissions if permission.table is not None
            ):
                await self._keys.unlock(call, table)
        if call.operation == "DescribeEndpoints":
            address = f"dynamodb.{call.region}.amazonaws.com"
            return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}
        reply = await self._answer(call, permissions, account)
        return RawReply(reply.body, reply.status)

    async def _answer(self, call: Call, permissions: list[RequiredPermission], account: str) -> EngineReply:
        handler = self._handlers.get(call.operation)
        if handler is not None and permissions[0].table is not None:
            return await handler(call, permissions[0].table)
        return await forward(self._engine, call, account)

    async def _authorize(self, call: Call, permission: RequiredPermission) -> None:
        facts = await self._facts.of(permission.table) if permission.table is not None else None
        policy = self._policies.of(permission.resource)
        access_request = AccessRequest(
            action=permission.action,
            resource=permission.resource,
            resource_account=permission.account,
            condition_keys=condition_keys(permission, facts),
            resource_policies=(policy,) if policy is not None else (),
        )
        decision = self._authorizer.decide(call, access_request)
        if not decision.allowed:
            message = access_denied_message(call.principal, access_request, decision)
            raise Fault("AccessDeniedException", message)


def _one_account(call: Call, permissions: list[RequiredPermission]) -> str:
    """The account whose tables the request is about; a request about none is about the caller's."""
    accounts = {permission.account for permission in permissions}
    if len(accounts) > 1:
        raise Fault("ValidationException", "The tables of one request must belong to one account.")
    return accounts.pop() if accounts else call.principal.account
