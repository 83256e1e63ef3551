"""update_item on signed attributes gives what plain boto3 gives on a plaintext table."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynaseal import (
    AttributeActions,
    CryptoAction,
    EncryptError,
    PlaintextPolicy,
    RawAesKeyring,
    TableConfig,
    UpdateMode,
)
from dynaseal.boto.wrappers.client import EncryptedClient
from support.dynamodb import client_of, create_table
from support.people import people
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

KEY = {"k": {"S": "x"}}
ACTIONS = AttributeActions(
    CryptoAction.ENCRYPT_AND_SIGN,
    {
        "k": CryptoAction.SIGN_ONLY,
        "signed": CryptoAction.SIGN_ONLY,
        "seen": CryptoAction.DO_NOTHING,
        "memo": CryptoAction.DO_NOTHING,
    },
)


def config(**more: Any) -> TableConfig:
    return TableConfig(
        "people",
        "k",
        attribute_actions=ACTIONS,
        keyring=RawAesKeyring("tests", "key", bytes(32)),
        update_mode=UpdateMode.READ_MODIFY_WRITE,
        **more,
    )


@pytest.fixture(scope="module")
def tables(endpoint: str) -> tuple[Any, str, Any, str]:
    """A plain client with its table, and an encrypting one with its own."""
    client = client_of(endpoint)
    plain, encrypted = create_table(client, "k"), create_table(client, "k")
    return client, plain, EncryptedClient(client, configs={encrypted: config()}), encrypted


numbers = st.sampled_from([{"N": "1"}, {"N": "-2.5"}, {"N": "100"}])
strings = st.sampled_from([{"S": "a"}, {"S": "bc"}])
scalars = st.one_of(numbers, strings, st.just({"BOOL": True}))
lists = st.lists(scalars, min_size=1, max_size=2).map(lambda elements: {"L": elements})
maps = st.dictionaries(st.sampled_from("xyz"), scalars, max_size=2).map(lambda members: {"M": members})
sets = st.sampled_from([{"SS": ["a", "b"]}, {"SS": ["a"]}, {"SS": ["c"]}])
values = st.one_of(scalars, lists, maps, sets)
# Each attribute has one type: ministack does not refuse an operand of another.
TYPES = {"n1": numbers, "signed": numbers, "seen": numbers, "s1": strings, "doc": maps, "memo": maps}
TYPES |= {"tags": sets, "elements": lists}
ATTRIBUTES = [*TYPES]
items = st.none() | st.fixed_dictionaries({}, optional=TYPES)
paths = st.sampled_from([*ATTRIBUTES, "doc.x", "doc.z", "memo.x"])


class Draft:
    """A request in the making; each attribute is written once, since ministack refuses overlaps late."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.values: dict[str, Any] = {}
        self._free = [*ATTRIBUTES, "k"]

    def target(self, among: Collection[str] = (*ATTRIBUTES, "k")) -> str:
        root = self.draw(st.sampled_from([name for name in self._free if name in among]))
        self._free.remove(root)
        return root + self.draw(st.sampled_from(["", "", ".x", ".z"] if root in {"doc", "memo"} else [""]))

    def targets(self, most: int) -> list[str]:
        return [self.target() for _ in range(self.draw(st.integers(1, most)))]

    def value(self, strategy: Any = values) -> str:
        name = f":v{len(self.values)}"
        self.values[name] = self.draw(strategy)
        return name

    def operand(self, depth: int = 1) -> str:
        kind = self.draw(st.integers(0, 4)) if depth else 0
        if kind == 1:
            return self.draw(paths)
        if kind == 2:
            return f"if_not_exists({self.draw(paths)}, {self.operand(depth - 1)})"
        if kind == 3:
            return f"list_append(elements, {self.value(lists)})"
        return self.value()

    def source(self) -> str:
        if self.draw(st.booleans()):
            return self.operand()
        left = self.draw(st.sampled_from(["n1", "seen", "signed", "if_not_exists(seen, :n)"]))
        left = left.replace(":n", self.value(st.just({"N": "7"}))) if ":n" in left else left
        return f"{left} {self.draw(st.sampled_from('+-'))} {self.value(st.just({'N': '3'}))}"

    def update(self) -> str:
        clauses: list[str] = []
        chosen = self.draw(st.sets(st.sampled_from(["SET", "REMOVE", "ADD", "DELETE"])))
        if "DELETE" in chosen:
            clauses.append(f"DELETE {self.target(['tags'])} {self.value(sets)}")
        if "ADD" in chosen:
            clauses.append(f"ADD {self.target(['n1', 'seen', 'signed', 'k'])} {self.value(numbers)}")
        if "SET" in chosen:
            clauses.append("SET " + ", ".join(f"{target} = {self.source()}" for target in self.targets(3)))
        if "REMOVE" in chosen:
            # Of whole attributes: ministack accepts a path into an attribute that is not there.
            clauses.append("REMOVE " + ", ".join(target.partition(".")[0] for target in self.targets(2)))
        return " ".join(self.draw(st.permutations(clauses)))

    def condition(self) -> str:
        text = self.draw(st.sampled_from(CONDITIONS)).format(self.draw(paths))
        return (
            text.replace(":v", self.value(st.sampled_from([{"N": "1"}, {"S": "a"}])))
            if ":v" in text
            else text
        )


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """An update request, sometimes one that DynamoDB refuses."""
    draft = Draft(draw)
    request: dict[str, Any] = {"UpdateExpression": draft.update()}
    if draw(st.integers(0, 2)) == 0:
        request["ConditionExpression"] = draft.condition()
    # The engines do not agree on what is returned of a path inside an attribute.
    nested = any(part in request["UpdateExpression"] for part in (".x", ".z"))
    request["ReturnValues"] = draw(st.sampled_from(RETURN_VALUES[:3] if nested else RETURN_VALUES))
    request["ExpressionAttributeValues"] = draft.values
    return {name: part for name, part in request.items() if part}


