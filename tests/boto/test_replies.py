"""A reply is held against its request, and a part of an encrypted item is never returned as plaintext."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import (
    GetPrefix,
    ItemEncryptor,
    PlaintextPolicy,
    RawAesKeyring,
    StandardBeacon,
    TableConfig,
    VirtualField,
    VirtualPart,
)
from dynaseal.boto.interception.replies import key_condition_check
from dynaseal.boto.interception.requests import Requests
from dynaseal.core.actions import AttributeActions
from dynaseal.core.values.writing import serialize
from dynaseal.errors import DecryptError, EncryptError, UnsupportedOperationError
from dynaseal.expressions import matches, parse_condition
from support.customers import customers, order
from support.customers import key as order_key
from support.patients import table as patients_table
from support.people import people, person
from support.strategies import numbers, strings, values

KEY = {"pk": {"S": "ann"}}
OTHER = {"pk": {"S": "bob"}}
READING = [PlaintextPolicy.FORBID_WRITE_ALLOW_READ, PlaintextPolicy.FORCE_WRITE_ALLOW_READ]
UNCHANGED = {"UpdateExpression": "SET memo = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}
QUERY = {"KeyConditionExpression": "pk = :k", "ExpressionAttributeValues": {":k": KEY["pk"]}}


def requests(policy: PlaintextPolicy = PlaintextPolicy.FORBID_WRITE_FORBID_READ) -> Requests:
    return Requests({"people": people(policy=policy)})


def stored(key: str = "ann") -> dict[str, Any]:
    return ItemEncryptor(people()).encrypt_item(person(key))


# How each operation returns one item: its request without the table, and the reply with the item. The request
# asks for the item with the key `ann`.
ONE_TABLE: dict[str, tuple[str, dict[str, Any], Any]] = {
    "get": ("GetItem", {"Key": KEY}, lambda item: {"Item": item}),
    "put": ("PutItem", {"Item": person(), "ReturnValues": "ALL_OLD"}, lambda item: {"Attributes": item}),
    "delete": ("DeleteItem", {"Key": KEY, "ReturnValues": "ALL_OLD"}, lambda item: {"Attributes": item}),
    "update, old": (
        "UpdateItem",
        {"Key": KEY, "ReturnValues": "ALL_OLD", **UNCHANGED},
        lambda item: {"Attributes": item},
    ),
    "update, new": (
        "UpdateItem",
        {"Key": KEY, "ReturnValues": "ALL_NEW", **UNCHANGED},
        lambda item: {"Attributes": item},
    ),
    "failed put": ("PutItem", {"Item": person()}, lambda item: {"Error": {"Code": "X"}, "Item": item}),
    "failed update": (
        "UpdateItem",
        {"Key": KEY, **UNCHANGED},
        lambda item: {"Error": {"Code": "X"}, "Item": item},
    ),
    "failed delete": ("DeleteItem", {"Key": KEY}, lambda item: {"Error": {"Code": "X"}, "Item": item}),
    "query": ("Query", QUERY, lambda item: {"Items": [item], "Count": 1}),
}
TABLES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "batch": (
        "BatchGetItem",
        {"RequestItems": {"people": {"Keys": [KEY]}}},
        lambda item: {"Responses": {"people": [item]}},
    ),
    "transaction": (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": "people", "Key": KEY}}]},
        lambda item: {"Responses": [{"Item": item}]},
    ),
    "cancelled transaction": (
        "TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "people", "Item": person()}}]},
        lambda item: {"Error": {"Code": "X"}, "CancellationReasons": [{"Code": "F", "Item": item}]},
    ),
    "cancelled check": (
        "TransactWriteItems",
        {
            "TransactItems": [
                {
                    "ConditionCheck": {
                        "TableName": "people",
                        "Key": KEY,
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                }
            ]
        },
        lambda item: {"Error": {"Code": "X"}, "CancellationReasons": [{"Code": "F", "Item": item}]},
    ),
}
HOLDING = {
    name: (operation, {"TableName": "people", **request}, reply)
    for name, (operation, request, reply) in ONE_TABLE.items()
} | TABLES
RETURNING = {
    **HOLDING,
    "scan": ("Scan", {"TableName": "people"}, lambda item: {"Items": [item], "Count": 1}),
}

WRITING = ["put", "delete", "update, old", "update, new"]


def returned(how: str, item: dict[str, Any], policy: PlaintextPolicy) -> Any:
    operation, request, reply = RETURNING[how]
    return requests(policy).prepare(operation, request).finish(reply(item))


@pytest.mark.parametrize("policy", PlaintextPolicy)
@pytest.mark.parametrize("how", HOLDING)
def test_an_item_with_another_key_is_refused(how: str, policy: PlaintextPolicy) -> None:
    assert returned(how, stored(), policy) == RETURNING[how][2](person())
    with pytest.raises(DecryptError, match="has an item with another key"):
        returned(how, stored("bob"), policy)


@pytest.mark.parametrize("policy", READING)
@pytest.mark.parametrize("how", HOLDING)
def test_an_unencrypted_item_with_another_key_is_refused_too(how: str, policy: PlaintextPolicy) -> None:
    assert returned(how, KEY, policy) == RETURNING[how][2](KEY)
    for other in (OTHER, {"city": {"S": "Bern"}}, {"pk": {"N": "1"}}, {"pk": {"S": 1}}):
        with pytest.raises(DecryptError, match="has an item with another key"):
            returned(how, other, policy)


def test_a_batch_returns_each_item_once_and_no_other_tables() -> None:
    call = requests().prepare("BatchGetItem", {"RequestItems": {"people": {"Keys": [KEY, OTHER]}}})
    both = {"Responses": {"people": [stored("bob"), stored()]}}
    assert call.finish(both) == {"Responses": {"people": [person("bob"), person()]}}
    with pytest.raises(DecryptError, match="another key"):
        call.finish({"Responses": {"people": [stored(), stored()]}})
    two = Requests({"people": people(), "more": people("people")})
    call = two.prepare("BatchGetItem", {"RequestItems": {"people": {"Keys": [KEY]}}})
    with pytest.raises(DecryptError, match="another key"):
        call.finish({"Responses": {"more": [stored()]}})


def test_a_transaction_returns_one_entry_for_each_action() -> None:
    get = {"Get": {"TableName": "people", "Key": KEY}}
    call = requests().prepare("TransactGetItems", {"TransactItems": [get]})
    with pytest.raises(DecryptError, match="one entry for each part"):
        call.finish({"Responses": [{"Item": stored()}, {"Item": stored()}]})


def test_keys_are_numbers_by_value_and_binary_by_content() -> None:
    config = TableConfig(
        "sums",
        "pk",
        "sk",
        attribute_actions=AttributeActions(),
        keyring=RawAesKeyring("tests", "key", bytes(32)),
    )
    item = {"pk": {"N": "150"}, "sk": {"B": b"\x00"}, "a": {"S": "x"}}
    encrypted = ItemEncryptor(config).encrypt_item(item)
    requested_key_value = {"pk": {"N": "1.50e2"}, "sk": {"B": bytearray(b"\x00")}}
    call = Requests({"sums": config}).prepare("GetItem", {"TableName": "sums", "Key": requested_key_value})
    assert call.finish({"Item": encrypted}) == {"Item": item}
    query = {
        "TableName": "sums",
        "KeyConditionExpression": "#p = :p AND sk BETWEEN :l AND :h",
        "ExpressionAttributeNames": {"#p": "pk"},
        "ExpressionAttributeValues": {":p": {"N": "150.0"}, ":l": {"B": b""}, ":h": {"B": b"\x01"}},
    }
    call = Requests({"sums": config}).prepare("Query", query)
    assert call.finish({"Items": [encrypted]}) == {"Items": [item]}
    beyond = ItemEncryptor(config).encrypt_item({**item, "sk": {"B": b"\x02"}})
    with pytest.raises(DecryptError, match="another key"):
        call.finish({"Items": [encrypted, beyond]})


def test_binary_keys_may_be_strings_as_botocore_allows() -> None:
    config = TableConfig(
        "files", "pk", attribute_actions=AttributeActions(), keyring=RawAesKeyring("tests", "key", bytes(32))
    )
    item = {"pk": {"B": b"abc"}, "a": {"S": "x"}}
    encrypted = ItemEncryptor(config).encrypt_item(item)
    files = Requests({"files": config})
    key = {"pk": {"B": "abc"}}
    get = files.prepare("GetItem", {"TableName": "files", "Key": key})
    assert get.finish({"Item": encrypted}) == {"Item": item}
    batch = files.prepare("BatchGetItem", {"RequestItems": {"files": {"Keys": [key]}}})
    assert batch.finish({"Responses": {"files": [encrypted]}}) == {"Responses": {"files": [item]}}
    query = {
        "TableName": "files",
        "KeyConditionExpression": "pk = :k",
        "ExpressionAttributeValues": {":k": {"B": "abc"}},
    }
    assert files.prepare("Query", query).finish({"Items": [encrypted]}) == {"Items": [item]}


@pytest.mark.parametrize("content", [[], {}, 5, None, "x"])
@pytest.mark.parametrize("how", HOLDING)
def test_a_key_that_is_not_an_attribute_value_is_not_the_key_that_was_asked_for(
    how: str, content: Any
) -> None:
    policy = PlaintextPolicy.FORBID_WRITE_ALLOW_READ
    for value in (content, {"N": content}, {"S": content}, {"B": content}):
        with pytest.raises((DecryptError, TypeError)):
            returned(how, {"pk": value}, policy)


# Damage: what can be missing of an encrypted item so that something of it is left.
DAMAGE: dict[str, Any] = {
    "no header": lambda item: without(item, "aws_dbe_head"),
    "no footer": lambda item: without(item, "aws_dbe_foot"),
    "neither": lambda item: without(item, "aws_dbe_head", "aws_dbe_foot"),
    "ciphertext only": lambda item: {name: item[name] for name in ("pk", "secret")},
    "a beacon only": lambda item: {"pk": item["pk"], "city": item["city"], "aws_dbe_b_city": {"S": "1f"}},
    "another format attribute only": lambda item: {"pk": item["pk"], "aws_dbe_v_1": {"S": " "}},
    "the older format": lambda item: {
        **without(item, "aws_dbe_head", "aws_dbe_foot"),
        "*amzn-ddb-map-desc*": {"B": b"x"},
    },
    "the older format's signature": lambda item: {"pk": item["pk"], "*amzn-ddb-map-sig*": {"B": b"x"}},
    "an empty header": lambda item: {"pk": item["pk"], "aws_dbe_head": {"B": b""}},
}


def without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


@settings(max_examples=25, deadline=None)
@given(secret=values, notes=values, policy=st.sampled_from(list(PlaintextPolicy)))
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_part_of_an_encrypted_item_is_never_returned_as_plaintext(
    damage: str, secret: Any, notes: Any, policy: PlaintextPolicy
) -> None:
    whole = ItemEncryptor(people()).encrypt_item(person(secret=secret, notes=notes))
    part = DAMAGE[damage](whole)
    for how in RETURNING:
        if how in WRITING:
            reply = returned(how, part, policy)
            assert reply.keys() == {"UnreadableItems"}
            assert isinstance(reply["UnreadableItems"][0]["Error"], DecryptError)
        else:
            with pytest.raises(DecryptError):
                returned(how, part, policy)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), secret=values, notes=values)
def test_any_part_with_ciphertext_is_refused_by_the_encryptor(data: Any, secret: Any, notes: Any) -> None:
    whole = ItemEncryptor(people()).encrypt_item(person(secret=secret, notes=notes))
    names = data.draw(st.sets(st.sampled_from(sorted(whole)))) | {
        data.draw(st.sampled_from(["secret", "notes"]))
    }
    part = {name: whole[name] for name in names}
    for policy in PlaintextPolicy:
        encryptor = ItemEncryptor(people(policy=policy))
        if part == whole:
            assert encryptor.decrypt_item(part)["secret"] == secret
        else:
            with pytest.raises(DecryptError):
                encryptor.decrypt_item(part)


@settings(max_examples=50, deadline=None)
@given(secret=values, notes=values)
@pytest.mark.parametrize("policy", READING)
def test_an_item_that_was_never_encrypted_is_returned(
    policy: PlaintextPolicy, secret: Any, notes: Any
) -> None:
    item = person(secret=secret, notes=notes)
    for how in RETURNING:
        assert returned(how, item, policy) == RETURNING[how][2](item)


@pytest.mark.parametrize(
    ("binary", "is_refused"),
    [
        (b"\x00\x01" + bytes(16), True),
        (b"\xff\xff" + bytes(16), True),
        (b"\x00\x00" + bytes(16), True),
        (b"\x00\x00" + bytes(17), False),  # longer than an encrypted NULL, as a video's first bytes are
        (b"\x00\x04" + bytes(18), False),
        (b"\x00\x01" + bytes(15), False),
        (b"\x01\x01" + bytes(19), False),
        (b"\x89PNG" + bytes(40), False),
        (b"", False),
    ],
)
def test_binary_counts_as_ciphertext_by_its_form(binary: bytes, *, is_refused: bool) -> None:
    encryptor = ItemEncryptor(people(policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ))
    assert encryptor.decrypt_item({**KEY, "memo": {"B": binary}, "city": {"B": binary}})
    if is_refused:
        with pytest.raises(DecryptError, match=r"the value of 'secret'.* has the form of ciphertext"):
            encryptor.decrypt_item({**KEY, "secret": {"B": binary}})
    else:
        assert encryptor.decrypt_item({**KEY, "secret": {"B": binary}})


@pytest.mark.parametrize(
    "old", [person(), without(stored(), "aws_dbe_head"), {**stored(), "city": {"S": "x"}}]
)
@pytest.mark.parametrize("how", WRITING)
def test_an_old_item_that_cannot_be_read_is_not_returned_and_the_write_does_not_look_failed(
    how: str, old: dict[str, Any]
) -> None:
    reply = returned(how, old, PlaintextPolicy.FORBID_WRITE_FORBID_READ)
    assert "Attributes" not in reply
    (unreadable,) = reply["UnreadableItems"]
    assert (unreadable["Key"], unreadable["TableName"]) == (KEY, "people")
    assert isinstance(unreadable["Error"], DecryptError)
    assert "pk='ann'" in str(unreadable["Error"])


@pytest.mark.parametrize("how", WRITING)
def test_an_old_item_with_another_key_is_refused_and_the_error_says_that_the_write_was_made(how: str) -> None:
    for old in (stored("bob"), without(stored("bob"), "aws_dbe_head")):
        with pytest.raises(DecryptError, match="The write itself was made"):
            returned(how, old, PlaintextPolicy.FORBID_WRITE_FORBID_READ)


@pytest.mark.parametrize("policy", PlaintextPolicy)
@pytest.mark.parametrize("returns", ["UPDATED_OLD", "UPDATED_NEW"])
def test_updated_attributes_are_never_ciphertext(policy: PlaintextPolicy, returns: str) -> None:
    request = {"TableName": "people", "Key": KEY, "ReturnValues": returns, **UNCHANGED}
    call = requests(policy).prepare("UpdateItem", request)
    assert call.finish({"Attributes": {"memo": {"S": "m"}}}) == {"Attributes": {"memo": {"S": "m"}}}
    whole = stored()
    for name in ("secret", "aws_dbe_head", "aws_dbe_foot"):
        with pytest.raises(DecryptError, match=f"the signed attribute '{name}' without the rest"):
            call.finish({"Attributes": {name: whole[name]}})


class TestForcedPlaintext:
    """FORCE_WRITE_ALLOW_READ, the first step of adopting encryption: everything written is plaintext."""

    policy = PlaintextPolicy.FORCE_WRITE_ALLOW_READ
    condition: ClassVar[dict[str, Any]] = {
        "ConditionExpression": "secret = :s AND size(notes) < :s",
        "ExpressionAttributeValues": {":s": {"S": "x"}},
    }

    def sent(self, operation: str, request: dict[str, Any]) -> Any:
        return requests(self.policy).prepare(operation, request).sent_request

    @pytest.mark.parametrize(
        ("operation", "request_"),
        [
            ("PutItem", {"Item": person(), **condition}),
            ("DeleteItem", {"Key": KEY, **condition}),
            ("UpdateItem", {"Key": KEY, "UpdateExpression": "SET memo = :s", **condition}),
            ("Query", {**QUERY, "FilterExpression": "begins_with(secret, :k)"}),
            ("Scan", {"FilterExpression": "secret = :s", "ExpressionAttributeValues": {":s": {"S": "x"}}}),
        ],
    )
    def test_requests_pass_as_they_are(self, operation: str, request_: dict[str, Any]) -> None:
        request = {"TableName": "people", **request_}
        assert self.sent(operation, request) == request

    def test_so_do_batches_and_transactions(self) -> None:
        batch = {"RequestItems": {"people": [{"PutRequest": {"Item": person()}}]}}
        assert self.sent("BatchWriteItem", batch) == batch
        update = {"UpdateExpression": "SET memo = :s", **self.condition}
        transaction = {
            "TransactItems": [
                {"Put": {"TableName": "people", "Item": person(), **self.condition}},
                {"Update": {"TableName": "people", "Key": KEY, **update}},
                {"Delete": {"TableName": "people", "Key": KEY, **self.condition}},
                {"ConditionCheck": {"TableName": "people", "Key": KEY, **self.condition}},
            ]
        }
        assert self.sent("TransactWriteItems", transaction) == transaction

    @pytest.mark.parametrize(
        "update", ["SET secret = :s", "SET notes.a = city REMOVE extra", "ADD memo :s, city :s"]
    )
    def test_an_update_of_what_is_signed_is_sent_for_unencrypted_items_only(self, update: str) -> None:
        request = {"Key": KEY, "UpdateExpression": update, **self.condition, "TableName": "people"}
        condition = f"({self.condition['ConditionExpression']}) AND attribute_not_exists(aws_dbe_head)"
        expected = {**request, "ConditionExpression": condition}
        assert self.sent("UpdateItem", request) == expected
        transaction = self.sent("TransactWriteItems", {"TransactItems": [{"Update": request}]})
        assert transaction == {"TransactItems": [{"Update": expected}]}

    def test_updated_attributes_of_an_unencrypted_item_are_returned(self) -> None:
        update = {"TableName": "people", "Key": KEY, "ReturnValues": "UPDATED_NEW", **UNCHANGED}
        reply = {"Attributes": {"secret": {"S": "x"}, "city": {"S": "Bern"}}}
        assert requests(self.policy).prepare("UpdateItem", update).finish(reply) == reply

    @pytest.mark.parametrize("name", ["aws_dbe_head", "aws_dbe_b_city"])
    def test_names_of_the_format_are_still_refused(self, name: str) -> None:
        update = {"TableName": "people", "Key": KEY, "UpdateExpression": f"REMOVE {name}"}
        with pytest.raises(UnsupportedOperationError, match="reserved for encrypted items"):
            self.sent("UpdateItem", update)
        with pytest.raises(EncryptError, match="reserved for encrypted items"):
            self.sent("PutItem", {"TableName": "people", "Item": {**person(), name: {"S": "x"}}})

    def test_ciphertext_is_not_written_as_plaintext(self) -> None:
        part = {"pk": KEY["pk"], "secret": stored()["secret"]}
        with pytest.raises(EncryptError, match="has the form of ciphertext"):
            self.sent("PutItem", {"TableName": "people", "Item": part})

    def test_projections_are_still_refused(self) -> None:
        with pytest.raises(UnsupportedOperationError, match="a part of an encrypted item looks like one"):
            self.sent("GetItem", {"TableName": "people", "Key": KEY, "ProjectionExpression": "secret"})


# Every kind of key, with every kind of reply.

KEY_VALUES = st.one_of(
    strings.filter(bool).map(lambda text: {"S": text}),
    numbers().map(lambda number: {"N": number}),
    st.binary(min_size=1, max_size=8).map(lambda data: {"B": data}),
)
BY_NUMBER = TableConfig(
    "sums", "pk", attribute_actions=AttributeActions(), keyring=RawAesKeyring("tests", "key", bytes(32))
)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return serialize(one) == serialize(other)


@settings(max_examples=100, deadline=None)
@given(keys=KEY_VALUES.flatmap(lambda key: st.tuples(st.just(key), st.one_of(st.just(key), KEY_VALUES))))
@pytest.mark.parametrize("operation", ["get", "batch", "transaction", "query", "delete"])
def test_only_the_item_with_the_key_is_returned(
    operation: str, keys: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    requested_key_value, found = keys
    key = {"pk": requested_key_value}
    requests_by_name: dict[str, tuple[str, dict[str, Any]]] = {
        "get": ("GetItem", {"TableName": "sums", "Key": key}),
        "delete": ("DeleteItem", {"TableName": "sums", "Key": key, "ReturnValues": "ALL_OLD"}),
        "batch": ("BatchGetItem", {"RequestItems": {"sums": {"Keys": [key]}}}),
        "transaction": ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "sums", "Key": key}}]}),
        "query": (
            "Query",
            {
                "TableName": "sums",
                "KeyConditionExpression": "pk = :k",
                "ExpressionAttributeValues": {":k": requested_key_value},
            },
        ),
    }
    replies: dict[str, Any] = {
        "get": lambda item: {"Item": item},
        "delete": lambda item: {"Attributes": item},
        "batch": lambda item: {"Responses": {"sums": [item]}},
        "transaction": lambda item: {"Responses": [{"Item": item}]},
        "query": lambda item: {"Items": [item]},
    }
    item = {"pk": found, "a": {"S": "x"}}
    call = Requests({"sums": BY_NUMBER}).prepare(*requests_by_name[operation])
    reply = replies[operation](ItemEncryptor(BY_NUMBER).encrypt_item(item))
    if same(requested_key_value, found):
        assert call.finish(reply) == replies[operation](item)
    else:
        with pytest.raises(DecryptError, match="another key"):
            call.finish(reply)


KEY_CONDITIONS = [
    "#p = :p",
    "pk = :p AND sk = :l",
    "pk = :p AND sk < :l",
    "pk = :p AND sk <= :l",
    "pk = :p AND sk > :l",
    "(pk = :p) AND (sk >= :l)",
    "begins_with(sk, :l) AND pk = :p",
    "pk = :p AND sk BETWEEN :l AND :h",
    # What the quick comparison does not know, is evaluated.
    "attribute_exists(sk)",
    "contains(sk, :l)",
    "pk = :p AND :l = sk",
    "pk = sk",
    "sk.inner = :l",
    "NOT sk = :l",
]
FEW_KEY_VALUES = st.sampled_from(
    [{"S": text} for text in ("a", "ab", "b")]
    + [{"N": number} for number in ("1", "1.0", "-2")]
    + [{"B": data} for data in (b"a", b"ab", b"\xff")]
)
FEW_VALUES = FEW_KEY_VALUES | st.sampled_from([{"BOOL": True}, {"M": {"inner": {"S": "a"}}}, {"L": []}])


@settings(max_examples=100, deadline=None)
@given(
    item=st.fixed_dictionaries({"pk": FEW_KEY_VALUES}, optional={"sk": FEW_VALUES}),
    low=FEW_VALUES,
    high=FEW_KEY_VALUES,
)
@pytest.mark.parametrize("text", KEY_CONDITIONS)
def test_an_item_is_held_against_the_key_condition_as_dynamodb_evaluates_it(
    text: str, item: dict[str, Any], low: dict[str, Any], high: dict[str, Any]
) -> None:
    names, values = {"#p": "pk"}, {":p": {"S": "a"}, ":l": low, ":h": high}
    expression = parse_condition(text, "KeyConditionExpression")
    for partition in (item["pk"], {"S": "a"}):
        found = {**item, "pk": partition}
        try:
            expected = matches(expression, found, names, values)
        except UnsupportedOperationError:
            expected = False
        sent_request = {
            "KeyConditionExpression": text,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        assert key_condition_check(sent_request)(found) is expected


@pytest.mark.parametrize("kind", ["S", "N", "B"])
@pytest.mark.parametrize(
    "value", [None, "x", {}, {"N": "x"}, {"N": []}, {"N": {}}, {"B": ["x"]}, {"B": [300]}]
)
def test_an_item_whose_key_is_not_a_value_does_not_fulfil_the_key_condition(kind: str, value: Any) -> None:
    bound = {"S": "x", "N": "1", "B": b"x"}[kind]
    check = key_condition_check(
        {
            "KeyConditionExpression": "pk >= :v",
            "ExpressionAttributeValues": {":v": {kind: bound}},
        }
    )
    assert check({"pk": {kind: bound}})
    assert not check({"pk": value})


def test_in_a_table_with_surrogate_keys_the_tokens_are_compared() -> None:
    tables = Requests({"customers": customers()})
    encryptor = ItemEncryptor(customers())
    ann, bob = order(), order("bob@example.com")
    get = tables.prepare("GetItem", {"TableName": "customers", "Key": order_key()})
    query = tables.prepare(
        "Query",
        {
            "TableName": "customers",
            "KeyConditionExpression": "email = :e",
            "ExpressionAttributeValues": {":e": ann["email"]},
        },
    )
    assert get.finish({"Item": encryptor.encrypt_item(ann)}) == {"Item": ann}
    assert query.finish({"Items": [encryptor.encrypt_item(ann)]}) == {"Items": [ann]}
    with pytest.raises(DecryptError, match="another key"):
        get.finish({"Item": encryptor.encrypt_item(bob)})
    with pytest.raises(DecryptError, match="another key"):
        query.finish({"Items": [encryptor.encrypt_item(bob)]})


def test_where_plaintext_is_written_searches_are_of_the_attributes_and_not_of_beacons() -> None:
    over_prefix = StandardBeacon("start", 8, loc="first")
    first = VirtualField("first", [VirtualPart("name", [GetPrefix(1)]), VirtualPart("note")])
    config = replace(
        patients_table(StandardBeacon("name", 16), over_prefix, virtual_fields=[first]),
        plaintext_policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ,
    )
    patients = Requests({"patients": config})
    scan = {"TableName": "patients", "ExpressionAttributeValues": {":v": {"S": "Ann"}}}
    by_attribute = {**scan, "FilterExpression": "#n = :v", "ExpressionAttributeNames": {"#n": "name"}}
    call = patients.prepare("Scan", by_attribute)
    assert call.sent_request == by_attribute
    item = {"pk": {"S": "1"}, "name": {"S": "Ann"}}
    assert call.finish({"Items": [item], "Count": 1}) == {"Items": [item], "Count": 1}
    for name in ("start", "aws_dbe_b_name"):
        with pytest.raises(UnsupportedOperationError, match=f"uses the beacon '{name}'.* without beacons"):
            patients.prepare("Scan", {**scan, "FilterExpression": f"{name} = :v"})


def test_a_batchs_reply_has_no_items_of_tables_that_were_not_asked_for() -> None:
    both = Requests({"people": people()}, plaintext_tables=["other"])
    read = both.prepare("BatchGetItem", {"RequestItems": {"people": {"Keys": [KEY]}}})
    for member, part in (("Responses", [stored()]), ("UnprocessedKeys", {"Keys": [KEY]})):
        with pytest.raises(DecryptError, match="items of the table 'other', which the request does not name"):
            read.finish({member: {"other": part}})
    write = both.prepare("BatchWriteItem", {"RequestItems": {"people": [{"DeleteRequest": {"Key": KEY}}]}})
    with pytest.raises(DecryptError, match="items of the table 'other', which the request does not name"):
        write.finish({"UnprocessedItems": {"other": [{"PutRequest": {"Item": stored()}}]}})
    arn = "arn:aws:dynamodb:us-west-2:111122223333:table/people"
    assert read.finish({"Responses": {arn: [stored()]}}) == {"Responses": {arn: [person()]}}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("GetItem", {"TableName": "people", "Key": KEY}),
        ("PutItem", {"TableName": "people", "Item": person()}),
        (
            "Query",
            {
                "TableName": "people",
                "KeyConditionExpression": "pk = :v",
                "ExpressionAttributeValues": {":v": KEY["pk"]},
            },
        ),
        ("Scan", {"TableName": "people"}),
        ("BatchGetItem", {"RequestItems": {"people": {"Keys": [KEY]}}}),
        ("BatchWriteItem", {"RequestItems": {"people": [{"DeleteRequest": {"Key": KEY}}]}}),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "people", "Key": KEY}}]}),
        ("TransactWriteItems", {"TransactItems": [{"Delete": {"TableName": "people", "Key": KEY}}]}),
    ],
)
def test_an_error_of_another_operation_brings_no_items(operation: str, request_: dict[str, Any]) -> None:
    call = requests().prepare(operation, request_)
    error = {"Error": {"Code": "x"}}
    unverified = {"pk": {"S": "ann"}, "city": {"S": "forged"}}
    transactions = operation.startswith("Transact")
    members: dict[str, Any] = (
        {"Item": unverified} if transactions else {"CancellationReasons": [{"Item": unverified}]}
    )
    if operation not in ("PutItem", "TransactGetItems", "TransactWriteItems"):
        members["Item"] = unverified
    assert call.finish({**error, **members}) == error
