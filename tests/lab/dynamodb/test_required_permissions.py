"""Which permissions each operation asks for, and with which condition keys."""

from typing import Any

import pytest

from dynaseal_lab.model import Fault

TABLE = "arn:aws:dynamodb:us-west-2:111122223333:table/items"
KEY = {"pk": {"S": "a"}}


def context(lab: Any, operation: str, **params: Any) -> dict[str, Any]:
    lab.asked_of(operation, **params)
    (asked,) = lab.authorizer.asked
    return dict(asked[1].condition_keys)


@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "UpdateItem", "DeleteItem"])
def test_an_item_operation_asks_for_its_table(lab, operation):
    item = {"Item": KEY} if operation == "PutItem" else {"Key": KEY}
    assert lab.asked_of(operation, TableName="items", **item) == [(f"dynamodb:{operation}", TABLE)]


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_reading_an_index_asks_for_the_index(lab, operation):
    assert lab.asked_of(operation, TableName="items", IndexName="by-owner") == [
        (f"dynamodb:{operation}", f"{TABLE}/index/by-owner")
    ]


def test_a_batch_asks_for_every_table(lab):
    other = TABLE.replace("items", "other")
    gets = {name: {"Keys": [KEY]} for name in ("items", "other")}
    assert lab.asked_of("BatchGetItem", RequestItems=gets) == [
        ("dynamodb:BatchGetItem", TABLE),
        ("dynamodb:BatchGetItem", other),
    ]
    writes = {name: [{"DeleteRequest": {"Key": KEY}}] for name in ("items", "other")}
    assert lab.asked_of("BatchWriteItem", RequestItems=writes) == [
        ("dynamodb:BatchWriteItem", TABLE),
        ("dynamodb:BatchWriteItem", other),
    ]


def test_a_transaction_asks_for_each_of_its_parts(lab):
    on = {"TableName": "items"}
    parts = [
        {"Put": on | {"Item": KEY}},
        {"Update": on | {"Key": {"pk": {"S": "b"}}}},
        {"Delete": on | {"Key": {"pk": {"S": "c"}}}},
        {"ConditionCheck": on | {"Key": {"pk": {"S": "d"}}, "ConditionExpression": "attribute_exists(pk)"}},
    ]
    assert [action for action, _ in lab.asked_of("TransactWriteItems", TransactItems=parts)] == [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:ConditionCheckItem",
    ]
    assert {
        access_request.condition_keys["dynamodb:EnclosingOperation"][0]
        for _, access_request in lab.authorizer.asked
    } == {"TransactWriteItems"}


@pytest.mark.parametrize(
    ("statement", "action", "resource"),
    [
        ("SELECT * FROM \"items\" WHERE pk = 'a'", "PartiQLSelect", TABLE),
        ('SELECT * FROM "items"."by-owner"', "PartiQLSelect", f"{TABLE}/index/by-owner"),
        ("INSERT INTO items VALUE {'pk': 'a'}", "PartiQLInsert", TABLE),
        ("UPDATE \"items\" SET x = 1 WHERE pk = 'a'", "PartiQLUpdate", TABLE),
        ("delete from items where pk = 'a'", "PartiQLDelete", TABLE),
    ],
)
def test_a_partiql_statement_asks_for_its_verb(lab, statement, action, resource):
    assert lab.asked_of("ExecuteStatement", Statement=statement) == [(f"dynamodb:{action}", resource)]


def test_a_list_asks_for_all_tables(lab):
    resource = "arn:aws:dynamodb:us-west-2:111122223333:table/*"
    assert lab.asked_of("ListTables") == [("dynamodb:ListTables", resource)]


def test_tags_at_creation_ask_for_tagging_too(lab):
    lab.authorizer.asked.clear()
    lab.table(Tags=[{"Key": "team", "Value": "red"}])
    assert [access_request.action for _, access_request in lab.authorizer.asked] == [
        "dynamodb:CreateTable",
        "dynamodb:TagResource",
    ]
    values = lab.authorizer.asked[0][1].condition_keys
    assert (values["aws:RequestTag/team"], values["aws:TagKeys"]) == (["red"], ["team"])


def test_an_operation_that_is_not_listed_is_refused_by_name(lab):
    with pytest.raises(Fault, match=r"UnknownOperationException: .*MakeCoffee"):
        lab("MakeCoffee")


def test_a_refusal_is_dynamodbs_sentence(lab):
    lab.authorizer.rule = lambda _call, _ask: False
    with pytest.raises(Fault) as caught:
        lab("GetItem", TableName="items", Key=KEY)
    assert caught.value.code == "AccessDeniedException"
    assert caught.value.message == (
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: dynamodb:GetItem "
        f"on resource: {TABLE} because no identity-based policy allows the dynamodb:GetItem action"
    )


