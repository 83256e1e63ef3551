"""OpenTelemetry's spans and metrics of what dynaseal does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dynaseal import (
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    BranchKeyCache,
    ConfigError,
    EncryptedClient,
    EncryptError,
    ItemEncryptor,
    RawAesKeyring,
    SignatureError,
    UnsupportedOperationError,
    UpdateMode,
)
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.keys.kms import KmsError
from dynaseal.materials.kms_calls import MAX_COUNTED
from dynaseal.migrate.sizes import item_size
from dynaseal.otel import instrument, uninstrument
from dynaseal.otel.recording import Recorder
from support.branch_keys import BOUND, ITEM, encryptor_of, people
from support.dynamodb import client_of, create_table, running_engine
from support.fake_aws import ARN, FakeAws
from support.people import people as people_config

SECRET = bytes(range(32))


@dataclass
class Recorded:
    """What was recorded, read from the SDK's memory."""

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    def instrument(self, **more: Any) -> None:
        instrument(tracer_provider=self.tracer_provider, meter_provider=self.meter_provider, **more)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def attributes(self, at: int = 0) -> Mapping[str, Any]:
        return dict(self.spans[at].attributes or {})

    def points(self, name: str) -> list[tuple[Any, dict[str, Any]]]:
        """Return the value or count, and the attributes, of each point of a metric."""
        return [
            (getattr(point, "value", None) or getattr(point, "count", None), dict(point.attributes))
            for point in self._points(name)
        ]

    def sums(self, name: str) -> list[Any]:
        """Return the sum of the values of each point of a histogram."""
        return [point.sum for point in self._points(name)]

    def _points(self, name: str) -> list[Any]:
        data: Any = self.reader.get_metrics_data()
        return [
            point
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider = TracerProvider(shutdown_on_exit=False)
    tracer_provider.add_span_processor(SimpleSpanProcessor(exporter))
    meter_provider = MeterProvider([reader], shutdown_on_exit=False)
    yield Recorded(tracer_provider, meter_provider, exporter, reader)
    uninstrument()
    meter_provider.shutdown()
    tracer_provider.shutdown()


def kms_keyring(aws: FakeAws) -> AwsKmsKeyring:
    return AwsKmsKeyring(ARN, client=aws.kms.client("us-west-2"))


def test_an_item_and_the_kms_call_below_it_are_spans_and_counts(recorded: Recorded) -> None:
    recorded.instrument()
    stored = encryptor_of(kms_keyring(FakeAws())).encrypt_item(ITEM)

    kms, item = recorded.spans
    assert (kms.name, item.name) == ("KMS GenerateDataKey", "encrypt item")
    assert kms.parent is not None
    assert item.context is not None
    assert kms.parent.span_id == item.context.span_id
    assert recorded.attributes(0) == {
        "dynaseal.kms.operation": "GenerateDataKey",
        "dynaseal.kms.key": ARN,
    }
    assert recorded.attributes(1) == {"dynaseal.operation": "encrypt", "dynaseal.table": "people"}
    labels = {"dynaseal.operation": "encrypt", "dynaseal.table": "people", "dynaseal.outcome": "ok"}
    assert recorded.points("dynaseal.items") == [(1, labels)]
    assert recorded.points("dynaseal.item.duration") == [(1, labels)]
    assert recorded.sums("dynaseal.item.size") == [item_size(stored)]
    ((calls, kms_labels),) = recorded.points("dynaseal.kms.calls")
    assert (calls, kms_labels["dynaseal.outcome"]) == (1, "ok")


def test_a_changed_item_is_counted_by_its_errors_code_and_nothing_of_it_is_recorded(
    recorded: Recorded,
) -> None:
    encryptor = encryptor_of(kms_keyring(FakeAws()))
    stored = encryptor.encrypt_item({**ITEM, "pk": {"S": "very secret name"}})
    stored["salary"] = {"B": bytes(len(stored["salary"]["B"]))}
    recorded.instrument()
    with pytest.raises(SignatureError):
        encryptor.decrypt_item(stored)
    span = recorded.spans[-1]
    assert (span.name, span.status.is_ok, span.status.description) == ("decrypt item", False, None)
    assert recorded.attributes(-1)["error.type"] == SignatureError.code
    assert span.events == ()
    ((number, labels),) = recorded.points("dynaseal.items")
    assert (number, labels["dynaseal.outcome"]) == (1, SignatureError.code)
    assert "very secret name" not in "".join(each.to_json() for each in recorded.spans)


def test_a_refused_kms_call_has_awss_code(recorded: Recorded) -> None:
    recorded.instrument()
    encryptor = encryptor_of(AwsKmsKeyring(ARN.replace("1234abcd", "4321dcba"), client=RefusingKms()))
    with pytest.raises(KmsError):
        encryptor.encrypt_item(ITEM)
    ((_, labels),) = recorded.points("dynaseal.kms.calls")
    assert labels["dynaseal.outcome"] == "AccessDeniedException"
    assert recorded.attributes(-1)["error.type"] == KmsError.code


class RefusingKms:
    """A KMS client that refuses every call."""

    def generate_data_key(self, **_: Any) -> Any:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GenerateDataKey")

    decrypt = generate_data_key


def test_branch_keys_are_loaded_once_and_then_found(recorded: Recorded) -> None:
    store = FakeAws().key_store()
    store.create_key("tenant-a", BOUND)
    keyring = AwsKmsHierarchicalKeyring(store, branch_key_id="tenant-a", ttl_seconds=600)
    recorded.instrument()
    for item in people(5):
        encryptor_of(keyring).encrypt_item(item)
    assert sorted(recorded.points("dynaseal.cache.lookups"), key=str) == [
        (1, {"dynaseal.outcome": "load"}),
        (4, {"dynaseal.outcome": "hit"}),
    ]


def test_each_of_many_items_is_counted(recorded: Recorded) -> None:
    encryptor = encryptor_of(RawAesKeyring("tests", "one", bytes(32)))
    recorded.instrument()
    encryptor.decrypt_many(encryptor.encrypt_many(people(3)))
    counted = {labels["dynaseal.operation"]: count for count, labels in recorded.points("dynaseal.items")}
    assert counted == {"encrypt": 3, "decrypt": 3}


def test_a_failed_load_is_counted(recorded: Recorded) -> None:
    recorded.instrument()
    with pytest.raises(ZeroDivisionError):
        BranchKeyCache().get("a", 1, lambda: 1 // 0)
    assert recorded.points("dynaseal.cache.lookups") == [(1, {"dynaseal.outcome": "failed load"})]


def test_refused_requests_and_repeated_updates_are_counted(recorded: Recorded) -> None:
    with running_engine() as endpoint:
        plain = client_of(endpoint)
        name = create_table(plain, "pk")
        writing: Any = EncryptedClient(
            plain, configs={name: people_config(update_mode=UpdateMode.READ_MODIFY_WRITE)}
        )
        key = {"pk": {"S": "ann"}}
        add = {"UpdateExpression": "ADD secret :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        writing.update_item(TableName=name, Key=key, **add)
        other: Any = EncryptedClient(
            client_of(endpoint), configs={name: people_config(update_mode=UpdateMode.READ_MODIFY_WRITE)}
        )
        left = [True]

        def before_send(request: Any, **_: Any) -> None:
            if left and b"Get" not in request.headers["X-Amz-Target"]:
                left.clear()
                other.update_item(TableName=name, Key=key, **add)

        writing.meta.events.register("before-send.dynamodb", before_send)
        recorded.instrument()
        writing.update_item(TableName=name, Key=key, **add)
        with pytest.raises(UnsupportedOperationError):
            writing.scan(TableName="another")
        plain.close()
    assert recorded.points("dynaseal.updates.repeated") == [(1, {})]
    assert recorded.points("dynaseal.requests.refused") == [
        (1, {"dynaseal.operation": "Scan", "error.type": UnsupportedOperationError.code})
    ]


def test_with_a_secret_the_spans_of_one_item_have_the_same_hash(recorded: Recorded) -> None:
    recorded.instrument(key_hash_secret=SECRET)
    encryptor = encryptor_of(kms_keyring(FakeAws()))
    encryptor.decrypt_item(encryptor.encrypt_item(ITEM))
    encryptor.encrypt_item({**ITEM, "pk": {"S": "bob"}})
    hashes = [
        attributes["dynaseal.item.key_hash"]
        for at in range(len(recorded.spans))
        if "dynaseal.item.key_hash" in (attributes := recorded.attributes(at))
    ]
    assert len(hashes) == 3
    assert hashes[0] == hashes[1] != hashes[2]
    assert "dynaseal.item.key_hash" not in recorded.points("dynaseal.items")[0][1]


def test_an_item_without_its_key_fails_as_before(recorded: Recorded) -> None:
    recorded.instrument(key_hash_secret=SECRET)
    with pytest.raises(EncryptError, match="The item has no attribute 'pk'"):
        encryptor_of(kms_keyring(FakeAws())).encrypt_item({"salary": {"N": "1"}})


def test_metrics_name_a_limited_number_of_keys(recorded: Recorded) -> None:
    recorder = Recorder(
        recorded.tracer_provider.get_tracer("t"), recorded.meter_provider.get_meter("t"), None
    )
    for number in range(MAX_COUNTED + 10):
        with recorder.kms_call("Decrypt", f"key-{number}"):
            pass
    points = recorded.points("dynaseal.kms.calls")
    assert len(points) == MAX_COUNTED + 1
    assert (10, "other keys") in {(number, labels["dynaseal.kms.key"]) for number, labels in points}


def test_without_instrumentation_the_methods_are_the_ones_that_they_were(recorded: Recorded) -> None:
    before = methods()
    recorded.instrument()
    assert all(old is not new for old, new in zip(before, methods(), strict=True))
    with pytest.raises(ConfigError, match="instrumented already"):
        recorded.instrument()
    uninstrument()
    assert methods() == before
    encryptor_of(kms_keyring(FakeAws())).encrypt_item(ITEM)
    assert recorded.spans == ()


def methods() -> list[Any]:
    return [ItemEncryptor.encrypt_item, ItemEncryptor.decrypt_item, BranchKeyCache.get, Requests.prepare]


@pytest.mark.parametrize(("secret", "message"), [(b"short", "5 bytes"), ("text", "must be bytes")])
def test_the_secret_is_checked(recorded: Recorded, secret: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        recorded.instrument(key_hash_secret=secret)


def test_without_the_package_it_says_what_to_install() -> None:
    program = """
import sys
sys.modules["opentelemetry"] = None
from dynaseal import ConfigError
from dynaseal.otel import instrument
try:
    instrument()
except ConfigError as error:
    print(error)
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert printed.stdout == (
        "OpenTelemetry's API is not installed. Install it with pip install 'dynaseal[otel]'\n"
    )
