"""Migrations of live tables: what is written, what other programs may do meanwhile, and what is reported."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    BeaconVersion,
    ConfigError,
    CryptoAction,
    DecryptError,
    EncryptedTable,
    ItemEncryptor,
    PlaintextPolicy,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
)
from dynaseal.migrate import PLAINTEXT, Migration, MigrationReport, Progress
from migrate.crash import tables
from migrate.crash.run import NEW, OLD, OLDER
from support import keyrings
from support.dynamodb import client_of, create_table, resource_of
from support.searchable import FakeKeyStore

OLD_KEY = RawAesKeyring("tests", "old", bytes(32))
NEW_KEY = RawAesKeyring("tests", "new", bytes(range(32)))
ACTIONS = {"city": CryptoAction.SIGN_ONLY, "note": CryptoAction.DO_NOTHING}
ALLOW_PLAINTEXT = PlaintextPolicy.FORBID_WRITE_ALLOW_READ
STORE = FakeKeyStore({"tenant": {"version": "1", "branch_key_hex": "07" * 32, "beacon_key_hex": "09" * 32}})


def config(keyring: Any = OLD_KEY, /, **more: Any) -> TableConfig:
    actions = more.pop("actions", ACTIONS)
    return TableConfig(
        "people", "pk", attribute_actions=AttributeActions(attribute_actions=actions), keyring=keyring, **more
    )


SOURCE = config(plaintext_policy=ALLOW_PLAINTEXT)
TARGET = config(NEW_KEY)
READER = ItemEncryptor(TARGET)


def person(number: int, **more: Any) -> dict[str, Any]:
    return {
        "pk": {"S": f"p{number:04}"},
        "city": {"S": "Bern"},
        "salary": {"N": str(number)},
        "note": {"S": "n"},
        **more,
    }


class People:
    """A table and another program that writes to it."""

    def __init__(self, endpoint: str, *keys: str) -> None:
        self.client = client_of(endpoint)
        self.resource = resource_of(endpoint)
        self.name = create_table(self.client, *(keys or ("pk",)))
        self.table = self.resource.Table(self.name)

    def put(self, *items: dict[str, Any]) -> None:
        for item in items:
            self.client.put_item(TableName=self.name, Item=item)

    def get(self, number: int) -> Any:
        key = {"pk": person(number)["pk"]}
        return self.client.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")

    def all(self) -> list[Any]:
        return self.client.get_paginator("scan").paginate(TableName=self.name).build_full_result()["Items"]

    def update(self, number: int, expression: str, **values: Any) -> None:
        self.client.update_item(
            TableName=self.name,
            Key={"pk": person(number)["pk"]},
            UpdateExpression=expression,
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )

    def migration(self, source: Any = SOURCE, target: Any = TARGET, **more: Any) -> Migration:
        return Migration(self.table, source, target, **more)

    def before_writes(self, interfere: Callable[[], object], times: int = 1) -> None:
        """Let another program in before each of the migration's next writes."""
        left = [times]

        def before_send(request: Any, **_: Any) -> None:
            if left[0] and request.headers["X-Amz-Target"].endswith(
                (b"UpdateItem", b"WriteItems", b"PutItem")
            ):
                left[0] -= 1
                interfere()

        self.table.meta.client.meta.events.register("before-send.dynamodb", before_send)


@pytest.fixture
def people(endpoint: str) -> People:
    return People(endpoint)


def test_a_plaintext_table_is_encrypted(people: People) -> None:
    people.put(*map(person, range(250)))

    report = people.migration().run()

    assert report.succeeded
    assert report.states == {"changed": 250}
    assert report.forms == {"plaintext": 250}
    decrypted = sorted((READER.decrypt_item(item) for item in people.all()), key=lambda item: item["pk"]["S"])
    assert decrypted == [person(number) for number in range(250)]
    assert report.consumed.write_units >= 250
    again = people.migration().run()
    assert (again.states, again.keys) == ({"skipped": 250}, {"tests new": 250})


