"""What the native engine lacks, or does in another way than DynamoDB.

* Tags are kept here, because it counts their lengths in bytes; so is whether point-in-time recovery is on.
* Each of its streams has one shard, which gets an id that boto3 accepts. Requests about other shards are
  refused, and so are changes that would leave a stream as it is.
* `KeyConditions` beside a filter or projection expression become a `KeyConditionExpression`.
"""

from dataclasses import dataclass, replace
from typing import Any

from dynaseal_lab.dynamodb.engine import EngineReply
from dynaseal_lab.dynamodb.json_values import required_string
from dynaseal_lab.dynamodb.local_extras import LocalExtras, LocalRequest
from dynaseal_lab.dynamodb.native_backups import Backups, Databases, Send
from dynaseal_lab.model import Fault, Params
from dynaseal_lab.record_store import RecordStore

_SHARD = "shardId-00000001690000000000-00000001"
"""The one shard of each stream; boto3 refuses ids of fewer than 28 characters."""

_TIME_TO_LIVE = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
_FIRST_SEQUENCE_NUMBER = 10**20
"""Sequence numbers are this number plus the microseconds since 1970."""

_EXPRESSIONS_OF_QUERIES = ("FilterExpression", "ProjectionExpression")
_COMPARISONS = {"EQ": "=", "LE": "<=", "LT": "<", "GE": ">=", "GT": ">"}


@dataclass(frozen=True, slots=True)
class NativeRequest(LocalRequest):
    """A request about tables, which are in one database, or about backups, which are in another.

    Args:
        send_to_copies: Sends the database of the backups an operation with its parameters.
    """

    send_to_copies: Send

    @property
    def databases(self) -> Databases:
        """The databases of the account's tables and backups in the Region."""
        return Databases(self.account, self.region, self.send, self.send_to_copies)


class NativeExtras(LocalExtras):
    """The extras of all tables of one native engine, and the operations that involve them."""

    def __init__(self, record_store: RecordStore) -> None:
        super().__init__(record_store)
        self._backups = Backups(record_store)

    async def create_backup(self, request: NativeRequest) -> EngineReply:
        """Back up a table."""
        return EngineReply.success(await self._backups.create(request.databases, request.params))

    async def describe_backup(self, request: NativeRequest) -> EngineReply:
        """Return a backup."""
        return EngineReply.success(self._backups.describe(required_string(request.params, "BackupArn")))

    async def list_backups(self, request: NativeRequest) -> EngineReply:
        """Return the backups of a table, or of all tables."""
        table = request.params.get("TableName")
        return EngineReply.success(self._backups.list(request.account, request.region, table))

    async def delete_backup(self, request: NativeRequest) -> EngineReply:
        """Delete a backup."""
        arn = required_string(request.params, "BackupArn")
        return EngineReply.success(await self._backups.delete(request.databases, arn))

    async def restore_from_backup(self, request: NativeRequest) -> EngineReply:
        """Create a table from a backup."""
        return await self._backups.restore(request.databases, request.params)

    async def restore_to_time(self, request: NativeRequest) -> EngineReply:
        """Create a table with the present items of another one."""
        return await self._backups.restore_to_time(request.databases, request.params)

    async def create_table(self, request: LocalRequest) -> EngineReply:
        """Create a table without its storage key and tags, which are kept in the lab."""
        params = {name: value for name, value in request.params.items() if name != "SSESpecification"}
        return await super().create_table(replace(request, params=params))

    async def update_table(self, request: LocalRequest) -> EngineReply:
        """Change a table, unless the change would leave its stream as it is."""
        wanted = request.params.get("StreamSpecification")
        if wanted is not None:
            described = await request.send("DescribeTable", {"TableName": request.params["TableName"]})
            if described.status == 200:
                _check_stream_change(request.params["TableName"], wanted, described.content["Table"])
        return await super().update_table(request)

    async def query(self, request: LocalRequest) -> EngineReply:
        """Query with key conditions of the older form beside an expression.

        Key conditions in both forms go on as they are, for the engine to refuse: the caller was authorised
        for the partition that the expression names.
        """
        params = request.params
        beside_expression = any(name in params for name in _EXPRESSIONS_OF_QUERIES)
        if beside_expression and "KeyConditionExpression" not in params:
            params = with_key_expression(params)
        return await request.send("Query", params)

    async def list_streams(self, request: LocalRequest) -> EngineReply:
        """List streams, from after a stream that need not exist."""
        start = request.params.get("ExclusiveStartStreamArn")
        reply = await request.send("ListStreams", request.params)
        if start is None or reply.status != 200:
            return reply
        content = reply.content
        content["Streams"] = [stream for stream in content["Streams"] if stream["StreamArn"] > start]
        return EngineReply.success(content)

    async def describe_stream(self, request: LocalRequest) -> EngineReply:
        """Describe a stream: its one shard is open."""
        reply = await request.send("DescribeStream", request.params)
        if reply.status != 200:
            return reply
        content = reply.content
        description = content["StreamDescription"]
        past_the_shard = "ExclusiveStartShardId" in request.params or _asks_for_children(request.params)
        created = _FIRST_SEQUENCE_NUMBER + int(float(description["StreamLabel"]) * 1_000_000)
        number_range = {"StartingSequenceNumber": str(created)}
        shard = {"ShardId": _SHARD, "SequenceNumberRange": number_range}
        description["Shards"] = [] if past_the_shard else [shard]
        return EngineReply.success(content)

    async def get_shard_iterator(self, request: LocalRequest) -> EngineReply:
        """Return an iterator over the stream's shard."""
        if request.params.get("ShardId") != _SHARD:
            raise Fault(
                "ResourceNotFoundException",
                f"Requested resource not found: Shard: {request.params.get('ShardId')} in stream "
                f"{request.params.get('StreamArn')} not found",
            )
        shard = f"shardId-00000001-{request.params['StreamArn'].split('/')[1]}"
        return await request.send("GetShardIterator", {**request.params, "ShardId": shard})

    async def get_records(self, request: LocalRequest) -> EngineReply:
        """Read a stream; a record names the Region, and who deleted the item if it expired."""
        reply = await request.send("GetRecords", request.params)
        if reply.status != 200:
            return reply
        content = reply.content
        for record in content["Records"]:
            record["awsRegion"] = request.region
            if "userIdentity" in record:
                record["userIdentity"] = _TIME_TO_LIVE
        return EngineReply.success(content)


