"""DynamoDB as the lab serves it: a call is allowed, the storage key is unlocked, the engine answers."""

from collections.abc import Callable

from dynaseal_lab.dynamodb.condition_keys import condition_keys
from dynaseal_lab.dynamodb.engine import Engine
from dynaseal_lab.dynamodb.forward import Forwarder
from dynaseal_lab.dynamodb.handlers import Handlers
from dynaseal_lab.dynamodb.operations import OPERATIONS
from dynaseal_lab.dynamodb.request_checks import check_index_request, check_request
from dynaseal_lab.dynamodb.required_permissions import RequiredPermission
from dynaseal_lab.dynamodb.resource_policies import ResourcePolicies
from dynaseal_lab.dynamodb.storage_key import StorageKeys
from dynaseal_lab.dynamodb.table_facts import TableFactsCache
from dynaseal_lab.dynamodb.table_names import table_named
from dynaseal_lab.dynamodb.tags import check_tags
from dynaseal_lab.iam.access_denied import access_denied_message
from dynaseal_lab.iam.bound_principals import Directory
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import AccessRequest, Authorizer, Call, Clock, ConditionKeys, Fault, RawReply
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore


class DynamoDbService:
    """DynamoDB and its streams for all accounts and Regions of one lab.

    Args:
        authorizer: Decides and records every access request.
        kms: The lab's KMS, called in the caller's name.
        clock: The lab's time.
        engine: Keeps tables and items.
        record_store: Keeps storage keys and resource policies; in memory unless given.
        directory: Knows the users and roles that resource policies may name; without it, names are not bound.
    """

    def __init__(
        self,
        authorizer: Authorizer,
        kms: KmsService,
        clock: Clock,
        engine: Engine,
        *,
        record_store: RecordStore | None = None,
        directory: Directory | None = None,
    ) -> None:
        record_store = record_store or InMemoryRecordStore()
        self._authorizer = authorizer
        self._facts = TableFactsCache(engine)
        self._storage_keys = StorageKeys(kms, clock, record_store)
        self._policies = ResourcePolicies(record_store, directory)
        self._forward = Forwarder(engine)
        self._handlers = Handlers(
            forward=self._forward, facts=self._facts, storage_keys=self._storage_keys, policies=self._policies
        )

    async def handle(self, call: Call) -> RawReply:
        """Answer one call, or refuse it.

        Raises:
            Fault: UnknownOperationException, AccessDeniedException, KMS's refusal of the storage key, or a
                malformed request.
        """
        operation = OPERATIONS.get(call.operation)
        if operation is None:
            raise Fault("UnknownOperationException", f"The lab's DynamoDB does not offer {call.operation}.")
        if operation.tags is not None:
            check_tags(call, operation.tags)
        permissions = list(operation.permissions(call))
        for permission in permissions:
            await self._authorize(call, permission)
        check_request(call, operation.service, operation.check, operation.engine_checks)
        if call.params.get("IndexName"):
            await self._check_index(call, permissions)
        account = _account_of(call, permissions)
        if operation.unlocks:
            for table in dict.fromkeys(permission.table for permission in permissions):
                if table is not None:
                    await self._storage_keys.unlock(call, table)
        if operation.handler is not None:
            reply = await operation.handler(self._handlers, call)
        else:
            reply = await self._forward(call, account)
        return RawReply(reply.body, reply.status)

    async def access_requests(
        self, owner: Call, action: str, resource: str, condition_keys: ConditionKeys
    ) -> Callable[[Call], AccessRequest]:
        """Return a function from a call to the access request that it would need.

        Args:
            owner: A call of the account that owns the table.
            action: The action, such as `dynamodb:GetItem`.
            resource: The name or ARN of a table, the ARN of an index or stream, or `*`.
            condition_keys: Further condition keys.

        Raises:
            Fault: there is no such table, or it is another account's.
        """
        account = owner.principal.account
        if resource == "*":
            return lambda _call: AccessRequest(
                action=action, resource="*", resource_account=account, condition_keys=condition_keys
            )
        table = table_named(owner, resource)
        if table.account != account:
            raise Fault("AccessDeniedException", f"{resource} belongs to another account; ask its root user")
        facts = await self._facts.of(table)
        if facts is None:
            raise Fault("ResourceNotFoundException", f"Requested resource not found: {table.arn}")
        arn = resource if resource.startswith("arn:") else table.arn
        tags = {f"aws:ResourceTag/{key}": [value] for key, value in facts.tags.items()}
        policy = self._policies.of(arn)
        policies = (policy,) if policy is not None else ()
        access_request = AccessRequest(
            action=action,
            resource=arn,
            resource_account=account,
            condition_keys={**tags, **condition_keys},
            resource_policies=policies,
        )
        return lambda _call: access_request

    async def _check_index(self, call: Call, permissions: list[RequiredPermission]) -> None:
        for permission in permissions:
            facts = await self._facts.of(permission.table) if permission.table is not None else None
            if facts is not None:
                check_index_request(call.params, facts)

    async def _authorize(self, call: Call, permission: RequiredPermission) -> None:
        facts = await self._facts.of(permission.table) if permission.table is not None else None
        policy = self._policies.of(permission.resource)
        access_request = AccessRequest(
            action=permission.action,
            resource=permission.resource,
            resource_account=permission.account,
            condition_keys=condition_keys(call, permission, facts),
            resource_policies=(policy,) if policy is not None else (),
        )
        decision = self._authorizer.decide(call, access_request)
        if not decision.allowed:
            raise Fault(
                "AccessDeniedException", access_denied_message(call.principal, access_request, decision)
            )


def _account_of(call: Call, permissions: list[RequiredPermission]) -> str:
    """Return whose tables a call is about: the caller's own where it names none."""
    accounts = {permission.account for permission in permissions}
    if len(accounts) > 1:
        raise Fault("ValidationException", "The tables of one request must belong to one account.")
    return accounts.pop() if accounts else call.principal.account