def test_mixed_items_are_moved_and_damaged_ones_are_left_and_listed(people: People) -> None:
    old = ItemEncryptor(config())
    damaged = old.encrypt_item(person(3))
    del damaged["aws_dbe_foot"]
    forged = old.encrypt_item(person(4)) | {"city": {"S": "Basel"}}
    people.put(person(0), old.encrypt_item(person(1)), READER.encrypt_item(person(2)), damaged, forged)

    report = people.migration().run()

    assert report.states == {"changed": 2, "skipped": 1, "failed": 2}
    assert not report.succeeded
    assert report.complete
    assert report.forms == {"plaintext": 1, "current": 3, "damaged": 1}
    failures = {failure.key["pk"]["S"]: failure.reason for failure in report.failures}
    assert failures["p0003"] == "The item has aws_dbe_head and no aws_dbe_foot"
    assert "does not verify" in failures["p0004"]
    assert people.get(3) == damaged
    assert people.get(4) == forged
    assert [READER.decrypt_item(people.get(n)) for n in range(3)] == [person(n) for n in range(3)]


def test_a_dry_run_changes_nothing_and_estimates(people: People) -> None:
    kms = keyrings.fake_kms()
    target = config(keyrings.build(kms, kind="kms", key="kms-a"))
    items = [*map(person, range(50)), ItemEncryptor(config()).encrypt_item(person(50))]
    people.put(*items)

    report = people.migration(target=target, dry_run=True, max_write_units=10).run()

    assert sorted(people.all(), key=lambda item: item["pk"]["S"]) == items
    assert report.mode == "dry-run"
    assert report.states == {}
    assert report.forms == {"plaintext": 50, "current": 1}
    assert report.keys == {"tests old": 1}
    estimate = report.estimate
    assert estimate is not None
    assert (estimate.writes, estimate.sampled, estimate.sampled_failures) == (51, 21, 0)
    assert estimate.kms_calls == 51  # one GenerateDataKey for each
    assert estimate.kms_calls_with_hierarchy == 2
    assert estimate.seconds >= 51 / 10
    assert estimate.write_units == 51
    assert estimate.dollars == pytest.approx(0.0002, rel=0.5)


def test_an_item_that_would_grow_too_large_is_found_by_the_dry_run(people: People) -> None:
    large = person(7, note={"S": "n" * (400 * 1024 - 300)})
    people.put(*map(person, range(100, 140)), large)
    for dry_run in (True, False):
        report = people.migration(dry_run=dry_run).run()
        assert [failure.key for failure in report.failures] == [{"pk": large["pk"]}]
        assert "409,600" in report.failures[0].reason
    assert people.get(7) == large


def test_verifying_reads_everything_and_changes_nothing(people: People) -> None:
    people.put(READER.encrypt_item(person(1)), person(2))
    before = people.all()

    report = people.migration(checkpoint="unused").verify()

    assert people.all() == before
    assert report.states == {"skipped": 1, "failed": 1}
    assert [failure.to_dict() for failure in report.failures] == [
        {
            "key": {"pk": {"S": "p0002"}},
            "form": "plaintext",
            "reason": "The item is not encrypted: it has neither aws_dbe_head nor aws_dbe_foot",
        }
    ]
    assert not Path("unused").exists()


def test_a_table_goes_back_to_plaintext_by_name_only(people: People) -> None:
    old = ItemEncryptor(config())
    people.put(*(old.encrypt_item(person(number)) for number in range(3)))
    with pytest.raises(ConfigError, match="without encryption"):
        people.migration(target=config(plaintext_policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ))

    report = people.migration(target=PLAINTEXT).run()

    assert report.states == {"changed": 3}
    assert [people.get(number) for number in range(3)] == [person(number) for number in range(3)]
    assert people.migration(target=PLAINTEXT).verify().succeeded


# Other programs.


def other_program_puts(people: People) -> None:
    people.put(person(1, salary={"N": "99"}))


@pytest.mark.parametrize("encrypted", [False, True])
def test_an_item_that_is_put_meanwhile_is_not_lost(people: People, encrypted: bool) -> None:
    old = ItemEncryptor(config())
    people.put(old.encrypt_item(person(1)) if encrypted else person(1))
    newer = person(1, salary={"N": "99"})
    people.before_writes(lambda: people.put(old.encrypt_item(newer) if encrypted else newer))

    report = people.migration().run()

    assert report.states == {"changed": 1}
    assert READER.decrypt_item(people.get(1)) == newer


