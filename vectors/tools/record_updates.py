"""Send every update request of `updates.json` to a DynamoDB engine, and write the results to the file.

    python record_updates.py ENDPOINT updates.json

Each request changes a fresh copy of the item, or creates one where the case says that it is absent. To add a
case, write it without a result. The recorded results are those of DynamoDB Local 3.3.0 (`-inMemory`).
"""

import json
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from record_expressions import portable, wire

TABLE = {"TableName": "updates"}
INPUTS = ("absent", "UpdateExpression", "ConditionExpression", "ExpressionAttributeNames")
VALUES = "ExpressionAttributeValues"


def with_result(client, item, case):
    """Return a case with the engine's result."""
    key = {"k": item["k"]}
    client.delete_item(**TABLE, Key=key)
    if not case["absent"]:
        client.put_item(**TABLE, Item=item)
    request = {name: case[name] for name in INPUTS[1:] if name in case}
    if VALUES in case:
        request[VALUES] = wire(case[VALUES])
    inputs = {name: case[name] for name in (*INPUTS, VALUES) if name in case}
    try:
        reply = client.update_item(**TABLE, Key=key, ReturnValues="ALL_NEW", **request)
    except ClientError as refusal:
        error = refusal.response["Error"]
        return {**inputs, "error": {"code": error["Code"], "message": error["Message"]}}
    return {**inputs, "after": portable(reply.get("Attributes", {}))}


def main(endpoint, path):
    """Record every result."""
    client = boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-west-2")
    recorded = json.loads(path.read_text())
    item = wire(recorded["item"])
    client.create_table(
        **TABLE,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    recorded["cases"] = [with_result(client, item, case) for case in recorded["cases"]]
    client.delete_table(**TABLE)
    path.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
