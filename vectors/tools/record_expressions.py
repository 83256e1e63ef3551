"""Ask a DynamoDB engine every question of `expressions.json` and write its answers there.

    python record_expressions.py ENDPOINT expressions.json

Each condition is asked as a Scan's filter over one item, each update is made on a fresh copy of that item. To
add a case, write it without an answer. The recorded answers are those of DynamoDB Local 3.3.0 (`-inMemory`).
"""

import json
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

TABLE = {"TableName": "expressions"}


def wire(value):
    """Give a value with binary as bytes, as botocore has it."""
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
    """Give a value with binary as base64, as DynamoDB's own JSON has it."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, dict):
        return {name: portable(part) for name, part in value.items()}
    return [portable(part) for part in value] if isinstance(value, list) else value


def answered(case, ask):
    """Give a case with the engine's answer."""
    asked = {name: case[name] for name in ("expression", "names", "values") if name in case}
    given = {
        "ExpressionAttributeNames": case.get("names"),
        "ExpressionAttributeValues": wire(case.get("values")),
    }
    try:
        answer = ask(case["expression"], {name: part for name, part in given.items() if part})
    except ClientError as error:
        answer = {"refused": error.response["Error"]["Message"]}
    return {**asked, **answer}


def main(endpoint, path):
    """Record every answer."""
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

    def holds(expression, given):
        return {"holds": bool(client.scan(**TABLE, FilterExpression=expression, **given)["Items"])}

    def after(expression, given):
        client.put_item(**TABLE, Item=item)
        key = {"k": item["k"]}
        client.update_item(**TABLE, Key=key, UpdateExpression=expression, **given)
        return {"after": portable(dict(sorted(client.get_item(**TABLE, Key=key)["Item"].items())))}

    parts = [f' "item": {json.dumps(recorded["item"])}']
    for title, ask in (("conditions", holds), ("updates", after)):
        rows = (f"  {json.dumps(answered(case, ask))}" for case in recorded[title])
        parts.append(f' "{title}": [\n' + ",\n".join(rows) + "\n ]")
    client.delete_table(**TABLE)
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
