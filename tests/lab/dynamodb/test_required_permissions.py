"""Which permissions each operation needs, and with which condition keys."""

from typing import Any

import pytest

from dynaseal_lab.model import Fault
from lab.services import DynamoDbCaller

TABLE = "arn:aws:dynamodb:us-west-2:111122223333:table/items"
KEY = {"pk": {"S": "a"}}


def condition_keys(dynamodb: DynamoDbCaller, operation: str, **params: Any) -> dict[str, Any]:
    dynamodb.permissions_for(operation, **params)
    (access_request,) = dynamodb.authorizer.access_requests
    return dict(access_request.condition_keys)


@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "UpdateItem", "DeleteItem"])
def test_an_item_operation_needs_its_action_on_its_table(dynamodb: DynamoDbCaller, operation: str) -> None:
    item = {"Item": KEY} if operation == "PutItem" else {"Key": KEY}
    assert dynamodb.permissions_for(operation, TableName="items", **item) == [
        (f"dynamodb:{operation}", TABLE)
    ]


@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_reading_an_index_needs_permission_on_the_index(dynamodb: DynamoDbCaller, operation: str) -> None:
    assert dynamodb.permissions_for(operation, TableName="items", IndexName="by-owner") == [
        (f"dynamodb:{operation}", f"{TABLE}/index/by-owner")
    ]


def test_a_batch_needs_permission_on_every_table(dynamodb: DynamoDbCaller) -> None:
    other = TABLE.replace("items", "other")
    gets = {name: {"Keys": [KEY]} for name in ("items", "other")}
    assert dynamodb.permissions_for("BatchGetItem", RequestItems=gets) == [
        ("dynamodb:BatchGetItem", TABLE),
        ("dynamodb:BatchGetItem", other),
    ]
    writes = {name: [{"DeleteRequest": {"Key": KEY}}] for name in ("items", "other")}
    assert dynamodb.permissions_for("BatchWriteItem", RequestItems=writes) == [
        ("dynamodb:BatchWriteItem", TABLE),
        ("dynamodb:BatchWriteItem", other),
    ]


