"""Updates of signed attributes in TransactWriteItems."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ParamValidationError

from boto.test_update_races import ADD, KEY, before_writes, people, stored
from dynaseal import TableConfig, UpdateMode
from dynaseal.boto.wrappers.client import EncryptedClient
from support.dynamodb import create_table
from support.people import ACTIONS, KEYRING

OVER_BOTH_DRIVERS = True

BOB = {"pk": {"S": "bob"}}


@pytest.fixture
def name(client: Any) -> str:
    return create_table(client, "pk")


@pytest.fixture
def encrypted(client: Any, name: str) -> EncryptedClient:
    encrypting = EncryptedClient(client, configs={name: people()})
    encrypting.put_item(TableName=name, Item={**KEY, "secret": {"N": "5"}, "memo": {"N": "1"}})
    return encrypting


def targets(client: Any) -> list[str]:
    """The operations that a client sends from now on."""
    sent: list[str] = []
    client.meta.events.register(
        "before-send.dynamodb",
        lambda request, **_: sent.append(request.headers["X-Amz-Target"].decode().partition(".")[2]),
    )
    return sent


def update(name: str, key: dict[str, Any] = KEY, **more: Any) -> dict[str, Any]:
    return {"Update": {"TableName": name, "Key": key, **ADD, **more}}


def test_updates_are_made_with_one_read_beside_other_actions(encrypted: Any, name: str) -> None:
    sent = targets(encrypted)
    put = {"Put": {"TableName": name, "Item": {"pk": {"S": "eve"}, "secret": {"S": "x"}}}}
    encrypted.transact_write_items(TransactItems=[update(name), put, update(name, BOB)])
    assert sent == ["TransactGetItems", "TransactWriteItems"]
    assert stored(encrypted, name)["secret"] == {"N": "6"}
    assert encrypted.get_item(TableName=name, Key=BOB)["Item"] == {**BOB, "secret": {"N": "1"}}
    assert encrypted.get_item(TableName=name, Key={"pk": {"S": "eve"}})["Item"]["secret"] == {"S": "x"}


def test_an_update_without_an_expression_is_refused_as_boto3_refuses_it(encrypted: Any, name: str) -> None:
    entry = {"Update": {"TableName": name, "Key": KEY, "ConditionExpression": "attribute_exists(secret)"}}
    with pytest.raises(ParamValidationError, match="UpdateExpression"):
        encrypted.transact_write_items(TransactItems=[entry])


def test_the_whole_is_repeated_when_an_item_has_changed(client: Any, encrypted: Any, name: str) -> None:
    other = EncryptedClient(client, configs={name: people()})
    before_writes(encrypted, lambda: other.update_item(TableName=name, Key=KEY, **ADD), times=2)
    encrypted.transact_write_items(TransactItems=[update(name)])
    assert stored(encrypted, name)["secret"] == {"N": "8"}


def test_a_false_condition_cancels_the_transaction(client: Any, encrypted: Any, name: str) -> None:
    false = update(name, ConditionExpression="secret = :one", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        encrypted.transact_write_items(TransactItems=[update(name, BOB), false])
    first, second = caught.value.response["CancellationReasons"]
    assert first == {"Code": "None"}
    assert second["Code"] == "ConditionalCheckFailed"
    assert second["Item"] == {**KEY, "secret": {"N": "5"}, "memo": {"N": "1"}}
    assert "Item" not in encrypted.get_item(TableName=name, Key=BOB)


def test_another_part_that_fails_cancels_the_transaction(client: Any, encrypted: Any, name: str) -> None:
    check = {"TableName": name, "Key": BOB, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        encrypted.transact_write_items(TransactItems=[update(name), {"ConditionCheck": check}])
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
    ]
    assert stored(encrypted, name)["secret"] == {"N": "5"}


def test_a_transaction_that_is_repeated_under_its_token_is_made_once(encrypted: Any, name: str) -> None:
    new = {"pk": {"S": "eve"}}
    for _ in range(3):
        encrypted.transact_write_items(
            TransactItems=[update(name), update(name, BOB), view(name, new)], ClientRequestToken=f"of-{name}"
        )
    assert stored(encrypted, name)["secret"] == {"N": "6"}
    assert encrypted.get_item(TableName=name, Key=BOB)["Item"] == {**BOB, "secret": {"N": "1"}}
    assert encrypted.get_item(TableName=name, Key=new)["Item"] == {**new, "memo": {"N": "1"}}
    encrypted.transact_write_items(TransactItems=[update(name)], ClientRequestToken=f"another-{name}")
    assert stored(encrypted, name)["secret"] == {"N": "7"}


def test_a_transaction_with_a_token_is_repeated_when_an_item_has_changed(
    client: Any, encrypted: Any, name: str
) -> None:
    other = EncryptedClient(client, configs={name: people()})
    before_writes(encrypted, lambda: other.update_item(TableName=name, Key=KEY, **ADD), times=2)
    for _ in range(2):
        encrypted.transact_write_items(TransactItems=[update(name)], ClientRequestToken=f"of-{name}")
    assert stored(encrypted, name)["secret"] == {"N": "8"}


def test_a_transaction_whose_reply_was_lost_is_made_once_when_the_caller_repeats_it(
    encrypted: Any, name: str
) -> None:
    lost: list[str] = []

    def lose_reply(model: Any, **_: Any) -> None:
        if model.name == "TransactWriteItems" and not lost:
            lost.append(model.name)
            raise EndpointConnectionError(endpoint_url="lost")

    encrypted.meta.events.register_first("after-call.dynamodb", lose_reply)
    with pytest.raises(EndpointConnectionError):
        encrypted.transact_write_items(TransactItems=[update(name)], ClientRequestToken=f"of-{name}")
    encrypted.transact_write_items(TransactItems=[update(name)], ClientRequestToken=f"of-{name}")
    assert stored(encrypted, name)["secret"] == {"N": "6"}


def test_a_token_that_another_client_or_transaction_has_used_is_refused(
    client: Any, encrypted: Any, name: str
) -> None:
    other: Any = EncryptedClient(client, configs={name: people()})
    encrypted.transact_write_items(TransactItems=[update(name)], ClientRequestToken=f"of-{name}")
    for caller, transaction in ((other, [update(name)]), (encrypted, [update(name), update(name, BOB)])):
        with pytest.raises(client.exceptions.IdempotentParameterMismatchException, match="same client"):
            caller.transact_write_items(TransactItems=transaction, ClientRequestToken=f"of-{name}")
    assert stored(encrypted, name)["secret"] == {"N": "6"}


def test_a_cancelled_transaction_may_be_repeated_under_its_token(encrypted: Any, name: str) -> None:
    large = update(name, ConditionExpression="secret > :five")
    large["Update"]["ExpressionAttributeValues"] = {":one": {"N": "1"}, ":five": {"N": "5"}}
    for transaction in ([large], [large, update(name, BOB)]):
        cancellation(encrypted, transaction, ClientRequestToken=f"of-{name}")
    encrypted.transact_write_items(TransactItems=[update(name)])
    encrypted.transact_write_items(TransactItems=[large], ClientRequestToken=f"of-{name}")
    assert stored(encrypted, name)["secret"] == {"N": "7"}


def test_two_actions_on_one_item_are_refused_at_once(client: Any, encrypted: Any, name: str) -> None:
    put = {"Put": {"TableName": name, "Item": {**KEY, "secret": {"S": "x"}}}}
    sent = targets(encrypted)
    for transaction in ([put, update(name)], [update(name), {"Delete": {"TableName": name, "Key": KEY}}]):
        with pytest.raises(client.exceptions.ClientError, match="multiple operations on one item"):
            encrypted.transact_write_items(TransactItems=transaction)
    assert sent == []


VIEW = {"UpdateExpression": "ADD memo :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}


def view(name: str, key: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An update of an unsigned attribute."""
    return {"Update": {"TableName": name, "Key": key, **VIEW, **more}}


