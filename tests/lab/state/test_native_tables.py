"""A state folder with the native engine: an acknowledged write is on the disk before the reply."""

import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from dynaseal_lab.assembly import LabOptions, open_lab
from dynaseal_lab.state.errors import DamagedStateError, StateError
from lab.engines import require_native_engine
from lab.state.conftest import program, started
from lab.state.test_kill import make_table, numbered, scan

ITEMS = 60


@pytest.fixture(autouse=True)
def _native_engine() -> None:
    """Skip these tests without the native engine."""
    require_native_engine()


def write_until_killed(write: Any, name: str, acknowledged: set[str], count: Any) -> None:
    """Write items until the lab is gone, and record which ones it acknowledged."""
    try:
        for number in range(10_000):
            write(f"{name} {number}")
            acknowledged.add(f"{name} {number}")
            count()
    except (BotoCoreError, ClientError):
        return


def test_every_acknowledged_item_is_there_after_kill_9_under_load(state: Path) -> None:
    counted = threading.Semaphore(0)
    with program(state, "--engine", "native") as lab:
        make_string_table(lab.client("dynamodb"))
        acknowledged: list[set[str]] = []
        threads: list[threading.Thread] = []
        for name, write in writers(lab.client("dynamodb")).items():
            acknowledged.append(set())
            arguments = (write, name, acknowledged[-1], counted.release)
            threads.append(threading.Thread(target=write_until_killed, args=arguments))
        for thread in threads:
            thread.start()
        for _ in range(ITEMS):
            counted.acquire()
        lab.kill()
        for thread in threads:
            thread.join()
    with program(state, "--engine", "native") as again:
        present = {item["pk"]["S"] for item in scan(again.client("dynamodb"))}
    assert set().union(*acknowledged) <= present
    assert all(acknowledged)


def writers(dynamodb: Any) -> dict[str, Any]:
    """Return ways to write an item with this key."""
    return {
        "put": lambda pk: dynamodb.put_item(TableName="items", Item={"pk": {"S": pk}}),
        "update": lambda pk: dynamodb.update_item(TableName="items", Key={"pk": {"S": pk}}),
        "batch": lambda pk: dynamodb.batch_write_item(
            RequestItems={"items": [{"PutRequest": {"Item": {"pk": {"S": pk}}}}]}
        ),
        "transaction": lambda pk: dynamodb.transact_write_items(
            TransactItems=[{"Put": {"TableName": "items", "Item": {"pk": {"S": pk}}}}]
        ),
        "PartiQL": lambda pk: dynamodb.execute_statement(
            Statement="INSERT INTO \"items\" VALUE {'pk': ?}", Parameters=[{"S": pk}]
        ),
        "PartiQL transaction": lambda pk: dynamodb.execute_transaction(
            TransactStatements=[
                {"Statement": "INSERT INTO \"items\" VALUE {'pk': ?}", "Parameters": [{"S": pk}]}
            ]
        ),
    }


def make_string_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_only_their_owner_can_read_the_database_files(state: Path) -> None:
    with started(state, "native") as account:
        make_string_table(account.client("dynamodb"))
        files = list((state / "dynamodb").iterdir())
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert stat.S_IMODE((state / "dynamodb").stat().st_mode) == 0o700
        name = f"{account.number}.{account.region}.sqlite3"
        assert {name, f"{name}-wal"} <= {path.name for path in files}


def test_the_tables_that_ministack_kept_are_moved(state: Path) -> None:
    with started(state, "ministack") as account:
        dynamodb = account.client("dynamodb")
        make_table(dynamodb)
        for number in range(30):
            dynamodb.put_item(TableName="items", Item=numbered(number))
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName="items", PointInTimeRecoverySpecification=recovery)
    for _ in range(2):
        with started(state, "native") as account:
            dynamodb = account.client("dynamodb")
            items = sorted(scan(dynamodb), key=lambda item: int(item["pk"]["N"]))
            assert items == [numbered(number) for number in range(30)]
            table = dynamodb.describe_table(TableName="items")["Table"]
            assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-value"]
            assert table["StreamSpecification"]["StreamEnabled"]
            backups = dynamodb.describe_continuous_backups(TableName="items")["ContinuousBackupsDescription"]
            assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_move_that_was_interrupted_begins_again(state: Path) -> None:
    with started(state, "ministack") as account:
        make_string_table(account.client("dynamodb"))
    (state / "dynamodb").mkdir()
    (state / "dynamodb" / "111122223333.eu-west-1.sqlite3").write_text("half a database")
    with started(state, "native") as account:
        assert account.client("dynamodb").list_tables()["TableNames"] == ["items"]


def test_the_native_engines_tables_are_refused_by_ministack(state: Path) -> None:
    with started(state, "native") as account:
        make_string_table(account.client("dynamodb"))
    options = LabOptions(state=state, engine="ministack")
    with pytest.raises(StateError, match="were kept by the native engine"), open_lab(options):
        pass


def test_a_damaged_database_file_is_refused(state: Path) -> None:
    with started(state, "native") as account:
        make_string_table(account.client("dynamodb"))
    (file,) = (state / "dynamodb").glob("*.sqlite3")
    file.write_text("not a database, but text\n" * 400)
    options = LabOptions(state=state, engine="native")
    with (
        pytest.raises(DamagedStateError, match=r"sqlite3 cannot be read: file is not a database"),
        open_lab(options),
    ):
        pass


def test_backups_stay_and_can_be_restored(state: Path) -> None:
    with started(state, "native") as account:
        dynamodb = account.client("dynamodb")
        make_table(dynamodb)
        for number in range(30):
            dynamodb.put_item(TableName="items", Item=numbered(number))
        created = dynamodb.create_backup(TableName="items", BackupName="nightly")["BackupDetails"]
        dynamodb.delete_item(TableName="items", Key={"pk": {"N": "1"}})
    with started(state, "native") as account:
        dynamodb = account.client("dynamodb")
        (listed,) = dynamodb.list_backups(TableName="items")["BackupSummaries"]
        assert (listed["BackupArn"], listed["TableName"]) == (created["BackupArn"], "items")
        described = dynamodb.describe_backup(BackupArn=created["BackupArn"])["BackupDescription"]
        assert described["SourceTableDetails"]["BillingMode"] == "PAY_PER_REQUEST"
        dynamodb.restore_table_from_backup(BackupArn=created["BackupArn"], TargetTableName="restored")
        dynamodb.restore_table_to_point_in_time(
            SourceTableName="items", TargetTableName="now", UseLatestRestorableTime=True
        )
        assert dynamodb.list_tables()["TableNames"] == ["items", "now", "restored"]
        for name, count in (("restored", 30), ("now", 29)):
            found = dynamodb.scan(TableName=name, IndexName="by-value")
            assert found["Count"] == count
        with pytest.raises(dynamodb.exceptions.TableAlreadyExistsException):
            dynamodb.restore_table_from_backup(BackupArn=created["BackupArn"], TargetTableName="now")
        dynamodb.delete_backup(BackupArn=created["BackupArn"])
        with pytest.raises(dynamodb.exceptions.BackupNotFoundException):
            dynamodb.describe_backup(BackupArn=created["BackupArn"])


def test_an_operation_that_it_does_not_have_is_unknown(state: Path) -> None:
    with started(state, "native") as account:
        dynamodb = account.client("dynamodb")
        make_string_table(dynamodb)
        with pytest.raises(ClientError, match=r"UnknownOperationException.*does not offer"):
            dynamodb.describe_kinesis_streaming_destination(TableName="items")
