"""Items that do not verify: raised with what a caller needs to go on, or listed beside those that verify."""

from __future__ import annotations

import gc
import logging
import pickle
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from dynaseal import (
    AttributeActions,
    CryptoAction,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    ItemEncryptor,
    MultiKeyring,
    RawAesKeyring,
    SignatureError,
    StandardBeacon,
    TableConfig,
    Unreadable,
    UnwrapError,
    attach,
    unreadable_items,
)
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.keys.kms import KmsDecryptError
from dynaseal.errors import DecryptError, FormatError
from dynaseal.materials.model import NoDataKeyError
from support.customers import customers, order
from support.customers import key as order_key
from support.dynamodb import create_table
from support.logs import log_fields
from support.patients import table as patients_table
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

ITEMS = 1000
PARTITION = "all"
CONFIG = TableConfig(
    "log",
    "pk",
    "sk",
    attribute_actions=AttributeActions(attribute_actions={"views": CryptoAction.DO_NOTHING}),
    keyring=RawAesKeyring("tests", "key", bytes(32)),
)
REPORTING = replace(CONFIG, unreadable=Unreadable.REPORT)
OTHER_KEY = replace(CONFIG, keyring=RawAesKeyring("tests", "lost", bytes(32)))
Stored = dict[str, Any]


def entry(number: int) -> Stored:
    return {"pk": {"S": PARTITION}, "sk": {"N": str(number)}, "secret": {"S": f"the secret {number}"}}


def python_entry(number: int) -> Stored:
    return {"pk": PARTITION, "sk": number, "secret": f"the secret {number}"}


# How an item can be damaged: what is stored for the entry with a number.
DAMAGE: dict[str, tuple[Callable[[int], Stored], type[DecryptError]]] = {
    "changed": (lambda number: {**encrypted(number), "more": {"S": "x"}}, SignatureError),
    "not encrypted": (entry, FormatError),
    "under a lost key": (lambda number: ItemEncryptor(OTHER_KEY).encrypt_item(entry(number)), NoDataKeyError),
    "another item's": (lambda number: {**encrypted(number + 5000), **key(number)}, UnwrapError),
    "without a footer": (
        lambda number: {name: each for name, each in encrypted(number).items() if name != "aws_dbe_foot"},
        FormatError,
    ),
    "cut header": (lambda number: {**encrypted(number), "aws_dbe_head": {"B": b"\x01\x00"}}, FormatError),
}


def key(number: int) -> Stored:
    return {"pk": {"S": PARTITION}, "sk": {"N": str(number)}}


def encrypted(number: int) -> Stored:
    return ItemEncryptor(CONFIG).encrypt_item(entry(number))


def fill(client: Any, damaged: dict[int, str], count: int) -> str:
    """Make a table with the entries, some of them damaged."""
    name = create_table(client, "pk", "sk", numeric=("sk",))
    items = [DAMAGE[damaged[n]][0](n) if n in damaged else encrypted(n) for n in range(count)]
    for start in range(0, count, 25):
        writes = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
        client.batch_write_item(RequestItems={name: writes})
    return name


DAMAGED = {3: "changed", 250: "not encrypted", 251: "under a lost key", 700: "another item's", 999: "changed"}


@pytest.fixture(scope="module")
def large(endpoint: str) -> Iterator[str]:
    """The name of a table with 5 damaged among 1,000 items."""
    from support.dynamodb import client_of  # noqa: PLC0415 the fixture `client` is made for each test

    client = client_of(endpoint)
    yield fill(client, DAMAGED, ITEMS)
    client.close()


def query(name: str) -> Any:
    return {
        "TableName": name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": PARTITION}},
    }


def numbers(items: Any) -> list[int]:
    return sorted(int(item["sk"]["N"] if isinstance(item["sk"], dict) else item["sk"]) for item in items)


SOUND = [number for number in range(ITEMS) if number not in DAMAGED]


def check_reported(reply: Any, name: str) -> None:
    assert numbers(reply["Items"]) == SOUND
    assert reply["Count"] == len(SOUND)
    unreadable = reply["UnreadableItems"]
    assert numbers(each["Key"] for each in unreadable) == sorted(DAMAGED)
    for each in unreadable:
        number = numbers([each["Key"]])[0]
        assert each.keys() == {"Key", "TableName", "Error"}
        assert each["TableName"] == name
        assert type(each["Error"]) is DAMAGE[DAMAGED[number]][1]
        assert each["Error"].__traceback__ is None
        assert str(each["Error"]) == str(pickle.loads(pickle.dumps(each["Error"])))