@pytest.mark.parametrize("encrypted", [False, True])
def test_an_item_that_is_deleted_meanwhile_stays_deleted(people: People, encrypted: bool) -> None:
    people.put(ItemEncryptor(config()).encrypt_item(person(1)) if encrypted else person(1))
    people.before_writes(
        lambda: people.client.delete_item(TableName=people.name, Key={"pk": person(1)["pk"]})
    )

    report = people.migration().run()

    assert report.states == {"deleted": 1}
    assert report.succeeded
    assert people.get(1) is None


@pytest.mark.parametrize("encrypted", [False, True])
def test_an_unsigned_attribute_that_is_updated_meanwhile_is_not_lost(people: People, encrypted: bool) -> None:
    people.put(ItemEncryptor(config()).encrypt_item(person(1)) if encrypted else person(1))
    people.before_writes(lambda: people.update(1, "SET note = :note", note={"S": "newer"}))

    assert people.migration().run().states == {"changed": 1}

    assert READER.decrypt_item(people.get(1)) == person(1, note={"S": "newer"})


def test_an_unsigned_attribute_that_becomes_signed_is_signed_as_it_is_now(people: People) -> None:
    target = config(NEW_KEY, actions={"city": CryptoAction.SIGN_ONLY})
    people.put(ItemEncryptor(config()).encrypt_item(person(1)))
    people.before_writes(lambda: people.update(1, "SET note = :note", note={"S": "newer"}))

    assert people.migration(target=target).run().states == {"changed": 1}

    assert ItemEncryptor(target).decrypt_item(people.get(1)) == person(1, note={"S": "newer"})


@pytest.mark.parametrize("attribute", ["note", "city", "salary", "added"])
def test_an_attribute_that_is_new_to_a_plaintext_item_is_not_lost(people: People, attribute: str) -> None:
    item = {"pk": person(1)["pk"]}
    people.put(item)
    people.before_writes(lambda: people.update(1, f"SET {attribute} = :new", new={"S": "new"}))

    assert people.migration().run().states == {"changed": 1}

    assert READER.decrypt_item(people.get(1)) == {**item, attribute: {"S": "new"}}
    assert people.migration().verify().succeeded


def test_an_attribute_that_changes_again_while_it_is_included_is_not_lost(people: People) -> None:
    people.put(person(1))
    values = iter(["first", "second", "third"])
    people.before_writes(lambda: people.update(1, "SET added = :new", new={"S": next(values)}), times=3)

    assert people.migration().run().states == {"changed": 1}

    assert READER.decrypt_item(people.get(1))["added"] == {"S": "third"}


@pytest.mark.parametrize("stored", [OLD.encrypt_item(person(1)), OLDER.encrypt_item(person(1))])
def test_an_attribute_that_is_forged_meanwhile_is_not_signed(people: People, stored: dict[str, Any]) -> None:
    people.put(stored)
    people.before_writes(lambda: people.update(1, "SET added = :new", new={"S": "forged"}))

    report = people.migration(tables.old, tables.new).run()

    assert report.states == {"failed": 1}
    assert "Another program added 'added'" in report.failures[0].reason
    assert "was signed before, so they may be forged" in report.failures[0].reason
    with pytest.raises(DecryptError):
        NEW.decrypt_item(people.get(1))
    assert not people.migration(tables.old, tables.new).verify().succeeded


class ThenPut:
    """Another program that adds an attribute before the first write, and puts an item before the second."""

    def __init__(self, people: People, item: dict[str, Any]) -> None:
        self.people, self.item = people, item
        self.steps = iter([self.add, self.put])

    def __call__(self) -> None:
        next(self.steps)()

    def add(self) -> None:
        self.people.update(1, "SET added = :new", new={"S": "new"})

    def put(self) -> None:
        self.people.put(self.item)


@pytest.mark.parametrize("encrypted", [False, True])
def test_an_item_that_is_put_while_an_attribute_is_included_is_not_lost(
    people: People, encrypted: bool
) -> None:
    newest = person(1, salary={"N": "99"})
    people.put(person(1))
    people.before_writes(ThenPut(people, READER.encrypt_item(newest) if encrypted else newest), times=2)
    assert people.migration().run().succeeded
    assert READER.decrypt_item(people.get(1)) == newest


