"""The native engine behind the lab's port: streams, expiry by the lab's clock, and how it is chosen."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from dynaseal_lab import assembly
from dynaseal_lab.assembly import ENGINE_VARIABLE, LabOptions, open_lab
from dynaseal_lab.client import LabClient
from dynaseal_lab.dynamodb.local import EngineError
from dynaseal_lab.server import running
from dynaseal_lab.testing import LabAccount
from lab.engines import require_native_engine

ACCOUNT, REGION = "111122223333", "eu-west-1"


@pytest.fixture(scope="module")
def native_account() -> Iterator[LabAccount]:
    """An account of a lab with the native engine."""
    require_native_engine()
    with running(options=LabOptions(engine="native")) as lab:
        yield LabAccount(ACCOUNT, lab, REGION)


def make_table(dynamodb: Any, name: str) -> str:
    """Make a table with a stream, and return the stream's ARN."""
    created = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return created["TableDescription"]["LatestStreamArn"]


def records(account: LabAccount, stream: str) -> list[Any]:
    """Return every record of a stream."""
    streams = account.client("dynamodbstreams")
    (shard,) = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    assert "EndingSequenceNumber" not in shard["SequenceNumberRange"]
    iterator = streams.get_shard_iterator(
        StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return streams.get_records(ShardIterator=iterator)["Records"]


def test_boto3_reads_its_streams(native_account: LabAccount) -> None:
    dynamodb = native_account.client("dynamodb")
    stream = make_table(dynamodb, "streamed")
    assert stream.startswith(f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/streamed/stream/")
    dynamodb.put_item(TableName="streamed", Item={"pk": {"S": "a"}})
    (record,) = records(native_account, stream)
    assert (record["eventName"], record["awsRegion"]) == ("INSERT", REGION)
    assert record["dynamodb"]["NewImage"] == {"pk": {"S": "a"}}


def test_items_expire_by_the_labs_clock_with_a_record_in_the_stream(native_account: LabAccount) -> None:
    dynamodb = native_account.client("dynamodb")
    stream = make_table(dynamodb, "expiring")
    specification = {"Enabled": True, "AttributeName": "ends"}
    dynamodb.update_time_to_live(TableName="expiring", TimeToLiveSpecification=specification)
    tomorrow, next_year = int(time.time()) + 86_400, int(time.time()) + 365 * 86_400
    for pk, ends in (("soon", tomorrow), ("later", next_year)):
        dynamodb.put_item(TableName="expiring", Item={"pk": {"S": pk}, "ends": {"N": str(ends)}})
    lab = native_account.lab
    LabClient.signing(lab.endpoint, ACCOUNT, lab.root_secret).advance_clock(timedelta(days=2))
    assert [item["pk"]["S"] for item in dynamodb.scan(TableName="expiring")["Items"]] == ["later"]
    removed = records(native_account, stream)[-1]
    assert removed["eventName"] == "REMOVE"
    assert removed["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def test_accounts_and_regions_have_tables_of_their_own(native_account: LabAccount) -> None:
    make_table(native_account.client("dynamodb"), "mine")
    for account in (
        LabAccount("444455556666", native_account.lab, REGION),
        LabAccount(ACCOUNT, native_account.lab, "us-east-1"),
    ):
        assert account.client("dynamodb").list_tables()["TableNames"] == []


def health(endpoint: str) -> dict[str, str]:
    with urlopen(f"{endpoint}/_lab/health") as response:
        return json.load(response)


def test_health_names_the_engine(native_account: LabAccount) -> None:
    assert health(native_account.lab.endpoint) == {"status": "ok", "engine": "native"}


def test_without_it_ministack_keeps_the_tables_and_the_lab_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "is_installed", lambda: False)
    monkeypatch.delenv(ENGINE_VARIABLE, raising=False)
    with running() as lab:
        assert lab.note is not None
        assert "make native" in lab.note
        assert health(lab.endpoint) == {"status": "ok", "engine": "ministack", "engine_note": lab.note}
        assert LabAccount(ACCOUNT, lab, REGION).client("dynamodb").list_tables()["TableNames"] == []
    with pytest.raises(EngineError, match="make native"), open_lab(LabOptions(engine="native")):
        pass


def test_the_environment_chooses_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENGINE_VARIABLE, "ministack")
    with running() as lab:
        assert lab.note is None
        assert health(lab.endpoint) == {"status": "ok", "engine": "ministack"}
    monkeypatch.setenv(ENGINE_VARIABLE, "other")
    message = (
        "DYNASEAL_LAB_ENGINE is 'other', but the engines are in-process, native, ministack, dynamodb-local"
    )
    with pytest.raises(EngineError, match=message), open_lab(LabOptions()):
        pass


def test_the_command_says_at_the_start_that_ministack_stands_in(tmp_path: Path) -> None:
    hidden = tmp_path / "dynaseal_lab_engine.py"
    hidden.write_text("")
    program = (
        "import importlib.util as u; find = u.find_spec;"
        "u.find_spec = lambda name, *rest: None if name == 'dynaseal_lab_engine' else find(name, *rest);"
        "from dynaseal.cli.main import main; main()"
    )
    environment = {name: value for name, value in os.environ.items() if name != ENGINE_VARIABLE}
    command = [sys.executable, "-c", program, "lab", "serve", "--root-secret", "secret"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("lab ready at ")
        process.terminate()
        _, error = process.communicate(timeout=20)
    assert error.splitlines()[0].startswith("Note: The native engine is not installed")