class Failing:
    """A keyring with a key in its frames, whose errors have causes and contexts of their own."""

    def on_encrypt(self, *_: Any) -> Any:
        raise NotImplementedError

    def on_decrypt(self, *_: Any) -> Any:
        try:
            int("first")
        except ValueError as first:
            without_traceback = LookupError("second")
            without_traceback.__context__ = first
            raise UnwrapError("third", causes=[first]) from without_traceback


def reachable(subject: Any) -> Iterator[Any]:
    """Every object that an error keeps in memory, but for classes, functions and modules."""
    seen: set[int] = set()
    pending = [subject]
    while pending:
        found = pending.pop()
        if id(found) not in seen and not isinstance(found, (type, types.FunctionType, types.ModuleType)):
            seen.add(id(found))
            yield found
            pending += gc.get_referents(found)


def test_reported_errors_keep_no_frames_in_memory(client: Any, large: str) -> None:
    failing: Any = Failing()
    keyring = MultiKeyring(failing, [failing])
    encrypting: Any = EncryptedClient(client, configs={large: replace(REPORTING, keyring=keyring)})
    reply = encrypting.scan(TableName=large, Limit=3)
    assert len(reply["UnreadableItems"]) == 3
    for each in reply["UnreadableItems"]:
        kinds = {type(found) for found in reachable(each["Error"])}
        assert {LookupError, ValueError} <= kinds
        assert kinds.isdisjoint({types.TracebackType, types.FrameType})


