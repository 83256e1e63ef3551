"""What the native engine lacks: whether point-in-time recovery is on, and shard ids that boto3 accepts."""

import json
from typing import Any

from dynaseal_lab.dynamodb.engine import EngineReply
from dynaseal_lab.dynamodb.local_extras import LocalExtras, LocalRequest
from dynaseal_lab.model import Reply

_SHARD = "shardId-00000001690000000000-00000001"
"""The one shard of each stream; boto3 refuses ids of fewer than 28 characters."""

_TIME_TO_LIVE = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}


class NativeExtras(LocalExtras):
    """The extras of all tables of one native engine, and the operations that involve them."""

    async def create_table(self, request: LocalRequest) -> EngineReply:
        """Create a table without its storage key, which the lab keeps."""
        params = {name: value for name, value in request.params.items() if name != "SSESpecification"}
        return await request.send("CreateTable", params)

    async def describe_stream(self, request: LocalRequest) -> EngineReply:
        """Describe a stream: its one shard is open."""
        reply = await request.send("DescribeStream", request.params)
        if reply.status != 200:
            return reply
        content = reply.content
        if request.params.get("ExclusiveStartShardId") == _SHARD:
            content["StreamDescription"]["Shards"] = []
        for shard in content["StreamDescription"]["Shards"]:
            shard["ShardId"] = _SHARD
            shard["SequenceNumberRange"].pop("EndingSequenceNumber", None)
        return _reply(content)

    async def get_shard_iterator(self, request: LocalRequest) -> EngineReply:
        """Return an iterator over the stream's shard."""
        params: dict[str, Any] = dict(request.params)
        if params.get("ShardId") == _SHARD:
            params["ShardId"] = f"shardId-00000001-{request.params['StreamArn'].split('/')[1]}"
        return await request.send("GetShardIterator", params)

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
        return _reply(content)


def _reply(content: Reply) -> EngineReply:
    return EngineReply(200, json.dumps(content).encode())