def test_a_transaction_needs_the_action_of_each_part(dynamodb: DynamoDbCaller) -> None:
    on = {"TableName": "items"}
    parts = [
        {"Put": on | {"Item": KEY}},
        {"Update": on | {"Key": {"pk": {"S": "b"}}}},
        {"Delete": on | {"Key": {"pk": {"S": "c"}}}},
        {"ConditionCheck": on | {"Key": {"pk": {"S": "d"}}, "ConditionExpression": "attribute_exists(pk)"}},
    ]
    assert [action for action, _ in dynamodb.permissions_for("TransactWriteItems", TransactItems=parts)] == [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:ConditionCheckItem",
    ]
    assert {
        access_request.condition_keys["dynamodb:EnclosingOperation"][0]
        for access_request in dynamodb.authorizer.access_requests
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
def test_a_partiql_statement_needs_the_action_of_its_verb(
    dynamodb: DynamoDbCaller, statement: str, action: str, resource: str
) -> None:
    assert dynamodb.permissions_for("ExecuteStatement", Statement=statement) == [
        (f"dynamodb:{action}", resource)
    ]


def test_a_list_needs_permission_on_all_tables(dynamodb: DynamoDbCaller) -> None:
    resource = "arn:aws:dynamodb:us-west-2:111122223333:table/*"
    assert dynamodb.permissions_for("ListTables") == [("dynamodb:ListTables", resource)]


def test_tags_at_creation_need_permission_to_tag_too(dynamodb: DynamoDbCaller) -> None:
    dynamodb.authorizer.forget()
    dynamodb.table(Tags=[{"Key": "team", "Value": "red"}])
    assert [access_request.action for access_request in dynamodb.authorizer.access_requests] == [
        "dynamodb:CreateTable",
        "dynamodb:TagResource",
    ]
    values = dynamodb.authorizer.access_requests[0].condition_keys
    assert (values["aws:RequestTag/team"], values["aws:TagKeys"]) == (["red"], ["team"])


def test_an_operation_that_is_not_listed_is_refused_by_name(dynamodb: DynamoDbCaller) -> None:
    with pytest.raises(Fault, match=r"UnknownOperationException: .*MakeCoffee"):
        dynamodb("MakeCoffee")


def test_a_refusal_has_dynamodbs_message(dynamodb: DynamoDbCaller) -> None:
    dynamodb.authorizer.allow_if(lambda _call, _access_request: False)
    with pytest.raises(Fault) as caught:
        dynamodb("GetItem", TableName="items", Key=KEY)
    assert caught.value.code == "AccessDeniedException"
    assert caught.value.message == (
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: dynamodb:GetItem "
        f"on resource: {TABLE} because no identity-based policy allows the dynamodb:GetItem action"
    )


@pytest.mark.parametrize(
    ("operation", "params", "leading"),
    [
        ("GetItem", {"TableName": "items", "Key": KEY}, ["a"]),
        ("GetItem", {"TableName": "items", "Key": {"pk": {"X": "mine", "S": "a"}}}, ["a"]),
        ("GetItem", {"TableName": "items", "Key": {"pk": {"N": None, "S": "a"}}}, ["a"]),
        ("GetItem", {"TableName": "items", "Key": {"pk": {"N": "1.0e1"}}}, ["10"]),
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
        ("ExecuteStatement", {"Statement": "DELETE FROM items WHERE 'a' = pk"}, ["a"]),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE pk = 'a' AND pk = 'b'"}, ["a", "b"]),
        (
            "ExecuteStatement",
            {"Statement": "SELECT * FROM items WHERE ((pk = 'a') AND (x = 1 OR y = 2))"},
            ["a"],
        ),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE x = 1 OR y = 2 AND pk = 'a'"}, None),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE NOT pk = 'a'"}, None),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE (pk = 'a') = (x = 1)"}, None),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE x BETWEEN 1 AND pk = 'a'"}, None),
        (
            "ExecuteStatement",
            {"Statement": "SELECT * FROM items WHERE x BETWEEN 1 AND 2 AND pk = 'a'"},
            ["a"],
        ),
        ("ExecuteStatement", {"Statement": "SELECT * FROM items WHERE pk IN ['a', x]"}, None),
        ("ExecuteStatement", {"Statement": "INSERT INTO items VALUE {'pk': 'a', 'pk': 'b'}"}, ["a", "b"]),
        ("ExecuteStatement", {"Statement": "INSERT INTO items VALUE {pk: 'a'}"}, ["a"]),
        (
            "ExecuteStatement",
            {"Statement": "INSERT INTO items VALUE ?", "Parameters": [{"M": {"pk": {"S": "a"}}}]},
            ["a"],
        ),
    ],
)
def test_leading_keys_are_the_partitions_that_a_request_names(
    dynamodb: DynamoDbCaller, operation: str, params: dict[str, Any], leading: list[str] | None
) -> None:
    dynamodb.table()
    assert condition_keys(dynamodb, operation, **params).get("dynamodb:LeadingKeys") == leading


def test_leading_keys_of_an_index_are_those_of_its_own_partition_key(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table(
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "owner")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-owner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    values = condition_keys(
        dynamodb,
        "Query",
        TableName="items",
        IndexName="by-owner",
        KeyConditionExpression="owner = :o",
        ExpressionAttributeValues={":o": {"S": "alice"}},
    )
    assert values["dynamodb:LeadingKeys"] == ["alice"]
    assert values["dynamodb:Select"] == ["ALL_PROJECTED_ATTRIBUTES"]


def test_a_comment_in_partiql_is_refused_since_it_could_hide_the_real_condition(
    dynamodb: DynamoDbCaller,
) -> None:
    with pytest.raises(Fault, match="comments"):
        dynamodb("ExecuteStatement", Statement="SELECT * FROM items WHERE /* pk = 'alice' AND */ pk = 'bob'")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE items SET x = 1 WHERE pk > 'a'",
        "DELETE FROM items WHERE pk = 'a' OR pk = 'b'",
        "INSERT INTO items VALUE {'x': 1}",
        "INSERT INTO items VALUE {'pk': 'a' || 'b'}",
    ],
)
def test_a_statement_that_writes_without_naming_one_partition_has_the_empty_one(
    dynamodb: DynamoDbCaller, statement: str
) -> None:
    dynamodb.table()
    assert condition_keys(dynamodb, "ExecuteStatement", Statement=statement)["dynamodb:LeadingKeys"] == [""]