def test_a_new_attribute_that_the_target_does_not_know_is_a_failure_that_says_so(people: People) -> None:
    named = TableConfig(
        "people",
        "pk",
        attribute_actions={"pk": CryptoAction.SIGN_ONLY, "a": CryptoAction.SIGN_ONLY},
        keyring=NEW_KEY,
    )
    people.put({"pk": person(1)["pk"], "a": {"S": "a"}})
    people.before_writes(lambda: people.update(1, "SET added = :new", new={"S": "new"}))
    report = people.migration(target=named).run()
    assert report.states == {"failed": 1}
    assert "Another program added 'added'" in report.failures[0].reason


def test_a_write_that_is_repeated_after_its_reply_was_lost_is_a_change(people: People) -> None:
    people.put(person(1))
    lost = [True]

    def lose_reply(**arguments: Any) -> float | None:
        if lost[0] and arguments["operation"].name == "UpdateItem":
            lost[0] = False
            return 0.0
        return None

    people.table.meta.client.meta.events.register_first("needs-retry.dynamodb.UpdateItem", lose_reply)

    assert people.migration().run().states == {"changed": 1}
    assert READER.decrypt_item(people.get(1)) == person(1)


def test_an_item_that_changes_all_the_time_fails_and_is_left_to_the_others(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynaseal.migrate.moving.MAX_ATTEMPTS", 3)
    people.put(person(1))
    numbers = iter(range(100))
    people.before_writes(lambda: people.put(person(1, salary={"N": str(next(numbers))})), times=100)
    report = people.migration().run()
    assert report.states == {"failed": 1}
    assert "Other programs changed the item" in report.failures[0].reason
    assert people.get(1)["salary"] == {"N": "2"}


# Large items.


def test_a_plaintext_item_with_100_attributes_is_encrypted(people: People) -> None:
    item = person(1, **{f"a{number}": {"S": "x"} for number in range(100)})
    people.put(item)
    assert people.migration().run().states == {"changed": 1}
    assert READER.decrypt_item(people.get(1)) == item


def test_a_plaintext_item_whose_condition_exceeds_dynamodbs_limits_is_left_and_listed(people: People) -> None:
    item = person(1, **{f"a{number}": {"S": "x"} for number in range(200)})
    people.put(item)
    report = people.migration().run()
    assert report.states == {"failed": 1}
    assert "exceeds DynamoDB's limits" in report.failures[0].reason
    assert people.get(1) == item


def test_an_encrypted_item_with_400_attributes_is_put_as_a_whole(people: People) -> None:
    item = person(1, **{f"a{number}": {"S": "x"} for number in range(400)})
    people.put(ItemEncryptor(config()).encrypt_item(item))
    people.before_writes(lambda: people.update(1, "SET note = :note", note={"S": "newer"}))
    assert people.migration().run().states == {"changed": 1}
    assert READER.decrypt_item(people.get(1)) == item | {"note": {"S": "newer"}}


# Keys that change.


def surrogate_config(**more: Any) -> TableConfig:
    search = SearchConfig([BeaconVersion(STORE, SingleKeySource("tenant"))])
    return config(
        NEW_KEY,
        actions={"email": CryptoAction.ENCRYPT_AND_SIGN},
        search=search,
        surrogate_keys=[SurrogateKey("pk", source="email")],
        **more,
    )


def test_a_key_that_would_change_is_refused_in_place(people: People) -> None:
    people.put(person(1))
    report = people.migration(target=surrogate_config()).run()
    assert report.states == {"failed": 1}
    assert "copy the items into another table" in report.failures[0].reason
    assert people.get(1) == person(1)


def test_items_are_copied_into_another_table(people: People, endpoint: str) -> None:
    target, new = surrogate_config(), People(endpoint)
    people.put(*map(person, range(120)))
    migration = people.migration(target=target, target_table=new.table)

    assert migration.run().states == {"changed": 120}

    encrypted = EncryptedTable(new.table, config=target)
    assert encrypted.get_item(Key={"email": "p0007"})["Item"]["salary"] == 7
    assert len(new.all()) == 120
    assert len(people.all()) == 120
    assert migration.run().states == {"skipped": 120}
    assert migration.verify().succeeded


def test_an_item_that_changes_or_is_deleted_while_it_is_copied_is_copied_as_it_is_then(
    people: People, endpoint: str
) -> None:
    new = People(endpoint)
    people.put(person(1), person(2))
    key = {"pk": person(1)["pk"]}
    people.before_writes(lambda: people.client.delete_item(TableName=people.name, Key=key))
    people.before_writes(lambda: people.update(2, "SET note = :note", note={"S": "newer"}))

    people.migration(target=TARGET, target_table=new.table, segments=1).run()

    assert new.get(1) is None or people.get(1) is not None
    assert READER.decrypt_item(new.get(2)) == person(2, note={"S": "newer"})


def test_an_item_that_the_application_wrote_into_the_new_table_is_kept(people: People, endpoint: str) -> None:
    new = People(endpoint)
    newer = READER.encrypt_item(person(1, salary={"N": "99"}))
    people.put(person(1))
    new.put(newer)
    assert people.migration(target=TARGET, target_table=new.table).run().states == {"skipped": 1}
    assert new.get(1) == newer


def test_added_beacons_are_found(people: People) -> None:
    search = SearchConfig([BeaconVersion(STORE, SingleKeySource("tenant"), [StandardBeacon("salary", 10)])])
    target = config(search=search)
    people.put(*(ItemEncryptor(config()).encrypt_item(person(number)) for number in range(5)))
    assert people.migration(target=target).run().states == {"changed": 5}
    assert all("aws_dbe_b_salary" in item for item in people.all())
    # And without them again.
    assert people.migration(source=target, target=config()).run().states == {"changed": 5}
    assert not any("aws_dbe_b_salary" in item for item in people.all())


def test_only_items_under_a_selected_key_are_taken(people: People) -> None:
    other = RawAesKeyring("tests", "other", bytes([1]) * 32)
    source = config(plaintext_policy=ALLOW_PLAINTEXT)
    people.put(
        ItemEncryptor(config()).encrypt_item(person(1)), ItemEncryptor(config(other)).encrypt_item(person(2))
    )
    report = people.migration(source=source, keys=["old"]).run()
    assert report.states == {"changed": 1, "unselected": 1}
    assert READER.decrypt_item(people.get(1)) == person(1)


def test_items_that_are_not_selected_cost_no_call_of_kms(people: People) -> None:
    kms = keyrings.fake_kms()
    source = config(keyrings.build(kms, kind="kms", key="kms-a"))
    people.put(*(ItemEncryptor(source).encrypt_item(person(number)) for number in range(3)))
    report = people.migration(source=source, keys=[keyrings.KMS_B]).run()
    assert report.states == {"unselected": 3}
    assert report.consumed.kms_calls.total() == 0
    chosen = people.migration(source=source, keys=[keyrings.KMS_A]).run()
    assert chosen.states == {"changed": 3}
    assert chosen.consumed.kms_calls.total() == 3


class DatedStore(FakeKeyStore):
    """A key store that knows when the versions of its own branch keys were made."""

    def get_creation_time(self, branch_key_id: str, version: str) -> datetime:
        assert self._key(branch_key_id)["version"] == version
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_item_whose_branch_key_has_no_date_fails_and_the_others_are_moved(
    people: People, dry_run: bool
) -> None:
    version = "11111111-1111-4111-8111-111111111111"
    names = {"tenant": "07" * 32, "unknown": "08" * 32}
    keys = {name: {"version": version, "branch_key_hex": key} for name, key in names.items()}
    tenant, unknown = (
        config(AwsKmsHierarchicalKeyring(DatedStore(keys), branch_key_id=name, ttl_seconds=60))
        for name in names
    )
    people.put(
        *(ItemEncryptor(tenant).encrypt_item(person(number)) for number in (1, 3)),
        ItemEncryptor(unknown).encrypt_item(person(2)),
    )
    del keys["unknown"]

    migration = people.migration(
        tenant, tenant, older_than=datetime(2027, 1, 1, tzinfo=UTC), renew=True, dry_run=dry_run
    )
    report = migration.run()

    assert report.states == ({} if dry_run else {"changed": 2, "failed": 1})
    (failure,) = report.failures
    assert failure.key == {"pk": person(2)["pk"]}
    assert failure.reason == "There is no branch key 'unknown'"


# The checkpoint.


def test_the_checkpoint_has_keys_of_failed_items_only_and_is_private(people: People, tmp_path: Path) -> None:
    path = tmp_path / "people.checkpoint"
    broken = person(9) | {"aws_dbe_head": {"B": b"1"}}
    people.put(person(1, city={"S": "Geneva"}), broken)

    report = people.migration(checkpoint=path).run()

    content = path.read_text()
    saved = json.loads(content)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [path.name]
    assert saved["failures"] == [failure.to_dict() for failure in report.failures]
    assert saved["states"] == {"changed": 1}
    assert "p0009" in content
    assert "p0001" not in content
    assert "Geneva" not in content


def test_failures_are_kept_and_tried_again(people: People, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    broken = person(9) | {"aws_dbe_head": {"B": b"1"}}
    people.put(
        person(1), broken, person(8) | {"aws_dbe_foot": {"B": b"1"}}, person(7) | {"aws_dbe_b_x": {"S": "1"}}
    )
    assert people.migration(checkpoint=path).run().states == {"changed": 1, "failed": 3}

    people.put(person(8))
    people.client.delete_item(TableName=people.name, Key={"pk": person(7)["pk"]})
    report = people.migration(checkpoint=path).run()

    assert report.states == {"changed": 2, "deleted": 1, "failed": 1}
    assert [failure.key for failure in report.failures] == [{"pk": broken["pk"]}]
    assert people.get(9) == broken
    people.put(READER.encrypt_item(person(9)))
    assert people.migration(checkpoint=path).run().succeeded


def test_an_interrupted_migration_goes_on(people: People, tmp_path: Path) -> None:
    people.put(*map(person, range(300)))
    path = tmp_path / "checkpoint"

    class StopError(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.items >= 100:
            raise StopError

    with pytest.raises(StopError):
        people.migration(checkpoint=path, segments=2).run(stop)
    interrupted = json.loads(path.read_text())
    assert not all(segment["done"] for segment in interrupted["segments"])

    report = people.migration(checkpoint=path).run()

    assert report.complete
    assert sum(report.states.values()) == 300
    assert report.consumed.write_units >= 200  # without pages that were not finished
    assert people.migration().verify().succeeded


def test_a_finished_migration_that_is_run_again_finds_items_that_came_later(
    people: People, tmp_path: Path
) -> None:
    path = tmp_path / "checkpoint"
    people.put(person(1))
    assert people.migration(checkpoint=path).run().states == {"changed": 1}
    people.put(person(2))
    assert people.migration(checkpoint=path).run().states == {"changed": 1, "skipped": 1}


def test_a_finished_migration_with_failures_tries_only_those_again(people: People, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    people.put(person(1), person(2) | {"aws_dbe_foot": {"B": b"1"}})
    people.migration(checkpoint=path).run()
    people.put(*map(person, range(3, 300)))
    report = people.migration(checkpoint=path).run()
    assert report.states == {"changed": 1, "failed": 1}
    assert report.complete


def test_a_file_that_a_killed_process_left_is_replaced(people: People, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    left = tmp_path / ".checkpoint.new"
    left.write_text("half")
    left.chmod(0o644)
    people.put(person(1))
    assert people.migration(checkpoint=path).run().succeeded
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint"]


def test_a_checkpoint_belongs_to_its_migration(people: People, endpoint: str, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    people.put(person(1))
    people.migration(checkpoint=path, segments=2).run()
    for other in (
        People(endpoint).migration(checkpoint=path),
        people.migration(checkpoint=path, target=config(NEW_KEY, actions={})),
        people.migration(checkpoint=path, source=replace(SOURCE, keyring=NEW_KEY)),
        people.migration(checkpoint=path, keys=["old"]),
    ):
        with pytest.raises(ConfigError, match="checkpoint of another migration"):
            other.run()
    with pytest.raises(ConfigError, match="with 2 segments, not 3"):
        people.migration(checkpoint=path, segments=3).run()
    assert people.migration(checkpoint=path, segments=2).run().succeeded


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 2}', "not JSON"])
def test_a_file_that_is_not_a_checkpoint_is_refused(people: People, tmp_path: Path, content: str) -> None:
    path = tmp_path / "checkpoint"
    path.write_text(content)
    with pytest.raises(ConfigError, match="is not a checkpoint"):
        people.migration(checkpoint=path).run()
    assert path.read_text() == content


def test_two_migrations_cannot_use_one_checkpoint_at_a_time(people: People, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    people.put(person(1))
    refused: list[str] = []

    def second(_: Progress) -> None:
        with pytest.raises(ConfigError) as error:
            people.migration(checkpoint=path).run()
        refused.append(str(error.value))

    people.migration(checkpoint=path, segments=1).run(second)
    assert len(refused) == 1
    assert "Another process is using the checkpoint" in refused[0]


def test_binary_and_number_keys_survive_the_checkpoint(endpoint: str, tmp_path: Path) -> None:
    client = client_of(endpoint)
    name = f"{tmp_path.name}-binary"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "B"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    keys = {"pk": {"B": b"\xff\x00"}, "sk": {"N": "1.5"}}
    client.put_item(TableName=name, Item=keys | {"aws_dbe_head": {"B": b"1"}})
    table = resource_of(endpoint).Table(name)
    with_sort_key = {
        "sort_key_name": "sk",
        "attribute_actions": AttributeActions(),
        "plaintext_policy": ALLOW_PLAINTEXT,
    }
    source = TableConfig("people", "pk", keyring=OLD_KEY, **with_sort_key)
    target = TableConfig("people", "pk", keyring=NEW_KEY, **with_sort_key)

    def run() -> MigrationReport:
        return Migration(table, source, target, checkpoint=tmp_path / "checkpoint").run()

    assert [failure.key for failure in run().failures] == [keys]
    client.delete_item(TableName=name, Key=keys)
    assert run().states == {"deleted": 1}


class BusyKms:
    """A KMS that throttles its first calls."""

    def __init__(self, kms: Any, times: int) -> None:
        self._kms = kms
        self._left = times

    def generate_data_key(self, **request: Any) -> Any:
        if self._left:
            self._left -= 1
            response: Any = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
            raise ClientError(response, "GenerateDataKey")
        return self._kms.generate_data_key(**request)

    def decrypt(self, **request: Any) -> Any:
        return self._kms.decrypt(**request)


def test_an_item_is_tried_again_while_kms_throttles(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dynaseal.migrate.moving._KMS_PAUSE", 0.001)
    target = config(AwsKmsKeyring(keyrings.KMS_A, client=BusyKms(keyrings.fake_kms().client("us-west-2"), 3)))
    people.put(person(1))
    assert people.migration(target=target).run().states == {"changed": 1}

    never = config(
        AwsKmsKeyring(keyrings.KMS_A, client=BusyKms(keyrings.fake_kms().client("us-west-2"), 1000))
    )
    people.put(person(1))
    report = people.migration(target=never).run()
    assert report.states == {"failed": 1}
    assert "ThrottlingException" in report.failures[0].reason


# Errors that are not about one item, and arguments.


def test_a_request_that_dynamodb_refuses_ends_the_run(people: People) -> None:
    people.put(person(1))
    people.client.delete_table(TableName=people.name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        people.migration().run()


def test_a_table_with_other_keys_is_refused_before_anything_is_read(endpoint: str) -> None:
    other = People(endpoint, "id")
    with pytest.raises(ConfigError, match="has the keys id, and its configuration has pk"):
        other.migration().run()


def test_wrong_arguments_are_refused(people: People) -> None:
    encrypted = EncryptedTable(people.table, config=TARGET)
    with pytest.raises(ConfigError):
        Migration(encrypted, SOURCE, TARGET)
    with pytest.raises(ConfigError, match="1 to 1,000,000 segments"):
        people.migration(segments=0)
    with pytest.raises(ConfigError, match="greater than 0"):
        people.migration(max_write_units=0)
    with pytest.raises(ConfigError, match="boto3's Table"):
        Migration(people.client, SOURCE, TARGET)
    with pytest.raises(ConfigError, match="different keys"):
        people.migration(target=replace(TARGET, sort_key_name="sk")).run()


def test_a_run_ends_when_too_many_items_fail(
    people: People, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("dynaseal.migrate.running.MAX_FAILURES", 50)
    people.put(*map(person, range(300)))
    report = people.migration(config(), segments=1, checkpoint=tmp_path / "checkpoint").run()
    assert not report.complete
    assert not report.succeeded
    assert len(report.failures) == 100
