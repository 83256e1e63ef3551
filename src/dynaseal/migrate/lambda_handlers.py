"""Handlers for AWS Lambda: the records of a DynamoDB stream, and the files of an export for Step Functions.

Make a handler outside any function of the Lambda, so that keyrings and their caches serve every event.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html and
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any, Literal, Protocol

from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core.arguments import check_callables, check_methods, check_strings
from dynaseal.core.callbacks import check_has_run, name_of, runs_later
from dynaseal.errors import ConfigError
from dynaseal.migrate.exports.chunks import FailedLine
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.migrate.exports.pipeline import transform_stream
from dynaseal.migrate.exports.records import RecordError, RecordTransformer
from dynaseal.migrate.transforming import Plaintext, make_encryptors

_logger = logging.getLogger("dynaseal")

Event = Mapping[str, Any]
Handler = Callable[[Any, Any], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class StreamChange:
    """One record of a stream, with its images encrypted under the target, in wire form.

    Attributes:
        event_name: `INSERT`, `MODIFY` or `REMOVE`.
        keys: The item's key attributes.
        new_image: The item after the change; None if it was deleted, or if the stream has no new images.
        old_image: The item before the change; None if it is new, or if the stream has no old images.
    """

    event_name: Literal["INSERT", "MODIFY", "REMOVE"]
    keys: Item
    new_image: Item | None
    old_image: Item | None


class S3Client(Protocol):
    """The operations of a boto3 S3 client that `export_file_handler` needs."""

    def get_object(self, *, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803 - S3's names
        """Return an object; its `Body` is a stream."""
        ...

    def upload_fileobj(self, Fileobj: IO[bytes], Bucket: str, Key: str) -> None:  # noqa: N803 - S3's names
        """Write an object from a stream."""
        ...


def stream_handler(
    source: TableConfig, target: TableConfig | Plaintext, apply: Callable[[StreamChange], object]
) -> Handler:
    """Return a Lambda handler that transforms the records of a DynamoDB stream, and passes them on in order.

    The event source mapping needs `ReportBatchItemFailures`. The handler stops at the first record that
    cannot be transformed or applied, and reports it; Lambda then sends that record and those after it again.
    So a change is never applied before an earlier one of the same shard, and may be applied twice.

    Args:
        source: The configuration that the items were written with.
        target: The configuration to write them with; or `PLAINTEXT`.
        apply: Called with each change, for example to write it to a copy of the table. Whatever it raises is
            logged, and makes the record fail. A coroutine or a generator that it returns is not run, and
            makes the record fail too.

    Raises:
        ConfigError: an argument has the wrong type, or `apply` is a coroutine or generator function.
    """
    check_callables("A stream handler", apply=apply)
    if runs_later(apply):
        raise ConfigError(
            f"A stream handler's apply is {name_of(apply)}, and calling it runs none of its code",
            hint="Write a plain function that has applied the change when it returns",
        )
    records = RecordTransformer(*make_encryptors("A stream handler", source, target))
    return lambda event, context: _handle_stream(records, apply, event)  # noqa: ARG005 Lambda passes both


def export_file_handler(source: TableConfig, target: TableConfig | Plaintext, s3: S3Client) -> Handler:
    """Return a Lambda handler that transforms one file of an export, for each item of a Distributed Map.

    Its event is `{"bucket": ..., "key": ..., "output_bucket": ..., "output_key": ...}`. The output is written
    only when the file is complete. Lines that failed are written to an object whose key has `.failed.jsonl`
    appended.

    Args:
        source: The configuration that the items were written with.
        target: The configuration to write them with; or `PLAINTEXT`.
        s3: A boto3 S3 client.

    Returns:
        A handler that returns the counts: `lines`, `changed`, `skipped`, `failed` and `blank`.

    Raises:
        ConfigError: an argument has the wrong type.
    """
    check_methods("An export file handler", ("get_object", "upload_fileobj"), "a boto3 S3 client", s3=s3)
    transformer = LineTransformer(*make_encryptors("An export file handler", source, target))
    return lambda event, context: _handle_file(transformer, s3, event)  # noqa: ARG005 Lambda passes both


def _handle_stream(
    records: RecordTransformer, apply: Callable[[StreamChange], object], event: Event
) -> dict[str, Any]:
    for record in event["Records"]:
        number = record["dynamodb"]["SequenceNumber"]
        try:
            check_has_run(apply, apply(_change(records, record)))
        except RecordError as error:
            _logger.error("The stream record %s cannot be transformed: %s", number, error.reason)  # noqa: TRY400 no values
        except Exception:  # whatever the caller's function raises: the record must be reported
            _logger.exception("The stream record %s cannot be applied", number)
        else:
            continue
        return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def _change(records: RecordTransformer, record: Event) -> StreamChange:
    # Decoding changes a record in place, and the event is the caller's.
    images = json.loads(json.dumps({name: record["dynamodb"].get(name) for name in _IMAGES}))
    transformed = records.transform(images).record
    return StreamChange(
        event_name=record["eventName"],
        keys=transformed["Keys"],
        new_image=transformed["NewImage"],
        old_image=transformed["OldImage"],
    )


_IMAGES = ("Keys", "NewImage", "OldImage")


def _handle_file(transformer: LineTransformer, s3: S3Client, event: Event) -> dict[str, Any]:
    bucket, key, output_bucket, output_key = (event[name] for name in _EVENT)
    check_strings(
        "An export file", bucket=bucket, key=key, output_bucket=output_bucket, output_key=output_key
    )
    with TemporaryFile() as output, TemporaryFile() as failed:
        counts = transform_stream(
            s3.get_object(Bucket=bucket, Key=key)["Body"],
            output,
            lambda: transformer,
            jobs=1,
            report_failures=partial(_write_failures, failed),
            report_progress=lambda _: None,
        )
        if counts.failed:
            failed.seek(0)
            s3.upload_fileobj(failed, output_bucket, f"{output_key}.failed.jsonl")
        output.seek(0)
        s3.upload_fileobj(output, output_bucket, output_key)
    return {name: getattr(counts, name) for name in ("lines", "changed", "skipped", "failed", "blank")}


_EVENT = ("bucket", "key", "output_bucket", "output_key")


def _write_failures(file: IO[bytes], lines: tuple[FailedLine, ...]) -> None:
    for line in lines:
        file.write(line.as_json() + b"\n")
