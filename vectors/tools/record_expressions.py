"""Evaluate every case of `expressions.json` with a DynamoDB engine, and write the results to the file.

    python record_expressions.py ENDPOINT expressions.json

Each condition is the filter of a Scan over one item; each update changes a fresh copy of that item. To add a
case, write it without a result. The recorded results are those of DynamoDB Local 3.3.0 (`-inMemory`).
"""

import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

TABLE = {"TableName": "expressions"}


def wire(value):
    """Return a value with binary values as bytes, as botocore has them."""
    if isinstance(value, dict):
        return {
            kind: b64decode(part)
            if kind == "B"
            else [b64decode(member) for member in part]
            if kind == "BS"
            else wire(part)
            for kind, part in value.items()
        }
    return [wire(part) for part in value] if isinstance(value, list) else value


def portable(value):
    """Return a value with binary values as base64, as in DynamoDB's JSON."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {name: portable(part) for name, part in value.items()}
    return [portable(part) for part in value] if isinstance(value, list) else value


def with_result(case, evaluate):
    """Return a case with the engine's result."""
    inputs = {name: case[name] for name in ("expression", "names", "values") if name in case}
    parameters = {
        "ExpressionAttributeNames": case.get("names"),
        "ExpressionAttributeValues": wire(case.get("values")),
    }
    try:
        result = evaluate(case["expression"], {name: part for name, part in parameters.items() if part})
    except ClientError as error:
        result = {"refused": error.response["Error"]["Message"]}
    return {**inputs, **result}


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
    client.put_item(**TABLE, Item=item)

    def evaluate_condition(expression, parameters):
        return {"holds": bool(client.scan(**TABLE, FilterExpression=expression, **parameters)["Items"])}

    def apply_update(expression, parameters):
        client.put_item(**TABLE, Item=item)
        key = {"k": item["k"]}
        client.update_item(**TABLE, Key=key, UpdateExpression=expression, **parameters)
        return {"after": portable(dict(sorted(client.get_item(**TABLE, Key=key)["Item"].items())))}

    parts = [f' "item": {json.dumps(recorded["item"])}']
    for title, evaluate in (("conditions", evaluate_condition), ("updates", apply_update)):
        rows = (f"  {json.dumps(with_result(case, evaluate))}" for case in recorded[title])
        parts.append(f' "{title}": [\n' + ",\n".join(rows) + "\n ]")
    client.delete_table(**TABLE)
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
