"""What the lab adds to the time of a call: the bare engine ministack and the lab, called in turn.

Each is served by uvicorn over the loopback address in a process of its own, and one client calls both over
persistent connections; it signs before it starts the clock. So the difference is the lab's own work:
verifying the signature, evaluating policies, recording the decision, checking the storage key.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from benchmarks.measure import Figure, in_turn
from benchmarks.rows import Column, Row
from dynaseal_lab.dynamodb import native

ACCOUNT, REGION, SECRET = "111122223333", "eu-west-1", "the-secret-of-roots"
_ENGINE = """
import os, socket, uvicorn
os.environ.update(AUTH="false", PERSIST_STATE="0", LOG_LEVEL="ERROR", SERVICES="")
from ministack.app import app
with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(f"ready at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, ws="none", access_log=False, log_level="error")).run([listener])
"""
_LAB = "from dynaseal.cli.main import main; main()"
_LAB_ENGINES = {Column.PURE: "ministack", Column.NATIVE: "native"}
_KEY = {"pk": {"S": "an item"}}
_ITEM = _KEY | {f"attribute{number}": {"S": "x" * 20} for number in range(12)}


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure the lab on each engine, and ministack without the lab."""
    with ExitStack() as stack:
        bare = stack.enter_context(_served("-c", _ENGINE))
        endpoints = {Column.FLOOR: bare}
        for column, engine in _LAB_ENGINES.items():
            if engine != "native" or native.is_installed():
                command = ("-c", _LAB, "lab", "serve", "--root-secret", SECRET, "--engine", engine)
                endpoints[column] = stack.enter_context(_served(*command))
        users = {column: Credentials(ACCOUNT, SECRET) for column in endpoints}
        for column, endpoint in endpoints.items():
            if column is not Column.FLOOR:
                users[column] = _alice(endpoint)
                _table(endpoint, "keyed")
            _table(endpoint, "plain")
        for label, table, operation, params in (
            ("GetItem", "plain", "GetItem", {"Key": _KEY}),
            ("PutItem", "plain", "PutItem", {"Item": _ITEM}),
            ("GetItem, table on a customer's key", "keyed", "GetItem", {"Key": _KEY}),
        ):
            calls = {
                column: _call(
                    endpoint,
                    users[column],
                    operation,
                    {"TableName": "plain" if column is Column.FLOOR else table, **params},
                )
                for column, endpoint in endpoints.items()
            }
            yield Row(
                section="lab",
                what=f"lab: {label}",
                unit="ms",
                floor="bare ministack",
                figures=_figures(calls, rounds=150 if quick else 2000),
            )


def _figures(calls: Mapping[Column, Callable[[], float]], rounds: int) -> dict[Column, Figure]:
    for _ in range(20):
        for call in calls.values():
            call()
    seen = in_turn({str(column): call for column, call in calls.items()}, rounds)
    return {Column(column): Figure(*(each * 1e3 for each in found)) for column, found in seen.items()}


@contextmanager
def _served(*arguments: str) -> Iterator[str]:
    """Run a server as a program of its own, and yield its endpoint."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as program:
        try:
            if program.stdout is None:
                raise AssertionError("the program has no output")
            yield program.stdout.readline().strip().rpartition(" ")[2]
        finally:
            program.terminate()


def _client(endpoint: str, service: str) -> Any:
    new_client: Any = boto3.client  # its types do not accept a variable as the service
    return new_client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=SECRET,
    )


def _alice(lab: str) -> Credentials:
    """Create a user who may use DynamoDB by an inline policy with a few statements."""
    iam = _client(lab, "iam")
    iam.create_user(UserName="alice")
    statements = [
        {
            "Sid": "Items",
            "Effect": "Allow",
            "Action": "dynamodb:*Item",
            "Resource": "arn:aws:dynamodb:*:*:table/*",
        },
        {"Sid": "Keys", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
        {"Sid": "Never", "Effect": "Deny", "Action": "dynamodb:DeleteTable", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="alice", PolicyName="items", PolicyDocument=document)
    key = iam.create_access_key(UserName="alice")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _table(endpoint: str, name: str) -> None:
    dynamodb = _client(endpoint, "dynamodb")
    encryption = {}
    if name == "keyed":
        key = _client(endpoint, "kms").create_key()["KeyMetadata"]["Arn"]
        encryption = {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}}
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **encryption,
    )
    dynamodb.put_item(TableName=name, Item=_ITEM)


def _call(
    endpoint: str, credentials: Credentials, operation: str, params: dict[str, Any]
) -> Callable[[], float]:
    """Return a function that sends one call and returns the seconds until its reply was read."""
    host = urlsplit(endpoint).netloc
    connection = HTTPConnection(host)
    body = json.dumps(params).encode()
    headers = {
        "Host": host,
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }

    def call() -> float:
        request = AWSRequest("POST", endpoint, dict(headers), body)
        SigV4Auth(credentials, "dynamodb", REGION).add_auth(request)
        start = perf_counter()
        connection.request("POST", "/", body, dict(request.headers.items()))
        response = connection.getresponse()
        reply = response.read()
        duration = perf_counter() - start
        if response.status != 200:
            raise AssertionError(reply.decode())
        return duration

    return call