def put_if_new(name: str, key: Any) -> dict[str, Any]:
    return {
        "Put": {
            "TableName": name,
            "Item": {**key, "secret": {"S": "new"}},
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def test_a_transaction_that_a_condition_cancels_is_not_hidden_by_a_damaged_item(
    client: Any, large: str
) -> None:
    keys = [
        {"pk": {"S": PARTITION}, "sk": {"N": str(number)}} for number in (min(DAMAGED), min(SOUND), ITEMS + 1)
    ]
    transaction: Any = {"TransactItems": [put_if_new(large, key) for key in keys]}
    reporting: Any = EncryptedClient(client, configs={large: REPORTING})
    with pytest.raises(ClientError) as caught:
        reporting.transact_write_items(**transaction)
    response: Any = caught.value.response
    assert response["Error"]["Code"] == "TransactionCanceledException"
    damaged, sound, new = response["CancellationReasons"]
    assert [each["Code"] for each in (damaged, sound, new)] == ["ConditionalCheckFailed"] * 2 + ["None"]
    assert ("Item" in damaged, sound["Item"]["sk"]) == (False, keys[1]["sk"])
    (unreadable,) = response["UnreadableItems"]
    assert (unreadable["Key"], unreadable["TableName"]) == (keys[0], large)
    assert isinstance(unreadable["Error"], DecryptError)
    raising: Any = EncryptedClient(client, configs={large: replace(REPORTING, unreadable=Unreadable.RAISE)})
    with pytest.raises(DecryptError):
        raising.transact_write_items(**transaction)


@pytest.mark.parametrize("operation", ["query", "scan"])
def test_pages_hand_out_995_of_1000_items_and_name_5(client: Any, large: str, operation: str) -> None:
    encrypting: Any = EncryptedClient(client, configs={large: REPORTING})
    request = query(large) if operation == "query" else {"TableName": large}
    reply: dict[str, Any] = {"Items": [], "Count": 0, "UnreadableItems": []}
    for page in encrypting.get_paginator(operation).paginate(**request, PaginationConfig={"PageSize": 300}):
        assert page["Count"] == len(page["Items"])
        reply = {name: reply[name] + page[name] for name in reply}
    check_reported(reply, large)
    paginator = encrypting.get_paginator(operation)
    check_reported(paginator.paginate(**request).build_full_result(), large)
    found = list(paginator.paginate(**request).search("UnreadableItems[].Key"))
    assert numbers(found) == sorted(DAMAGED)
    assert all(each in [key(number) for number in DAMAGED] for each in found)
    if operation == "query":
        check_reported(encrypting.query(**request), large)
        check_reported(encrypting.scan(TableName=large), large)


def test_a_paginator_that_goes_on_reports_each_item_once(client: Any, large: str) -> None:
    paginator: Any = EncryptedClient(client, configs={large: REPORTING}).get_paginator("query")
    token, items, unreadable = None, [], []
    while True:
        settings_ = {"PageSize": 400, "MaxItems": 150, **({"StartingToken": token} if token else {})}
        result = paginator.paginate(**query(large), PaginationConfig=settings_).build_full_result()
        items += result["Items"]
        unreadable += result["UnreadableItems"]
        token = result.get("NextToken")
        if token is None:
            break
    assert numbers(items) == SOUND
    assert numbers(each["Key"] for each in unreadable) == sorted(DAMAGED)


def test_the_clients_own_paginators_stay_as_they_are(client: Any) -> None:
    EncryptedClient(client, configs={"log": REPORTING})
    assert [each.expression for each in client.get_paginator("scan").result_keys] == [
        "Items",
        "Count",
        "ScannedCount",
    ]
    raising: Any = EncryptedClient(client, configs={"log": CONFIG})
    assert len(raising.get_paginator("scan").result_keys) == 3


def test_python_values_have_their_keys_as_python_values(resource: Any, large: str) -> None:
    table = EncryptedTable(resource.Table(large), config=REPORTING)
    check_reported(table.query(KeyConditionExpression=Key("pk").eq(PARTITION)), large)
    reply = table.scan()
    check_reported(reply, large)
    found: Any = reply
    assert {"pk": PARTITION, "sk": Decimal(3)} in [each["Key"] for each in found["UnreadableItems"]]
    for listed in EncryptedResource(resource, configs={large: REPORTING}).tables.all():
        if listed.name == large:
            check_reported(listed.scan(), large)


def test_a_resources_client_and_an_attached_resource_report_too(endpoint: str, large: str) -> None:
    from support.dynamodb import resource_of  # noqa: PLC0415 a resource of its own, which attach changes

    attached = resource_of(endpoint)
    attach(attached, {large: REPORTING})
    check_reported(attached.Table(large).scan(), large)
    check_reported(
        attached.meta.client.get_paginator("scan").paginate(TableName=large).build_full_result(), large
    )
    attached.meta.client.close()


def test_a_batch_hands_out_what_verifies(client: Any, resource: Any, large: str) -> None:
    wanted = [2, 3, 4, 250, 251, 252, 999]
    keys = [key(number) for number in wanted]
    encrypting: Any = EncryptedClient(client, configs={large: REPORTING})
    reply: Any = encrypting.batch_get_item(RequestItems={large: {"Keys": keys}})
    assert numbers(reply["Responses"][large]) == [2, 4, 252]
    assert numbers(each["Key"] for each in reply["UnreadableItems"]) == [3, 250, 251, 999]
    assert {each["TableName"] for each in reply["UnreadableItems"]} == {large}
    python_keys = [{"pk": PARTITION, "sk": number} for number in wanted]
    reply = EncryptedResource(resource, configs={large: REPORTING}).batch_get_item(
        RequestItems={large: {"Keys": python_keys}}
    )
    assert numbers(reply["Responses"][large]) == [2, 4, 252]
    assert sorted(each["Key"]["sk"] for each in reply["UnreadableItems"]) == [3, 250, 251, 999]
    with pytest.raises(DecryptError) as raised:
        EncryptedClient(client, configs={large: CONFIG}).batch_get_item(RequestItems={large: {"Keys": keys}})
    assert (raised.value.verified_items, raised.value.returned_items) == (3, 7)
    assert raised.value.last_evaluated_key is None


@pytest.mark.parametrize("form", ["wire", "python"])
def test_with_raise_a_caller_goes_on_from_the_error_alone(
    client: Any, resource: Any, large: str, form: str
) -> None:
    table = EncryptedTable(resource.Table(large), config=CONFIG)
    encrypting: Any = EncryptedClient(client, configs={large: CONFIG})
    search: Any = table.scan if form == "python" else encrypting.scan
    request: dict[str, Any] = {"Limit": 1, **({} if form == "python" else {"TableName": large})}
    items: list[Any] = []
    errors: list[DecryptError] = []
    start: Any = None
    while True:
        try:
            page = search(**request, **({"ExclusiveStartKey": start} if start else {}))
            items += page["Items"]
            start = page.get("LastEvaluatedKey")
        except DecryptError as error:
            errors.append(error)
            start = error.last_evaluated_key
        if not start:
            break
        request["Limit"] = 1 if len(items) % 250 > 240 or len(items) < 10 else 7
    assert 0 < len(errors) <= len(DAMAGED)
    assert len(items) + sum(error.returned_items or 0 for error in errors) == ITEMS
    assert all("pk='all'" in str(error) for error in errors)


def test_the_error_says_which_item_it_was_and_how_many_verified(client: Any, large: str) -> None:
    with pytest.raises(SignatureError) as raised:
        EncryptedClient(client, configs={large: CONFIG}).query(**query(large), Limit=300)
    error = raised.value
    assert "item pk='all' sk='3'; 297 of the 300 items of the reply verified" in str(error)
    assert (error.verified_items, error.returned_items) == (297, 300)
    assert error.last_evaluated_key == key(299)
    for again in (pickle.loads(pickle.dumps(error)),):
        assert again.last_evaluated_key == error.last_evaluated_key
        assert str(again) == str(error)


def test_one_line_is_logged_for_each_reply_and_it_has_no_values(
    client: Any, large: str, caplog: pytest.LogCaptureFixture
) -> None:
    encrypting: Any = EncryptedClient(client, configs={large: REPORTING})
    with caplog.at_level(logging.WARNING, "dynaseal"):
        encrypting.query(**query(large))
        encrypting.query(**query(large), Limit=2)
    (record,) = [each for each in caplog.records if each.name == "dynaseal"]
    assert record.levelno == logging.WARNING
    assert f"Query on the table '{large}': 5 of 1000 items cannot be read" in record.getMessage()
    assert "2 SignatureError, 1 FormatError, 1 NoDataKeyError, 1 UnwrapError" in record.getMessage()
    assert PARTITION not in record.getMessage().replace("all ", "")
    assert "secret" not in record.getMessage()
    assert log_fields(record) == {
        "dynaseal_event": "unreadable-items",
        "dynaseal_operation": "Query",
        "dynaseal_tables": [large],
        "dynaseal_unreadable": 5,
        "dynaseal_returned": 1000,
        "dynaseal_reasons": {"SignatureError": 2, "FormatError": 1, "NoDataKeyError": 1, "UnwrapError": 1},
    }


COUNT = 24


@settings(max_examples=15, deadline=None)
@given(damaged=st.dictionaries(st.integers(0, COUNT - 1), st.sampled_from(sorted(DAMAGE))), data=st.data())
def test_whatever_is_damaged_the_others_are_handed_out(damaged: dict[int, str], data: Any) -> None:
    stored = [DAMAGE[damaged[n]][0](n) if n in damaged else encrypted(n) for n in range(COUNT)]
    sound = [entry(number) for number in range(COUNT) if number not in damaged]
    wanted = [{**key(number), "sk": {"N": f"{number}.0"}} for number in range(COUNT)]
    last = data.draw(st.sampled_from([{}, {"LastEvaluatedKey": key(COUNT - 1)}]))
    requests: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "Query": (query("log"), {"Items": stored, "Count": COUNT, "ScannedCount": COUNT, **last}),
        "Scan": ({"TableName": "log"}, {"Items": stored, "Count": COUNT, "ScannedCount": COUNT, **last}),
        "BatchGetItem": ({"RequestItems": {"log": {"Keys": wanted}}}, {"Responses": {"log": stored}}),
    }
    for operation, (request, reply) in requests.items():
        found = Requests({"log": REPORTING}).prepare(operation, request).finish(reply)
        items = found["Responses"]["log"] if operation == "BatchGetItem" else found["Items"]
        assert items == sound
        assert found.get("Count", len(sound)) == len(sound)
        assert found.get("ScannedCount", COUNT) == COUNT
        keys = wanted if operation == "BatchGetItem" else [key(number) for number in range(COUNT)]
        assert [each["Key"] for each in found["UnreadableItems"]] == [keys[n] for n in sorted(damaged)]
        for each, number in zip(found["UnreadableItems"], sorted(damaged), strict=True):
            assert isinstance(each["Error"], DAMAGE[damaged[number]][1])
        raising = Requests({"log": CONFIG}).prepare(operation, request)
        if not damaged:
            assert raising.finish(reply) == {name: found[name] for name in found if name != "UnreadableItems"}
            continue
        with pytest.raises(DecryptError) as raised:
            raising.finish(reply)
        assert (raised.value.verified_items, raised.value.returned_items) == (len(sound), COUNT)
        assert raised.value.last_evaluated_key == (
            None if operation == "BatchGetItem" else last.get("LastEvaluatedKey")
        )
        assert f"sk='{min(damaged)}'" in str(raised.value)


def refused_by_kms() -> KmsDecryptError:
    response = {"Error": {"Code": "DisabledException", "Message": "the key is disabled"}}
    return KmsDecryptError(response, "Decrypt", "arn:aws:kms:us-west-2:111122223333:key/k")


def unreachable() -> UnwrapError:
    error = UnwrapError("KMS could not be called")
    error.__cause__ = EndpointConnectionError(endpoint_url="https://kms")
    return error


class Refusing:
    """A keyring that raises one error for every item to read, and counts."""

    def __init__(self, error: Callable[[], Exception]) -> None:
        self.error = error
        self.calls = 0

    def on_encrypt(self, materials: Any) -> Any:
        return CONFIG.keyring.on_encrypt(materials)  # pyright: ignore[reportOptionalMemberAccess] it has one

    def on_decrypt(self, _materials: Any, _data_keys: Any) -> Any:
        self.calls += 1
        raise self.error()


@pytest.mark.parametrize("error", [refused_by_kms, unreachable])
def test_with_raise_kms_is_not_called_again_after_it_refused(
    error: Callable[[], Exception], caplog: pytest.LogCaptureFixture
) -> None:
    keyring = Refusing(error)
    stored = [encrypted(number) for number in range(4)]
    raising = replace(CONFIG, keyring=keyring)
    with pytest.raises(UnwrapError) as raised:
        Requests({"log": raising}).prepare("Scan", {"TableName": "log"}).finish({"Items": stored, "Count": 4})
    assert keyring.calls == 1
    assert (raised.value.verified_items, raised.value.returned_items) == (0, 4)
    reporting = replace(raising, unreadable=Unreadable.REPORT)
    reply = Requests({"log": reporting}).prepare("Scan", {"TableName": "log"}).finish({"Items": stored})
    assert len(reply["UnreadableItems"]) == 4
    reason = "KmsDecryptError (DisabledException)" if error is refused_by_kms else "UnwrapError"
    assert f"4 of 4 items cannot be read: 4 {reason}." in caplog.text


def test_a_batch_with_raise_calls_kms_no_more_after_it_refused() -> None:
    keyring = Refusing(refused_by_kms)
    stored = [encrypted(number) for number in range(4)]
    request = {"RequestItems": {"log": {"Keys": [key(number) for number in range(4)]}}}
    batch = Requests({"log": replace(CONFIG, keyring=keyring)}).prepare("BatchGetItem", request)
    with pytest.raises(UnwrapError):
        batch.finish({"Responses": {"log": stored}})
    assert keyring.calls == 1


def test_a_deletion_that_was_made_does_not_look_failed(client: Any, resource: Any) -> None:
    name = fill(client, {0: "changed", 1: "not encrypted", 2: "changed"}, 3)
    encrypting: Any = EncryptedClient(client, configs={name: CONFIG})
    reply: Any = encrypting.delete_item(TableName=name, Key=key(0), ReturnValues="ALL_OLD")
    assert "Attributes" not in reply
    (unreadable,) = unreadable_items(reply)
    assert (unreadable["Key"], unreadable["TableName"]) == (key(0), name)
    assert isinstance(unreadable["Error"], SignatureError)
    table = EncryptedTable(resource.Table(name), config=CONFIG)
    reply = table.put_item(Item=python_entry(1), ReturnValues="ALL_OLD")
    assert reply["UnreadableItems"][0]["Key"] == {"pk": PARTITION, "sk": Decimal(1)}
    assert isinstance(reply["UnreadableItems"][0]["Error"], FormatError)
    assert table.get_item(Key={"pk": PARTITION, "sk": 1})["Item"] == python_entry(1)
    assert numbers(client.scan(TableName=name)["Items"]) == [1, 2]


def test_a_failed_condition_is_seen_where_items_are_reported(client: Any) -> None:
    name = fill(client, {0: "changed"}, 1)
    request: Any = {
        "TableName": name,
        "Item": entry(0),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(ClientError) as failed:
        EncryptedClient(client, configs={name: REPORTING}).put_item(**request)
    response: Any = failed.value.response
    assert response["Error"]["Code"] == "ConditionalCheckFailedException"
    if "UnreadableItems" in response:  # an engine may not return the item
        assert "Item" not in response
        assert response["UnreadableItems"][0]["Key"] == key(0)


def test_a_search_by_a_beacon_reports_what_it_cannot_check() -> None:
    config = replace(patients_table(StandardBeacon("name", 8)), unreadable=Unreadable.REPORT)
    encryptor = ItemEncryptor(config)
    stored = [
        encryptor.encrypt_item({"pk": {"S": str(number)}, "name": {"S": name}, "ward": {"S": "7"}})
        for number, name in enumerate(["Ann", "Bob", "Ann"])
    ]
    stored[2]["ward"] = {"S": "8"}
    request = {
        "TableName": "patients",
        "FilterExpression": "#n = :v",
        "ExpressionAttributeNames": {"#n": "name"},
        "ExpressionAttributeValues": {":v": {"S": "Ann"}},
    }
    reply = Requests({"patients": config}).prepare("Scan", request).finish({"Items": stored, "Count": 3})
    assert [item["pk"] for item in reply["Items"]] == [{"S": "0"}]
    assert reply["Count"] == 1
    assert [each["Key"] for each in reply["UnreadableItems"]] == [{"pk": {"S": "2"}}]
    counted = Requests({"patients": config}).prepare("Scan", {**request, "Select": "COUNT"})
    reply = counted.finish({"Items": stored, "Count": 3})
    assert "Items" not in reply
    assert reply["Count"] == len(reply["UnreadableItems"]) == 1


def test_surrogate_keys_are_in_the_callers_form_where_the_request_has_them() -> None:
    config = replace(customers(), unreadable=Unreadable.REPORT)
    stored = ItemEncryptor(config).encrypt_item(order())
    stored["city"] = {"S": "elsewhere"}
    requests = Requests({"customers": config})
    batch = requests.prepare("BatchGetItem", {"RequestItems": {"customers": {"Keys": [order_key()]}}})
    reply = batch.finish({"Responses": {"customers": [stored]}})
    assert [each["Key"] for each in reply["UnreadableItems"]] == [order_key()]
    request = {"TableName": "customers", "Item": order(), "ReturnValues": "ALL_OLD"}
    reply = requests.prepare("PutItem", request).finish({"Attributes": stored})
    assert [each["Key"] for each in reply["UnreadableItems"]] == [order_key()]


def test_only_the_tables_that_say_so_report() -> None:
    requests = Requests({"a": people("a"), "b": replace(people("b"), unreadable=Unreadable.REPORT)})
    stored = {name: ItemEncryptor(people(name)).encrypt_item(person()) for name in "ab"}
    changed = {name: {**item, "city": {"S": "x"}} for name, item in stored.items()}
    asked = {name: {"Keys": [{"pk": {"S": "ann"}}]} for name in "ab"}
    call = requests.prepare("BatchGetItem", {"RequestItems": asked})
    reply = call.finish({"Responses": {"a": [stored["a"]], "b": [changed["b"]]}})
    assert reply["Responses"] == {"a": [person()], "b": []}
    assert [each["TableName"] for each in reply["UnreadableItems"]] == ["b"]
    with pytest.raises(SignatureError):
        call.finish({"Responses": {"a": [changed["a"]], "b": [stored["b"]]}})


def test_pynamodb_goes_on(
    client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    name = create_table(client, "pk")
    config = replace(people(), unreadable=Unreadable.REPORT)
    for each in ("ann", "bob"):
        client.put_item(TableName=name, Item=ItemEncryptor(config).encrypt_item(person(each)))
    client.put_item(TableName=name, Item=person("eve"))

    class Person(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB reads it, and not its class
            table_name = name
            host = client.meta.endpoint_url
            region = "us-west-2"

        pk: Any = UnicodeAttribute(hash_key=True)
        secret: Any = UnicodeAttribute()
        city: Any = UnicodeAttribute()

    connection: Any = Person._get_connection().connection
    attach(connection.client, {name: config})
    assert sorted(each.pk for each in Person.scan()) == ["ann", "bob"]
    assert [each.pk for each in Person.query("eve")] == []
    assert sorted(each.pk for each in Person.batch_get(["ann", "eve"])) == ["ann"]
    assert caplog.text.count("1 FormatError") == 3


def test_a_reply_without_items_has_the_member_too() -> None:
    stub = StubbedDynamoDb()
    encrypting: Any = EncryptedClient(stub.client(), configs={"log": REPORTING})
    stub.reply({"Items": [], "Count": 0, "ScannedCount": 0})
    reply: Any = encrypting.scan(TableName="log")
    assert reply["UnreadableItems"] == unreadable_items(reply) == unreadable_items({}) == []
    stub.reply({"Count": 7, "ScannedCount": 7})
    assert "UnreadableItems" not in encrypting.scan(TableName="log", Select="COUNT")
    stub.reply({"Responses": {}, "UnprocessedKeys": {}})
    reply = encrypting.batch_get_item(RequestItems={"log": {"Keys": [key(1)]}})
    assert reply["UnreadableItems"] == []