def test_a_statement_without_a_key_fails_alone_in_a_batch(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    statements = ["UPDATE items SET x = 1 WHERE pk > 'a'", "INSERT INTO items VALUE {'pk': 'a'}"]
    reply = dynamodb("BatchExecuteStatement", Statements=[{"Statement": one} for one in statements])
    assert ["Error" in response for response in reply["Responses"]] == [True, False]
    assert dynamodb("GetItem", TableName="items", Key=KEY)["Item"] == KEY


def test_a_second_where_is_refused_since_it_could_hide_the_real_condition(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    with pytest.raises(Fault, match=r"^ValidationException: Statement wasn't well formed"):
        dynamodb("ExecuteStatement", Statement="UPDATE items SET WHERE = 1, pk = 'a' WHERE pk = 'b'")


def test_attributes_are_all_that_a_request_names(dynamodb: DynamoDbCaller) -> None:
    values = condition_keys(
        dynamodb,
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
    ("statement", "attributes"),
    [
        ("SELECT a, b.c[0] FROM items WHERE pk = 'x' AND size(d) > 1 ORDER BY e DESC", "a b d e pk"),
        ("SELECT 'a', \"b\" FROM items WHERE pk = 'x'", "a b pk"),
        ("SELECT * FROM items WHERE pk = 'x' AND NOT (a IS MISSING OR \"null\" = 'b')", "a null pk"),
        ("UPDATE items SET a = {'k': b} REMOVE c.d WHERE pk = 'x' RETURNING ALL OLD *", "a b c pk"),
        ("DELETE FROM items WHERE pk = 'x' AND a BETWEEN b AND ? RETURNING ALL OLD *", "a b pk"),
        ("INSERT INTO items VALUE {'pk': 'x', a: {'b': 1}, \"c\": TRUE, set: 1}", "a c pk set"),
    ],
)
def test_attributes_of_a_statement_are_all_that_it_names(
    dynamodb: DynamoDbCaller, statement: str, attributes: str
) -> None:
    dynamodb.table()
    values = condition_keys(dynamodb, "ExecuteStatement", Statement=statement, Parameters=[{"N": "1"}])
    assert values["dynamodb:Attributes"] == attributes.split()


def test_attributes_of_an_item_inserted_by_a_parameter_are_the_items(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    item = {"M": {"pk": {"S": "x"}, "a": {"M": {"b": {"S": "c"}}}}}
    values = condition_keys(
        dynamodb, "ExecuteStatement", Statement="INSERT INTO items VALUE ?", Parameters=[item]
    )
    assert values["dynamodb:Attributes"] == ["a", "pk"]


@pytest.mark.parametrize(
    ("statement", "select"),
    [
        ("SELECT * FROM items WHERE pk = 'x'", ["ALL_ATTRIBUTES"]),
        ("SELECT pk FROM items WHERE pk = 'x'", ["SPECIFIC_ATTRIBUTES"]),
        ("DELETE FROM items WHERE pk = 'x'", None),
    ],
)
def test_select_of_a_statement_is_what_it_reads(
    dynamodb: DynamoDbCaller, statement: str, select: list[str] | None
) -> None:
    dynamodb.table()
    assert condition_keys(dynamodb, "ExecuteStatement", Statement=statement).get("dynamodb:Select") == select


@pytest.mark.parametrize(
    ("params", "select"),
    [
        ({}, "ALL_ATTRIBUTES"),
        ({"ProjectionExpression": "a"}, "SPECIFIC_ATTRIBUTES"),
        ({"Select": "COUNT"}, "COUNT"),
    ],
)
def test_select_is_the_parameter_or_the_value_that_its_absence_implies(
    dynamodb: DynamoDbCaller, params: dict[str, Any], select: str
) -> None:
    assert condition_keys(dynamodb, "Scan", TableName="items", **params)["dynamodb:Select"] == [select]


def test_tags_of_the_table_are_conditions_from_the_moment_they_are_set(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    assert "aws:ResourceTag/team" not in condition_keys(dynamodb, "Scan", TableName="items")
    dynamodb("TagResource", ResourceArn=TABLE, Tags=[{"Key": "team", "Value": "red"}])
    assert condition_keys(dynamodb, "Scan", TableName="items")["aws:ResourceTag/team"] == ["red"]


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
def test_a_value_of_the_wrong_type_is_a_serialization_error(
    dynamodb: DynamoDbCaller, operation: str, params: dict[str, Any]
) -> None:
    dynamodb.table()
    with pytest.raises(Fault, match=r"^SerializationException"):
        dynamodb(operation, **params)