@pytest.mark.parametrize(
    ("operation", "params", "leading"),
    [
        ("GetItem", {"TableName": "items", "Key": KEY}, ["a"]),
        ("PutItem", {"TableName": "items", "Item": KEY | {"x": {"N": "1"}}}, ["a"]),
        ("BatchGetItem", {"RequestItems": {"items": {"Keys": [KEY, {"pk": {"S": "b"}}]}}}, ["a", "b"]),
        (
            "BatchWriteItem",
            {
                "RequestItems": {
                    "items": [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": {"pk": {"S": "b"}}}}]
                }
            },
            ["a", "b"],
        ),
        (
            "Query",
            {
                "TableName": "items",
                "KeyConditionExpression": "#p = :v",
                "ExpressionAttributeNames": {"#p": "pk"},
                "ExpressionAttributeValues": {":v": {"S": "a"}},
            },
            ["a"],
        ),
        (
            "Query",
            {
                "TableName": "items",
                "KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}},
            },
            ["a"],
        ),
        ("Scan", {"TableName": "items"}, None),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE pk = 'a' AND x > 1"}, ["a"]),
        (
            "ExecuteStatement",
            {"Statement": "SELECT * FROM items WHERE pk IN ['a', ?]", "Parameters": [{"S": "b"}]},
            ["a", "b"],
        ),
        (
            "ExecuteStatement",
            {"Statement": "SELECT * FROM items WHERE pk = ?", "Parameters": [{"S": "b"}]},
            ["b"],
        ),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE pk = 'a' OR x = 1"}, None),
        ("ExecuteStatement", {"Statement": "INSERT INTO items VALUE {'x': {'pk': 'no'}, 'pk': 'a'}"}, ["a"]),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE x = 'pk = ''a''' "}, None),
    ],
)
def test_leading_keys_are_the_partitions_that_a_request_names(lab, operation, params, leading):
    lab.table()
    assert context(lab, operation, **params).get("dynamodb:LeadingKeys") == leading


def test_leading_keys_of_an_index_are_the_indexs(lab):
    lab.table(
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "owner")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    values = context(
        lab,
        "Query",
        TableName="items",
        IndexName="by-owner",
        KeyConditionExpression="owner = :o",
        ExpressionAttributeValues={":o": {"S": "alice"}},
    )
    assert values["dynamodb:LeadingKeys"] == ["alice"]
    assert values["dynamodb:Select"] == ["ALL_PROJECTED_ATTRIBUTES"]


def test_a_comment_in_partiql_is_refused_since_it_could_hide_the_real_condition(lab):
    with pytest.raises(Fault, match="comments"):
        lab("ExecuteStatement", Statement="SELECT * FROM items WHERE /* pk = 'alice' AND */ pk = 'bob'")


def test_attributes_are_all_that_a_request_names(lab):
    values = context(
        lab,
        "UpdateItem",
        TableName="items",
        Key=KEY,
        UpdateExpression="SET #c.deep = :v, d = if_not_exists(e, :v) REMOVE f[0]",
        ConditionExpression="attribute_exists(g) AND size(h) < :v",
        ExpressionAttributeNames={"#c": "c"},
        ExpressionAttributeValues={":v": {"N": "1"}},
        ReturnValues="ALL_OLD",
    )
    assert values["dynamodb:Attributes"] == ["c", "d", "e", "f", "g", "h", "pk"]
    assert values["dynamodb:ReturnValues"] == ["ALL_OLD"]


@pytest.mark.parametrize(
    ("params", "select"),
    [
        ({}, "ALL_ATTRIBUTES"),
        ({"ProjectionExpression": "a"}, "SPECIFIC_ATTRIBUTES"),
        ({"Select": "COUNT"}, "COUNT"),
    ],
)
def test_select_says_what_is_asked_for_or_what_saying_nothing_means(lab, params, select):
    assert context(lab, "Scan", TableName="items", **params)["dynamodb:Select"] == [select]


def test_tags_of_the_table_are_conditions_from_the_moment_they_are_set(lab):
    lab.table()
    assert "aws:ResourceTag/team" not in context(lab, "Scan", TableName="items")
    lab("TagResource", ResourceArn=TABLE, Tags=[{"Key": "team", "Value": "red"}])
    assert context(lab, "Scan", TableName="items")["aws:ResourceTag/team"] == ["red"]


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetItem", {"TableName": 5}),
        ("GetItem", {"TableName": "items", "Key": "a"}),
        ("BatchGetItem", {"RequestItems": []}),
        ("BatchGetItem", {"RequestItems": {"items": []}}),
        ("TransactWriteItems", {"TransactItems": {"Put": 1}}),
        ("ListTables", {"Limit": "x"}),
        ("Query", {"TableName": "items", "KeyConditionExpression": 3}),
    ],
)
def test_a_value_of_the_wrong_type_is_a_serialization_error(lab, operation, params):
    lab.table()
    with pytest.raises(Fault, match=r"^SerializationException"):
        lab(operation, **params)