def test_an_update_of_unsigned_attributes_creates_an_encrypted_item(
    client: Any, encrypted: Any, name: str
) -> None:
    encrypted.transact_write_items(TransactItems=[view(name, KEY), view(name, BOB)])
    assert "aws_dbe_head" in client.get_item(TableName=name, Key=BOB)["Item"]
    assert encrypted.get_item(TableName=name, Key=BOB)["Item"] == {**BOB, "memo": {"N": "1"}}
    assert stored(encrypted, name)["memo"] == {"N": "2"}


def test_updates_of_unsigned_attributes_of_existing_items_are_one_call(encrypted: Any, name: str) -> None:
    sent = targets(encrypted)
    encrypted.transact_write_items(TransactItems=[view(name, KEY)])
    assert sent == ["TransactWriteItems"]


def test_an_item_that_another_writer_creates_first_keeps_what_it_has(
    client: Any, encrypted: Any, name: str
) -> None:
    other = EncryptedClient(client, configs={name: people()})
    item = {**BOB, "secret": {"N": "8"}, "memo": {"N": "10"}}
    writes: list[str] = []

    def before_second_write(request: Any, **_: Any) -> None:
        if b"TransactWrite" in request.headers["X-Amz-Target"]:
            writes.append("")
            if len(writes) == 2:
                other.put_item(TableName=name, Item=item)

    encrypted.meta.events.register("before-send.dynamodb", before_second_write)
    encrypted.transact_write_items(TransactItems=[update(name), view(name, BOB)])
    assert encrypted.get_item(TableName=name, Key=BOB)["Item"] == {**item, "memo": {"N": "11"}}
    assert stored(encrypted, name)["secret"] == {"N": "6"}


