"""A state folder with DynamoDB Local, which stores its items in the folder itself."""

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dynaseal_lab.assembly import LabOptions
from dynaseal_lab.dynamodb.local import EngineError, find_jar
from dynaseal_lab.server import running
from dynaseal_lab.testing import LabAccount
from lab.program import ACCOUNT, REGION, SECRET
from lab.state.conftest import program
from lab.state.test_restart import TABLE

ITEM = {"pk": {"S": "p"}, "sk": {"N": "1"}}


@pytest.fixture(autouse=True)
def _require_dynamodb_local() -> None:
    """Skip the tests without DynamoDB Local; in CI, fail."""
    try:
        find_jar(None)
    except EngineError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


def test_items_tags_and_storage_key_stay(state: Path) -> None:
    options = LabOptions(SECRET, state, "dynamodb-local")
    with running(options=options) as lab:
        account = LabAccount(ACCOUNT, lab, REGION)
        dynamodb, kms = account.client("dynamodb"), account.client("kms")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        encryption = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
        tags = [{"Key": "a", "Value": "b"}]
        created = dynamodb.create_table(TableName="items", **TABLE, SSESpecification=encryption, Tags=tags)
        dynamodb.put_item(TableName="items", Item=ITEM)
    with running(options=options) as lab:
        dynamodb = LabAccount(ACCOUNT, lab, REGION).client("dynamodb")
        assert dynamodb.scan(TableName="items")["Items"] == [ITEM]
        table = dynamodb.describe_table(TableName="items")["Table"]
        assert table["SSEDescription"]["KMSMasterKeyArn"] == key
        arn = created["TableDescription"]["TableArn"]
        assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == tags


def test_it_ends_with_a_lab_that_is_killed_and_its_items_stay(state: Path) -> None:
    with program(state, "--engine", "dynamodb-local") as lab:
        dynamodb = lab.client("dynamodb")
        dynamodb.create_table(TableName="items", **TABLE)
        dynamodb.put_item(TableName="items", Item=ITEM)
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(lab.process.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        assert len(children) == 1
        lab.kill()
        wait_until_gone(int(children[0]))
    with program(state, "--engine", "dynamodb-local") as again:
        assert again.client("dynamodb").scan(TableName="items")["Items"] == [ITEM]
        port = urlsplit(again.endpoint).port
        assert port is not None
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(30) == 0
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def wait_until_gone(pid: int) -> None:
    """Wait until a process has ended; a zombie (state Z) has ended too."""
    tick = threading.Event()
    for _ in range(600):
        listed = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        if not listed.stdout.strip() or listed.stdout.startswith("Z"):
            return
        tick.wait(0.05)
    raise AssertionError(f"process {pid} is still there")