def _check_stream_change(table: str, wanted: Params, description: Params) -> None:
    present: Params = description.get("StreamSpecification") or {}
    if wanted.get("StreamEnabled") and present.get("StreamEnabled"):
        raise Fault("ValidationException", f"Table already has an enabled stream: TableName: {table}")
    if not wanted.get("StreamEnabled") and not present.get("StreamEnabled"):
        raise Fault("ValidationException", f"Table has no stream to disable: TableName: {table}")


def _asks_for_children(params: Params) -> bool:
    """Return whether a request asks for the children of a shard; the one shard of a stream has none.

    Raises:
        Fault: The filter is incomplete, or names another shard.
    """
    shard_filter = params.get("ShardFilter")
    if shard_filter is None:
        return False
    for member in ("Type", "ShardId"):
        if not shard_filter.get(member):
            raise Fault("ValidationException", f"ShardFilter requires {member}")
    if shard_filter["ShardId"] != _SHARD:
        raise Fault("ValidationException", f"Invalid ShardId: {shard_filter['ShardId']}")
    return True


def with_key_expression(params: Params) -> Params:
    """Return a Query with its `KeyConditions` written as a `KeyConditionExpression`.

    >>> query = {"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}}
    >>> changed = with_key_expression(query)
    >>> changed["KeyConditionExpression"], changed["ExpressionAttributeNames"]
    ('#key0 = :key0x0', {'#key0': 'pk'})
    """
    conditions: dict[str, Params] = params["KeyConditions"]
    names = dict(params.get("ExpressionAttributeNames") or {})
    values = dict(params.get("ExpressionAttributeValues") or {})
    terms: list[str] = []
    for number, (attribute, condition) in enumerate(conditions.items()):
        names[f"#key{number}"] = attribute
        operands: list[str] = []
        for position, value in enumerate(condition.get("AttributeValueList") or ()):
            operands.append(f":key{number}x{position}")
            values[operands[-1]] = value
        terms.append(_key_term(f"#key{number}", str(condition.get("ComparisonOperator")), operands))
    changed: dict[str, Any] = {name: value for name, value in params.items() if name != "KeyConditions"}
    return {
        **changed,
        "KeyConditionExpression": " AND ".join(terms),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _key_term(name: str, operator: str, operands: list[str]) -> str:
    if operator == "BEGINS_WITH":
        return f"begins_with({name}, {', '.join(operands)})"
    if operator == "BETWEEN":
        return f"{name} BETWEEN {' AND '.join(operands)}"
    return f"{name} {_COMPARISONS.get(operator, operator)} {', '.join(operands)}"