def test_a_false_condition_of_an_update_of_unsigned_attributes_is_as_on_a_plaintext_table(
    client: Any, encrypted: Any, name: str
) -> None:
    plain = create_table(client, "pk")
    client.put_item(TableName=plain, Item={**KEY, "secret": {"N": "5"}, "memo": {"N": "1"}})
    returning: Any = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    exists, is_large = "attribute_exists(pk)", "memo > :one"
    for entries in (
        lambda table: [view(table, BOB, ConditionExpression=exists), view(table, KEY)],
        lambda table: [view(table, BOB, ConditionExpression=exists, **returning), view(table, KEY)],
        lambda table: [view(table, KEY, ConditionExpression=is_large), view(table, BOB)],
        lambda table: [view(table, KEY, ConditionExpression=is_large, **returning), view(table, BOB)],
        lambda table: [
            update(table, ConditionExpression="secret = :one"),
            update(table, BOB),
            view(table, {"pk": {"S": "c"}}, ConditionExpression=exists),
        ],
        lambda table: [
            update(table, ConditionExpression="secret = :one", **returning),
            {"ConditionCheck": {"TableName": table, "Key": BOB, "ConditionExpression": exists}},
            view(table, {"pk": {"S": "c"}}),
        ],
        lambda table: [
            update(table, ConditionExpression="secret = :one"),
            update(table, {"pk": {"S": "c"}}),
            update(table, BOB, ConditionExpression=exists, **returning),
        ],
    ):
        expected, found = (
            cancellation(each, entries(table)) for each, table in ((client, plain), (encrypted, name))
        )
        assert found == expected
        assert "Item" not in client.get_item(TableName=name, Key=BOB)


def cancellation(client: Any, entries: list[Any], **more: Any) -> dict[str, Any]:
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(TransactItems=entries, **more)
    response = dict(caught.value.response)
    del response["ResponseMetadata"]
    response.pop("Message", None)  # ministack does not have it
    return response


@pytest.mark.parametrize("level", ["TOTAL", "INDEXES"])
def test_capacities_of_both_calls_are_added_up_per_table(client: Any, name: str, level: str) -> None:
    other = create_table(client, "pk")
    both: Any = EncryptedClient(client, configs={name: people(), other: people()})
    transaction = [update(name), update(other), update(name, BOB), view(other, BOB)]
    both.transact_write_items(TransactItems=transaction)
    replies: list[Any] = []
    both.meta.events.register(
        "after-call.dynamodb", lambda parsed, **_: replies.append(parsed["ConsumedCapacity"])
    )
    reply = both.transact_write_items(TransactItems=transaction, ReturnConsumedCapacity=level)

    read, written = ({each["TableName"]: each for each in consumed} for consumed in replies[:2])
    total = {each["TableName"]: each for each in reply["ConsumedCapacity"]}
    assert len(reply["ConsumedCapacity"]) == len(total) == 2
    # Two items of one table are read, and one of the other.
    assert (read[name]["CapacityUnits"], read[other]["CapacityUnits"]) == (4, 2)
    for table, consumed in total.items():
        parts = read[table], written[table]
        assert consumed["CapacityUnits"] == sum(part["CapacityUnits"] for part in parts)
        assert consumed.get("Table", {}).get("CapacityUnits", 0) == sum(
            part.get("Table", {}).get("CapacityUnits", 0) for part in parts
        )


def test_metrics_of_item_collections_are_those_of_the_write(client: Any) -> None:
    keys = {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "memo", "KeyType": "RANGE"}
    index = {"IndexName": "by-memo", "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
    tables = [
        create_table(client, "pk", "city", indexed=["memo"], LocalSecondaryIndexes=[index]) for _ in range(2)
    ]
    key = {**KEY, "city": {"S": "Bern"}}
    configs = {tables[1]: people_of_cities()}
    encrypted: Any = EncryptedClient(client, configs=configs)
    replies: list[Any] = []
    for each, table in ((client, tables[0]), (encrypted, tables[1])):
        wanted: Any = {"ReturnItemCollectionMetrics": "SIZE"}
        one = each.update_item(TableName=table, Key=key, **ADD, **wanted)
        many = each.transact_write_items(TransactItems=[update(table, key)], **wanted)
        replies.append(
            (one.get("ItemCollectionMetrics"), list(many.get("ItemCollectionMetrics", {}).values()))
        )
    assert replies[0] == replies[1]


def people_of_cities() -> TableConfig:
    return TableConfig(
        "people",
        "pk",
        "city",
        attribute_actions=ACTIONS,
        allowed_unsigned_attributes=["memo"],
        keyring=KEYRING,
        update_mode=UpdateMode.READ_MODIFY_WRITE,
    )