RETURN_VALUES = ["NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"]
CONDITIONS = ["attribute_exists({})", "attribute_not_exists({})", "{} = :v", "NOT {} = :v", "{} > :v"]


def unordered(value: Any) -> Any:
    """A value in a form that is the same however numbers are written and sets are ordered."""
    if isinstance(value, list):
        return [unordered(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"N"}:
        return Decimal(value["N"])
    if value.keys() == {"NS"}:
        return {Decimal(member) for member in value["NS"]}
    if value.keys() <= {"SS", "BS"}:
        return {frozenset(members) for members in value.values()}
    return {name: unordered(part) for name, part in value.items()}


def outcome(client: Any, table: str, item: dict[str, Any] | None, request: dict[str, Any]) -> Any:
    """The error code or the returned attributes of an update, and the item after it."""
    if item is None:
        client.delete_item(TableName=table, Key=KEY)
    else:
        client.put_item(TableName=table, Item={**KEY, **item})
    try:
        reply = client.update_item(TableName=table, Key=KEY, **request)
        result = unordered(reply.get("Attributes") or {})
    except ClientError as error:
        result = error.response["Error"]["Code"]
    after = client.get_item(TableName=table, Key=KEY, ConsistentRead=True).get("Item")
    return result, unordered(after)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item=items, request=requests())
def test_an_update_gives_what_it_gives_on_a_plaintext_table(
    tables: tuple[Any, str, Any, str], item: dict[str, Any] | None, request: dict[str, Any]
) -> None:
    client, plain, encrypted, table = tables
    assert outcome(encrypted, table, item, request) == outcome(client, plain, item, request)


@pytest.mark.parametrize(
    "update",
    [
        {"UpdateExpression": "SET nosuch = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
        {"UpdateExpression": "ADD nosuch :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
        {"UpdateExpression": "SET nosuch.x = :v", "ExpressionAttributeValues": {":v": {"N": "1"}}},
        {
            "UpdateExpression": "SET secret = :v, #n = :v",
            "ExpressionAttributeNames": {"#n": "nosuch"},
            "ExpressionAttributeValues": {":v": {"N": "1"}},
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(pk)",
        },
    ],
)
@pytest.mark.parametrize("in_transaction", [False, True])
def test_an_attribute_without_an_action_is_refused_as_when_the_item_is_put(
    update: Any, *, in_transaction: bool
) -> None:
    stub = StubbedDynamoDb()
    client: Any = EncryptedClient(
        stub.client(), configs={"people": people(update_mode=UpdateMode.READ_MODIFY_WRITE)}
    )
    key = {"pk": {"S": "ann"}}
    with pytest.raises(EncryptError) as put:
        client.put_item(TableName="people", Item={**key, "nosuch": {"N": "1"}})
    request = {"TableName": "people", "Key": key, **update}
    call: Any = (
        partial(client.transact_write_items, TransactItems=[{"Update": request}])
        if in_transaction
        else partial(client.update_item, **request)
    )
    with pytest.raises(EncryptError) as updated:
        call()
    assert str(updated.value) == str(put.value)
    assert (type(updated.value), updated.value.hint) == (type(put.value), put.value.hint)
    assert stub.sent_requests == []


def test_an_attribute_without_an_action_may_be_removed(client: Any) -> None:
    name = create_table(client, "pk")
    key = {"pk": {"S": "ann"}}
    client.put_item(TableName=name, Item={**key, "secret": {"S": "x"}, "former": {"S": "y"}})
    adopting = EncryptedClient(
        client,
        configs={
            name: people(
                update_mode=UpdateMode.READ_MODIFY_WRITE, policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ
            )
        },
    )
    adopting.update_item(TableName=name, Key=key, UpdateExpression="REMOVE former")
    found = adopting.get_item(TableName=name, Key=key)["Item"]
    assert found == {**key, "secret": {"S": "x"}}


def test_binary_may_be_given_as_a_string_as_botocore_allows(tables: tuple[Any, str, Any, str]) -> None:
    client, plain, encrypted, name = tables
    key = {"k": {"S": "binary"}}
    values: Any = {":b": {"B": "a"}, ":s": {"BS": ["a", "b"]}, ":l": {"L": [{"B": "c"}]}}
    replies: list[Any] = []
    for each, table in ((client, plain), (encrypted, name)):
        each.put_item(TableName=table, Item={**key, "photo": {"B": b"abc"}, "photos": {"BS": [b"z"]}})
        reply = each.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET prints = :l ADD photos :s",
            ConditionExpression="begins_with(photo, :b)",
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
        reply["Attributes"]["photos"]["BS"].sort()
        replies.append(reply["Attributes"])
    assert replies[0] == replies[1]
