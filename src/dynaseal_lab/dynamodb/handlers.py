"""Handlers: the lab's own part in operations, which changes the request or the reply or follows the reply.

The engine keeps tables. The lab keeps their storage keys and resource policies, and adds what it knows to the
engine's replies.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from dynaseal_lab.dynamodb.engine import EngineReply
from dynaseal_lab.dynamodb.json_values import as_object, as_string, required_string
from dynaseal_lab.dynamodb.required_permissions import restored_source
from dynaseal_lab.dynamodb.resource_policies import (
    ResourcePolicies,
    checked_policy,
    expected_revision,
    resource_arn,
)
from dynaseal_lab.dynamodb.shard_iterators import ShardIterators, stream_of
from dynaseal_lab.dynamodb.storage_key import AWS_MANAGED, StorageKey, StorageKeys
from dynaseal_lab.dynamodb.table_facts import TableFactsCache
from dynaseal_lab.dynamodb.table_names import Table, table_named
from dynaseal_lab.dynamodb.tags import check_number_of_tags
from dynaseal_lab.model import Call, Fault, Params


class Forward(Protocol):
    """Sends a call to the engine: `dynamodb.forward.Forwarder`, which this module may not import.

    The forwarder reads the table of operations, and the table names the functions below.
    """

    async def __call__(self, call: Call, account: str, params: Params | None = None) -> EngineReply:
        """Return the engine's reply to the call, or to the call with other parameters."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """One handler for each operation in which the lab has a part; the call must have been allowed.

    Args:
        forward: Sends a call to the engine.
        facts: What is known of tables.
        storage_keys: The storage keys of tables.
        policies: The resource policies of tables and streams.
        iterators: Makes and reads shard iterators.
    """

    forward: Forward
    facts: TableFactsCache
    storage_keys: StorageKeys
    policies: ResourcePolicies
    iterators: ShardIterators = field(default_factory=ShardIterators)

    async def create_table(self, call: Call) -> EngineReply:
        """Create a table; on a customer's key only after KMS has allowed everything that this takes."""
        table = _table(call)
        policy = call.params.get("ResourcePolicy")
        if policy is None:
            return await self._with_key(call, table, "SSESpecification", None)
        checked_policy(as_string(policy))
        params = {name: value for name, value in call.params.items() if name != "ResourcePolicy"}
        call = replace(call, params=params, raw_body=b"")
        reply = await self._with_key(call, table, "SSESpecification", None)
        if reply.status == 200:
            self.policies.put(table.arn, as_string(policy))
        return reply

    async def update_table(self, call: Call) -> EngineReply:
        """Change a table, its storage key among other things."""
        table = _table(call)
        specification = as_object(call.params.get("SSESpecification") or {})
        reply = await self._with_key(call, table, "SSESpecification", None)
        if reply.status == 200 and specification and not _key_named(specification):
            await self.storage_keys.detach(call, table)
            return self._described(table, reply)
        return reply

    async def restore(self, call: Call) -> EngineReply:
        """Create a table from a backup or another table, on the key asked for or on the source's."""
        source = table_named(call, restored_source(call))
        target = table_named(call, required_string(call.params, "TargetTableName"))
        inherited = self.storage_keys.of(source)
        return await self._with_key(
            call, target, "SSESpecificationOverride", inherited.key_arn if inherited else None
        )

    async def describe_table(self, call: Call) -> EngineReply:
        """Describe a table, and the state of its storage key."""
        table = _table(call)
        return self._described(table, await self.forward(call, table.account))

    async def delete_table(self, call: Call) -> EngineReply:
        """Delete a table, and stop using its key."""
        table = _table(call)
        facts = await self.facts.of(table)
        if facts is not None and facts.protected:
            raise _invalid(
                "Resource cannot be deleted as it is currently protected against deletion. "
                "Disable deletion protection first."
            )
        reply = self._described(table, await self.forward(call, table.account))
        if reply.status == 200:
            self.facts.forget(table)
            self.policies.deleted(table)
            await self.storage_keys.detach(call, table)
        return reply

    async def update_time_to_live(self, call: Call) -> EngineReply:
        """Switch the expiry of items on or off; switching to the present setting is an error."""
        table = _table(call)
        specification = as_object(call.params.get("TimeToLiveSpecification") or {})
        describe = replace(call, operation="DescribeTimeToLive", raw_body=b"")
        reply = await self.forward(describe, table.account, {"TableName": table.name})
        present: Params = reply.content.get("TimeToLiveDescription") or {}
        enabled = present.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
        if reply.status == 200 and specification.get("Enabled") is enabled:
            if enabled and specification.get("AttributeName") != present["AttributeName"]:
                active = f"current AttributeName is {present['AttributeName']}"
                raise _invalid(f"TimeToLive is active on a different AttributeName: {active}")
            raise _invalid(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
        return await self.forward(call, table.account)

    async def change_tags(self, call: Call) -> EngineReply:
        """Add or remove tags, on which permissions may rest."""
        table = table_named(call, resource_arn(call))
        facts = await self.facts.of(table)
        check_number_of_tags(call, facts.tags if facts is not None else {})
        reply = await self.forward(call, table.account)
        self.facts.forget(table)
        return reply

    async def put_resource_policy(self, call: Call) -> EngineReply:
        """Attach a policy to a table or stream."""
        await self._require_resource(call)
        document = required_string(call.params, "Policy")
        return EngineReply.success(self.policies.put(resource_arn(call), document, expected_revision(call)))

    async def get_resource_policy(self, call: Call) -> EngineReply:
        """Return the policy of a table or stream."""
        await self._require_resource(call)
        return EngineReply.success(self.policies.get(resource_arn(call)))

    async def delete_resource_policy(self, call: Call) -> EngineReply:
        """Remove the policy of a table or stream."""
        await self._require_resource(call)
        return EngineReply.success(self.policies.drop(resource_arn(call), expected_revision(call)))

    async def _require_resource(self, call: Call) -> None:
        """Refuse a call about the policy of a table or stream that does not exist."""
        arn = resource_arn(call)
        table = table_named(call, arn)
        if "/stream/" in arn:
            describe = replace(call, operation="DescribeStream", raw_body=b"")
            exists = (await self.forward(describe, table.account, {"StreamArn": arn})).status == 200
        else:
            exists = arn == table.arn and await self.facts.of(table) is not None
        if not exists:
            missing = arn if "/stream/" in arn else f"Table: {table.name} not found"
            raise Fault("ResourceNotFoundException", f"Requested resource not found: {missing}")

    async def get_shard_iterator(self, call: Call) -> EngineReply:
        """Return an iterator that names the stream which it reads, so that reading can be authorised."""
        stream = required_string(call.params, "StreamArn")
        if "/stream/" not in stream:
            raise _invalid(f"Invalid StreamArn: {stream}")
        reply = await self.forward(call, table_named(call, stream).account)
        return self._with_stream_name(reply, "ShardIterator", stream)

    async def get_records(self, call: Call) -> EngineReply:
        """Read a stream from an iterator; the reply's iterator names the stream, too."""
        iterator = required_string(call.params, "ShardIterator")
        stream = stream_of(iterator)
        params = {**call.params, "ShardIterator": self.iterators.read(iterator)}
        reply = await self.forward(call, table_named(call, stream).account, params)
        return self._with_stream_name(reply, "NextShardIterator", stream)

    async def describe_endpoints(self, call: Call) -> EngineReply:
        """Return the Region's one endpoint; the lab serves every Region at its own address."""
        address = f"dynamodb.{call.region}.amazonaws.com"
        return EngineReply.success({"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]})

    def _with_stream_name(self, reply: EngineReply, member: str, stream: str) -> EngineReply:
        content = reply.content
        if reply.status != 200 or not content.get(member):
            return reply
        content[member] = self.iterators.make(stream, content[member])
        return EngineReply.success(content)

    async def _with_key(self, call: Call, table: Table, parameter: str, inherited: str | None) -> EngineReply:
        """Send a call that may give the table a storage key, with the key prepared first.

        Args:
            call: The call.
            table: The table that gets the key.
            parameter: The parameter with the SSESpecification.
            inherited: The ARN of the key that the table gets where the call does not mention any.
        """
        specification = as_object(call.params.get(parameter) or {})
        key_id = _key_named(specification) if specification else inherited
        prepared: StorageKey | None = None
        params = None
        if key_id is not None:
            prepared = await self.storage_keys.prepare(call, table, key_id)
            changed = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": prepared.key_arn}
            params = {**call.params, parameter: changed}
        reply = await self.forward(call, table.account, params)
        self.facts.forget(table)
        if prepared is not None and reply.status == 200:
            await self.storage_keys.detach(call, table)
            self.storage_keys.attach(table, prepared)
        elif prepared is not None:
            await self.storage_keys.abandon(call, prepared)
        return self._described(table, reply)

    def _described(self, table: Table, reply: EngineReply) -> EngineReply:
        """Return the reply with the lab's own knowledge of the storage key in the table's description."""
        if reply.status != 200:
            return reply
        content = reply.content
        for member in ("Table", "TableDescription"):
            if member in content:
                self.storage_keys.describe(table, content[member])
        return EngineReply.success(content)


def _table(call: Call) -> Table:
    return table_named(call, required_string(call.params, "TableName"))


def _key_named(specification: Mapping[str, Any]) -> str | None:
    """Return the key in an SSESpecification; None for the key that DynamoDB itself owns."""
    if not specification.get("Enabled"):
        return None
    key = as_string(specification.get("KMSMasterKeyId") or AWS_MANAGED)
    return AWS_MANAGED if key.endswith(AWS_MANAGED) else key


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)
