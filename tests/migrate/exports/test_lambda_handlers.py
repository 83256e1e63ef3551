"""Handlers for AWS Lambda, with events in the shape in which AWS sends them."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import IO, Any

import pytest

from dynaseal import ConfigError, from_stream_image
from dynaseal.migrate import PLAINTEXT
from dynaseal.migrate.exports.reading import InputError
from dynaseal.migrate.lambda_handlers import StreamChange, export_file_handler, stream_handler
from support.exports import NEW, OLD, as_json, export, new, old, person


def record(number: int, name: str, **images: Any) -> dict[str, Any]:
    """One record of an event, as Lambda passes it."""
    return {
        "eventID": f"c4ca4238a0b923820dcc509a6f75849{number}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-west-2",
        "dynamodb": {
            "ApproximateCreationDateTime": 1479499740,
            "Keys": {"pk": {"S": f"person {number}"}},
            **as_json(images),
            "SequenceNumber": f"111{number}",
            "SizeBytes": 59,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-west-2:111122223333:table/people/stream/2026-11-28",
    }


def stored(number: int) -> dict[str, Any]:
    return OLD.encrypt_item(person(number))


def test_both_images_of_each_record_are_passed_on_in_order() -> None:
    changes: list[StreamChange] = []
    event = {
        "Records": [
            record(1, "INSERT", NewImage=stored(1)),
            record(2, "MODIFY", NewImage=stored(2), OldImage=stored(258)),
            record(3, "REMOVE", OldImage=stored(3)),
        ]
    }
    before = deepcopy(event)

    reply = stream_handler(old, new, changes.append)(event, None)

    assert (reply, event) == ({"batchItemFailures": []}, before)
    assert [change.event_name for change in changes] == ["INSERT", "MODIFY", "REMOVE"]
    assert [change.keys["pk"]["S"] for change in changes] == ["person 1", "person 2", "person 3"]
    images = [(change.new_image, change.old_image) for change in changes]
    assert [[image and NEW.decrypt_item(image) for image in pair] for pair in images] == [
        [person(1), None],
        [person(2), person(258)],
        [None, person(3)],
    ]


def test_the_first_record_that_cannot_be_transformed_is_reported_and_ends_the_batch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changes: list[StreamChange] = []
    bad = {**stored(2), "city": {"S": "Bern"}}
    event = {
        "Records": [
            record(number, "INSERT", NewImage=bad if number == 2 else stored(number)) for number in (1, 2, 3)
        ]
    }

    reply = stream_handler(old, new, changes.append)(event, None)

    assert reply == {"batchItemFailures": [{"itemIdentifier": "1112"}]}
    assert [change.keys["pk"]["S"] for change in changes] == ["person 1"]
    assert "1112" in caplog.text
    assert "does not verify" in caplog.text
    assert "Bern" not in caplog.text


def test_a_record_that_cannot_be_applied_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(change: StreamChange) -> None:
        raise TimeoutError(change.event_name)

    event = {"Records": [record(1, "INSERT", NewImage=stored(1))]}
    assert stream_handler(old, new, refuse)(event, None) == {
        "batchItemFailures": [{"itemIdentifier": "1111"}]
    }
    assert "TimeoutError" in caplog.text


async def coroutine(change: StreamChange) -> None:
    raise AssertionError(change)


def generator(change: StreamChange) -> Iterator[None]:
    raise AssertionError((yield), change)


async def asynchronous_generator(change: StreamChange) -> AsyncIterator[None]:
    raise AssertionError((yield), change)


class Method:
    """An object with code that runs later."""

    async def __call__(self, change: StreamChange) -> None:
        raise AssertionError(change)

    async def method(self, change: StreamChange) -> None:
        raise AssertionError(change)


class Awaitable:
    """What a library's function may return in place of a coroutine."""

    def __init__(self, change: StreamChange) -> None:
        self.change = change

    def __await__(self) -> Iterator[Any]:
        yield from coroutine(self.change).__await__()


RUN_LATER: dict[str, Callable[[StreamChange], object]] = {
    "a coroutine function": coroutine,
    "a generator function": generator,
    "an asynchronous generator function": asynchronous_generator,
    "a method": Method().method,
    "an object": Method(),
    "a partial function": partial(coroutine),
}


@pytest.mark.parametrize("kind", RUN_LATER)
def test_a_function_whose_code_would_run_later_is_refused_where_the_handler_is_made(kind: str) -> None:
    with pytest.raises(ConfigError, match=r"calling it runs none of its code.*Write a plain function"):
        stream_handler(old, new, RUN_LATER[kind])


@pytest.mark.parametrize("kind", [*RUN_LATER, "an awaitable"])
def test_a_record_whose_change_would_be_applied_later_is_reported(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[StreamChange] = []

    def apply(change: StreamChange) -> object:
        calls.append(change)
        return (RUN_LATER | {"an awaitable": Awaitable})[kind](change) if len(calls) == 2 else "a reply"

    event = {"Records": [record(number, "INSERT", NewImage=stored(number)) for number in (1, 2, 3)]}

    assert stream_handler(old, new, apply)(event, None) == {"batchItemFailures": [{"itemIdentifier": "1112"}]}
    assert len(calls) == 2
    assert "apply returned an object that nobody runs" in caplog.text


class Bucket:
    """S3, with the objects of one bucket."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = objects

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[f"{Bucket}/{Key}"])}

    def upload_fileobj(self, Fileobj: IO[bytes], Bucket: str, Key: str) -> None:
        self.objects[f"{Bucket}/{Key}"] = Fileobj.read()


EVENT = {"bucket": "exports", "key": "a.json.gz", "output_bucket": "new", "output_key": "a.json.gz"}


def test_a_file_of_an_export_is_transformed_with_a_list_of_what_failed() -> None:
    people = [person(number) for number in range(3)]
    s3 = Bucket(**{"exports/a.json.gz": gzip.compress(export(people) + b"not JSON\n")})

    counts = export_file_handler(old, new, s3)(EVENT, None)

    assert counts == {"lines": 4, "changed": 3, "skipped": 0, "failed": 1, "blank": 0}
    lines = gzip.decompress(s3.objects["new/a.json.gz"]).splitlines()
    assert [NEW.decrypt_item(from_stream_image(json.loads(line)["Item"])) for line in lines] == people
    assert json.loads(s3.objects["new/a.json.gz.failed.jsonl"])["line"] == 4


def test_a_file_that_is_cut_off_has_no_output() -> None:
    s3 = Bucket(**{"exports/a.json.gz": gzip.compress(export([person(1)]))[:-4]})
    with pytest.raises(InputError):
        export_file_handler(old, PLAINTEXT, s3)(EVENT, None)
    assert [*s3.objects] == ["exports/a.json.gz"]


def test_a_wrong_argument_is_refused_where_the_handler_is_made() -> None:
    wrong: Any = "tables.py:new"
    with pytest.raises(ConfigError, match="target"):
        stream_handler(old, wrong, print)
    with pytest.raises(ConfigError, match="apply"):
        stream_handler(old, new, wrong)
    with pytest.raises(ConfigError, match="a boto3 S3 client"):
        export_file_handler(old, new, wrong)
