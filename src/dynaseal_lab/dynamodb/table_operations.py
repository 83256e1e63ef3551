"""Operations on tables whose answers or after-effects the lab itself has a part in.

The engine keeps tables; the lab keeps their storage keys and resource policies, and puts what it knows into
the engine's answers.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dynaseal_lab.dynamodb.engine import Engine, EngineReply
from dynaseal_lab.dynamodb.forward import forward
from dynaseal_lab.dynamodb.resource_policies import (
    ResourcePolicies,
    check_document,
    expected_revision,
    resource_arn,
)
from dynaseal_lab.dynamodb.shard_iterators import ShardIterators, stream_of
from dynaseal_lab.dynamodb.storage_key import AWS_MANAGED, StorageKey, StorageKeys
from dynaseal_lab.dynamodb.table_facts import TableFactsCache
from dynaseal_lab.dynamodb.table_names import Table, as_object, as_string, required_string, table_named
from dynaseal_lab.model import Call, Fault


@dataclass(frozen=True, slots=True)
class TableOperations:
    """The handlers, over the engine and what the lab keeps beside it."""

    engine: Engine
    facts: TableFactsCache
    keys: StorageKeys
    policies: ResourcePolicies
    iterators: ShardIterators = field(default_factory=ShardIterators)

    async def create_table(self, call: Call, table: Table) -> EngineReply:
        """Make a table; on a customer's key only after KMS has allowed everything that this needs."""
        policy = call.params.get("ResourcePolicy")
        if policy is None:
            return await self._with_key(call, table, "SSESpecification", None)
        check_document(as_string(policy))
        params = {name: value for name, value in call.params.items() if name != "ResourcePolicy"}
        call = replace(call, params=params, raw_body=b"")
        reply = await self._with_key(call, table, "SSESpecification", None)
        if reply.status == 200:
            self.policies.put(table.arn, as_string(policy))
        return reply

    async def update_table(self, call: Call, table: Table) -> EngineReply:
        """Change a table, its storage key among other things."""
        specification = as_object(call.params.get("SSESpecification") or {})
        reply = await self._with_key(call, table, "SSESpecification", None)
        if reply.status == 200 and specification and not _key_named(specification):
            await self.keys.detach(call, table)
            return self._described(table, reply)
        return reply

    async def restore(self, call: Call, source: Table) -> EngineReply:
        """Make a table from a backup or another table: on the key asked for, or on the source's."""
        target = table_named(call, required_string(call.params, "TargetTableName"))
        inherited = self.keys.of(source)
        return await self._with_key(
            call, target, "SSESpecificationOverride", inherited.key_arn if inherited else None
        )

    async def describe_table(self, call: Call, table: Table) -> EngineReply:
        """Describe a table and its storage key's condition."""
        return self._described(table, await forward(self.engine, call, table.account))

    async def delete_table(self, call: Call, table: Table) -> EngineReply:
        """Remove a table, and let go of its key."""
        facts = await self.facts.of(table)
        if facts is not None and facts.protected:
            raise _invalid(
                "Resource cannot be deleted as it is currently protected against deletion. "
                "Disable deletion protection first."
            )
        reply = self._described(table, await forward(self.engine, call, table.account))
        if reply.status == 200:
            self.facts.changed(table)
            self.policies.deleted(table)
            await self.keys.detach(call, table)
        return reply

    async def update_time_to_live(self, call: Call, table: Table) -> EngineReply:
        """Switch the expiry of items on or off; what it is already, it cannot be made again."""
        asked = as_object(call.params.get("TimeToLiveSpecification") or {})
        describe = replace(call, operation="DescribeTimeToLive", raw_body=b"")
        reply = await forward(self.engine, describe, table.account, {"TableName": table.name})
        now: Mapping[str, Any] = reply.content.get("TimeToLiveDescription") or {}
        enabled = now.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
        if reply.status == 200 and asked.get("Enabled") is enabled:
            if enabled and asked.get("AttributeName") != now["AttributeName"]:
                active = f"current AttributeName is {now['AttributeName']}"
                raise _invalid(f"TimeToLive is active on a different AttributeName: {active}")
            raise _invalid(f"TimeToLive is already {'enabled' if enabled else 'disabled'}")
        return await forward(self.engine, call, table.account)

    async def tag(self, call: Call, table: Table) -> EngineReply:
        """Add or remove tags, which permissions may rest on."""
        reply = await forward(self.engine, call, table.account)
        self.facts.changed(table)
        return reply

    async def put_resource_policy(self, call: Call, table: Table) -> EngineReply:
        """Attach a policy to a table or stream."""
        await self._require(call, table)
        document = required_string(call.params, "Policy")
        return _answered(self.policies.put(resource_arn(call), document, expected_revision(call)))

    async def get_resource_policy(self, call: Call, table: Table) -> EngineReply:
        """The policy of a table or stream."""
        await self._require(call, table)
        return _answered(self.policies.get(resource_arn(call)))

    async def delete_resource_policy(self, call: Call, table: Table) -> EngineReply:
        """Remove the policy of a table or stream."""
        await self._require(call, table)
        return _answered(self.policies.drop(resource_arn(call), expected_revision(call)))

    async def _require(self, call: Call, table: Table) -> None:
        """The table or stream that a policy is about must be there."""
        arn = resource_arn(call)
        if "/stream/" in arn:
            described = replace(call, operation="DescribeStream", raw_body=b"")
            found = (await forward(self.engine, described, table.account, {"StreamArn": arn})).status == 200
        else:
            found = arn == table.arn and await self.facts.of(table) is not None
        if not found:
            raise Fault("ResourceNotFoundException", f"Requested resource not found: {arn}")

    async def get_shard_iterator(self, call: Call, table: Table) -> EngineReply:
        """An iterator that says which stream it reads, so that reading it can be authorised."""
        reply = await forward(self.engine, call, table.account)
        return self._named_iterator(reply, "ShardIterator", required_string(call.params, "StreamArn"))

    async def get_records(self, call: Call, table: Table) -> EngineReply:
        """Read a stream from an iterator, and name the next one alike."""
        given = required_string(call.params, "ShardIterator")
        params = {**call.params, "ShardIterator": self.iterators.read(given)}
        reply = await forward(self.engine, call, table.account, params)
        return self._named_iterator(reply, "NextShardIterator", stream_of(given))

    def _named_iterator(self, reply: EngineReply, name: str, stream: str) -> EngineReply:
        content = reply.content
        if reply.status != 200 or not content.get(name):
            return reply
        content[name] = self.iterators.made(stream, content[name])
        return _answered(content)

    async def _with_key(self, call: Call, table: Table, parameter: str, inherited: str | None) -> EngineReply:
        specification = as_object(call.params.get(parameter) or {})
        key_id = _key_named(specification) if specification else inherited
        prepared: StorageKey | None = None
        params = None
        if key_id is not None:
            prepared = await self.keys.prepare(call, table, key_id)
            changed = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": prepared.key_arn}
            params = {**call.params, parameter: changed}
        reply = await forward(self.engine, call, table.account, params)
        self.facts.changed(table)
        if prepared is not None and reply.status == 200:
            await self.keys.detach(call, table)
            self.keys.attach(table, prepared)
        elif prepared is not None:
            await self.keys.abandon(call, prepared)
        return self._described(table, reply)

    def _described(self, table: Table, reply: EngineReply) -> EngineReply:
        if reply.status != 200:
            return reply
        content = reply.content
        for name in ("Table", "TableDescription"):
            if name in content:
                self.keys.describe(table, content[name])
        return _answered(content)


def _key_named(specification: Mapping[str, Any]) -> str | None:
    """The key in an SSESpecification; None for the one that DynamoDB itself owns."""
    if not specification.get("Enabled"):
        return None
    key = as_string(specification.get("KMSMasterKeyId") or AWS_MANAGED)
    return AWS_MANAGED if key.endswith(AWS_MANAGED) else key


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)


def _answered(content: Mapping[str, Any]) -> EngineReply:
    return EngineReply(200, json.dumps(content).encode())
