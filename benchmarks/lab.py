"""What the lab's front door costs a call: the bare engine and the lab, each a server of its own, in turn.

Both are served by uvicorn over loopback and asked by one client on kept connections; the client signs before
it looks at the clock. So the difference is what the lab adds: the signature verified, the policies evaluated,
the decision recorded, the storage key asked.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

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
_KEY = {"pk": {"S": "an item"}}
_ITEM = _KEY | {f"attribute{number}": {"S": "x" * 20} for number in range(12)}


def rows(*, quick: bool) -> list[tuple[str, float, float, float]]:
    """Measure; give the call, and the median milliseconds of the bare engine, of the lab, and added."""
    with ExitStack() as stack:
        engine = stack.enter_context(_served("-c", _ENGINE))
        lab = stack.enter_context(_served("-c", _LAB, "lab", "serve", "--root-secret", SECRET))
        alice = _alice(lab)
        for endpoint, tables in ((engine, ["plain"]), (lab, ["plain", "keyed"])):
            for table in tables:
                _table(endpoint, table)
        root = Credentials(ACCOUNT, SECRET)
        rounds = 150 if quick else 2000
        measured: list[tuple[str, float, float, float]] = []
        for label, table, operation, body in (
            ("GetItem", "plain", "GetItem", {"Key": _KEY}),
            ("PutItem", "plain", "PutItem", {"Item": _ITEM}),
            ("GetItem, table on a customer's key", "keyed", "GetItem", {"Key": _KEY}),
        ):
            bare = _call(engine, root, operation, {"TableName": "plain", **body})
            whole = _call(lab, alice, operation, {"TableName": table, **body})
            before, after = _medians(bare, whole, rounds)
            measured.append((label, before, after, after - before))
        return measured


@contextmanager
def _served(*arguments: str) -> Iterator[str]:
    """A server as a program of its own, and where it is."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True) as program:
        try:
            if program.stdout is None:
                raise AssertionError("the program has no output")
            yield program.stdout.readline().strip().rpartition(" ")[2]
        finally:
            program.terminate()


def _client(endpoint: str, service: str) -> Any:
    make: Any = boto3.client  # its types know no service by a variable
    return make(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key=SECRET,
    )


def _alice(lab: str) -> Credentials:
    """A user who may use DynamoDB by an inline policy of a few statements."""
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
    more = {}
    if name == "keyed":
        key = _client(endpoint, "kms").create_key()["KeyMetadata"]["Arn"]
        more = {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}}
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        **more,
    )
    dynamodb.put_item(TableName=name, Item=_ITEM)


def _call(endpoint: str, keys: Credentials, operation: str, params: dict[str, Any]) -> Callable[[], float]:
    """One call, which gives the seconds from the first byte sent to the last one read."""
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
        SigV4Auth(keys, "dynamodb", REGION).add_auth(request)
        start = perf_counter()
        connection.request("POST", "/", body, dict(request.headers.items()))
        response = connection.getresponse()
        answer = response.read()
        took = perf_counter() - start
        if response.status != 200:
            raise AssertionError(answer.decode())
        return took

    return call


def _medians(one: Callable[[], float], other: Callable[[], float], rounds: int) -> tuple[float, float]:
    for _ in range(20):
        one()
        other()
    times = [(one(), other()) for _ in range(rounds)]
    return median(first for first, _ in times) * 1e3, median(second for _, second in times) * 1e3


if __name__ == "__main__":
    for row in rows(quick="--quick" in sys.argv):
        print("{:40} {:8.3f} {:8.3f} {:8.3f}".format(*row))
