"""A migration that is killed again and again while other programs write to the table.

The writers remember what DynamoDB told them was stored. After each kill, everything that the checkpoint calls
done is read: it must be encrypted under the target, or be listed as failed. At the end every item decrypts to
the last value that its writer was told was stored.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

from dynaseal import DecryptError, ItemEncryptor
from dynaseal.boto.wrappers.client import EncryptedClient
from migrate.crash import tables
from support.dynamodb import client_of, create_table, session_arguments

OLD, OLDER, NEW = map(ItemEncryptor, (tables.old, tables.older, tables.new))
SEGMENTS = 4
DAMAGED = 5


def person(number: int, salary: int) -> dict[str, Any]:
    return {
        "pk": {"S": f"p{number:05}"},
        "city": {"S": "Bern"},
        "salary": {"N": str(salary)},
        "visits": {"N": "0"},
    }


def stored_form(number: int) -> dict[str, Any]:
    """A quarter of the items each is plaintext, older, under the old key and under the new one."""
    item = person(number, number)
    match number % 4:
        case 0:
            return item
        case 1:
            return OLDER.encrypt_item(item)
        case 2:
            return OLD.encrypt_item(item)
        case _:
            return NEW.encrypt_item(item)


@dataclass
class Writer:
    """A program that changes its own items, and remembers what it was told was stored."""

    endpoint: str
    table: str
    numbers: list[int]
    seed: int
    stop: Event = field(default_factory=Event)
    stored: dict[int, dict[str, Any] | None] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        chance = random.Random(self.seed)
        plain = client_of(self.endpoint)
        encrypted = EncryptedClient(plain, configs={self.table: tables.new})
        kinds = (self._put, self._visit, self._visit, self._raise_salary, self._delete)
        while not self.stop.is_set():
            number = chance.choice(self.numbers)
            kind = chance.choices(kinds, (4, 4, 4, 6, 1))[0]
            with suppress(plain.exceptions.ConditionalCheckFailedException):
                kind(plain, encrypted, number, chance.randrange(10**6))
                self.writes[kind.__name__] += 1
            time.sleep(chance.random() * 0.01)

    def _put(self, _: Any, encrypted: Any, number: int, value: int) -> None:
        item = person(number, value)
        encrypted.put_item(TableName=self.table, Item=item)
        self.stored[number] = item

    def _visit(self, plain: Any, _: Any, number: int, __: int) -> None:
        """Count in an unsigned attribute, as any program may."""
        reply = plain.update_item(
            TableName=self.table,
            Key={"pk": person(number, 0)["pk"]},
            UpdateExpression="ADD visits :one",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        before = self.stored[number]
        assert before is not None
        expected = str(int(before["visits"]["N"]) + 1)
        assert reply["Attributes"]["visits"]["N"] == expected, "a visit was lost"
        self.stored[number] = before | {"visits": {"N": expected}}

    def _raise_salary(self, plain: Any, _: Any, number: int, value: int) -> None:
        """Change a plaintext item, as a program from before the migration does."""
        plain.update_item(
            TableName=self.table,
            Key={"pk": person(number, 0)["pk"]},
            UpdateExpression="SET salary = :new",
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(aws_dbe_head)"
            " AND attribute_not_exists(#older)",
            ExpressionAttributeNames={"#older": "*amzn-ddb-map-sig*"},
            ExpressionAttributeValues={":new": {"N": str(value)}},
        )
        before = self.stored[number]
        assert before is not None
        self.stored[number] = before | {"salary": {"N": str(value)}}

    def _delete(self, plain: Any, _: Any, number: int, __: int) -> None:
        plain.delete_item(TableName=self.table, Key={"pk": person(number, 0)["pk"]})
        self.stored[number] = None


@dataclass(frozen=True, kw_only=True)
class CrashResult:
    """What was counted; every check has passed."""

    items: int
    kills: int
    runs: int
    writes: Counter[str]
    states: dict[str, int]
    checked_done: int
    seconds: float

    def summary(self) -> str:
        writes = ", ".join(f"{count} {name.strip('_')}" for name, count in sorted(self.writes.items()))
        return (
            f"{self.items} items, killed {self.kills} times in {self.runs} runs, {self.seconds:.0f} s; "
            f"writers: {writes}; states: {self.states}; {self.checked_done} items called done were checked"
        )


def crash_test(
    endpoint: str, *, items: int, kills: int, writers: int, seed: int | None = None
) -> CrashResult:
    """Run a migration, kill it, and check everything; raise AssertionError if anything is wrong."""
    began = time.monotonic()
    chance = random.Random(seed)
    client = client_of(endpoint)
    table = create_table(client, "pk")
    _fill(client, table, items)
    numbers = chance.sample(range(items), items)
    workers = [Writer(endpoint, table, numbers[w::writers], chance.randrange(10**9)) for w in range(writers)]
    for worker in workers:
        worker.stored = {number: person(number, number) for number in worker.numbers}
    threads = [Thread(target=worker.run, daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    with TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "checkpoint"
        # About as many items per run as are left after the kills.
        command = _command(table, checkpoint, max_write_units=max(20, items // (2 * kills)))
        killed, runs, checked = 0, 0, 0
        while killed < kills:
            runs += 1
            killed += _run_and_kill(endpoint, command, checkpoint, chance)
            checked += _check_what_is_done(client, table, checkpoint)
            assert runs < 20 * kills, "the migration was over before it was killed often enough"
        runs += 1
        final = _start(endpoint, _command(table, checkpoint)).communicate()
        for worker in workers:
            worker.stop.set()
        for thread in threads:
            thread.join()
        assert final[0], final[1]
        report = json.loads(final[0].splitlines()[-1])
        assert report["complete"], final
        _check_end(client, table, workers, checkpoint)
    return CrashResult(
        items=items,
        kills=killed,
        runs=runs,
        writes=sum((worker.writes for worker in workers), Counter[str]()),
        states=report["states"],
        checked_done=checked,
        seconds=time.monotonic() - began,
    )


def _fill(client: Any, table: str, items: int) -> None:
    stored = [stored_form(number) for number in range(items)]
    for number in range(DAMAGED):
        item = OLD.encrypt_item(person(number, 0)) | {"pk": {"S": f"damaged{number}"}}
        del item["aws_dbe_foot"]
        stored.append(item)
    for start in range(0, len(stored), 25):
        requests = [{"PutRequest": {"Item": item}} for item in stored[start : start + 25]]
        client.batch_write_item(RequestItems={table: requests})


def _command(table: str, checkpoint: Path, *, max_write_units: int | None = None) -> list[str]:
    module = Path(tables.__file__)
    limit = [] if max_write_units is None else ["--max-write-units", str(max_write_units)]
    return [
        *(str(Path(sys.executable).with_name("dynaseal")), "migrate", table, "--json"),
        *("--from", f"{module}:old", "--to", f"{module}:new"),
        *("--checkpoint", str(checkpoint), "--segments", str(SEGMENTS), *limit),
    ]


def _start(endpoint: str, command: list[str]) -> subprocess.Popen[str]:
    session = session_arguments(endpoint)
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": session["region_name"],
        "AWS_ACCESS_KEY_ID": session["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": session["aws_secret_access_key"],
    }
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _run_and_kill(endpoint: str, command: list[str], checkpoint: Path, chance: random.Random) -> bool:
    """Run the migration, kill it some time after it has read a page, and return whether it was killed."""
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
    process = _start(endpoint, command)
    deadline = time.monotonic() + 30
    # Half of the kills come before the first page is finished, and half at some time after that.
    if chance.random() < 0.5:
        time.sleep(0.5 + chance.random())
    else:
        while time.monotonic() < deadline and process.poll() is None:
            if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
                break
            time.sleep(0.005)
        time.sleep(chance.random() * 0.5)
    was_running = process.poll() is None
    process.kill()
    output = process.communicate()
    assert was_running or process.returncode in (0, 1), output
    return was_running


def _check_what_is_done(client: Any, table: str, checkpoint: Path) -> int:
    """Read what the checkpoint calls done, and return how many items that is."""
    if not checkpoint.exists():
        return 0
    saved = json.loads(checkpoint.read_text())
    failed = {failure["key"]["pk"]["S"] for failure in saved["failures"]}
    checked = 0
    for number, segment in enumerate(saved["segments"]):
        if segment["next"] is None and not segment["done"]:
            continue
        items = _segment(client, table, number, len(saved["segments"]))
        if not segment["done"]:
            keys = [item["pk"] for item in items]
            last = segment["next"]["pk"]
            # If a writer has deleted the item, it is not known where the segment stands.
            items = items[: keys.index(last) + 1] if last in keys else []
        for item in items:
            checked += 1
            if item["pk"]["S"] not in failed:
                NEW.decrypt_item(item)
    return checked


def _segment(client: Any, table: str, number: int, segments: int) -> list[Any]:
    pages = client.get_paginator("scan").paginate(
        TableName=table, Segment=number, TotalSegments=segments, ConsistentRead=True
    )
    return [item for page in pages for item in page["Items"]]


def _check_end(client: Any, table: str, workers: list[Writer], checkpoint: Path) -> None:
    pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    found = {item["pk"]["S"]: item for page in pages for item in page["Items"]}
    damaged = {name: item for name, item in found.items() if name.startswith("damaged")}
    assert len(damaged) == DAMAGED
    assert all("aws_dbe_foot" not in item for item in damaged.values())
    saved = json.loads(checkpoint.read_text())
    assert {failure["key"]["pk"]["S"] for failure in saved["failures"]} == damaged.keys()
    for worker in workers:
        for number, expected in worker.stored.items():
            stored = found.pop(person(number, 0)["pk"]["S"], None)
            try:
                decrypted = None if stored is None else NEW.decrypt_item(stored)
            except DecryptError as error:
                raise AssertionError(f"item {number} was expected to be {expected}: {error}") from error
            assert decrypted == expected, (number, decrypted, expected)
    assert found.keys() == damaged.keys()
