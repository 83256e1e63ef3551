"""What the lab adds to the engine: accounts, ARNs, resource policies, streams."""

import json
from typing import Any

import pytest

from dynaseal_lab.dynamodb.forward import Forwarder
from dynaseal_lab.dynamodb.in_process import InProcessEngine
from dynaseal_lab.model import Fault
from lab.services import STRANGER, DynamoDbCaller, EngineRefusalError, user

TABLE = "arn:aws:dynamodb:us-west-2:111122223333:table/items"
KEY = {"pk": {"S": "a"}}
BOB = user("bob", STRANGER)


def test_an_item_is_written_read_changed_and_deleted(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    dynamodb("PutItem", TableName="items", Item=KEY | {"x": {"N": "1"}})
    dynamodb(
        "UpdateItem",
        TableName="items",
        Key=KEY,
        UpdateExpression="SET x = x + :d",
        ExpressionAttributeValues={":d": {"N": "2"}},
    )
    assert dynamodb("GetItem", TableName="items", Key=KEY)["Item"]["x"] == {"N": "3"}
    dynamodb("DeleteItem", TableName="items", Key=KEY)
    assert dynamodb("GetItem", TableName="items", Key=KEY) == {}


def test_key_conditions_in_both_forms_are_refused_also_beside_a_filter(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    with pytest.raises(EngineRefusalError, match="Can not use both expression and non-expression parameters"):
        dynamodb(
            "Query",
            TableName="items",
            KeyConditionExpression="pk = :mine",
            FilterExpression="x <> :mine",
            ExpressionAttributeValues={":mine": {"S": "mine"}},
            KeyConditions={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "theirs"}]}},
        )


def test_accounts_have_tables_of_their_own(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    assert dynamodb("ListTables", caller=BOB)["TableNames"] == []


@pytest.mark.usefixtures("ministack_only")
def test_two_labs_in_one_process_do_not_see_each_others_tables(
    dynamodb: DynamoDbCaller, in_process: InProcessEngine
) -> None:
    dynamodb.table()
    other = InProcessEngine(in_process.app)
    dynamodb.service._forward, first_forward = Forwarder(other), dynamodb.service._forward
    assert dynamodb("ListTables")["TableNames"] == []
    dynamodb.service._forward = first_forward
    assert dynamodb("ListTables")["TableNames"] == ["items"]


@pytest.mark.usefixtures("ministack_only")
def test_the_engines_own_account_numbers_never_show(dynamodb: DynamoDbCaller) -> None:
    key = dynamodb.kms("CreateKey")["KeyMetadata"]["Arn"]
    dynamodb.table(SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
    dynamodb("UpdateTable", TableName="items", SSESpecification={"Enabled": True, "SSEType": "KMS"})
    engine = dynamodb.service._forward.engine
    assert isinstance(engine, InProcessEngine)
    hidden = engine._hidden["111122223333"]
    for operation in ("DescribeTable", "DescribeContinuousBackups", "CreateBackup"):
        name: dict[str, Any] = {"BackupName": "backup"} if operation == "CreateBackup" else {}
        assert hidden not in json.dumps(dynamodb(operation, TableName="items", **name))


@pytest.mark.parametrize("arn", [TABLE, "arn:aws:dynamodb:ddblocal:000000000000:table/items"])
def test_an_arn_inside_an_item_is_left_alone(dynamodb: DynamoDbCaller, arn: str) -> None:
    dynamodb.table()
    item = KEY | {"arn": {"S": arn}}
    dynamodb("PutItem", TableName="items", Item=item)
    found = dynamodb(
        "Scan",
        TableName="items",
        FilterExpression="begins_with(arn, :p)",
        ExpressionAttributeValues={":p": {"S": arn[:40]}},
    )
    assert found["Items"] == [item]


def test_a_table_may_be_named_by_its_arn_from_its_own_account_and_another(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    for caller in (None, BOB):
        dynamodb("PutItem", caller=caller, TableName=TABLE, Item=KEY)
        assert dynamodb("GetItem", caller=caller, TableName=TABLE, Key=KEY)["Item"] == KEY
    access_request = dynamodb.authorizer.access_requests[-1]
    assert (access_request.resource, access_request.resource_account) == (TABLE, "111122223333")
    got = dynamodb("BatchGetItem", caller=BOB, RequestItems={TABLE: {"Keys": [KEY]}})
    assert got["Responses"] == {TABLE: [KEY]}
    moved = [{"Put": {"TableName": TABLE, "Item": {"pk": {"S": "t"}}}}]
    dynamodb("TransactWriteItems", caller=BOB, TransactItems=moved)
    assert dynamodb("GetItem", TableName="items", Key={"pk": {"S": "t"}})["Item"] == {"pk": {"S": "t"}}


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::bucket",
        TABLE.replace("us-west-2", "eu-west-1"),
        "arn:aws:dynamodb",
        TABLE.replace("arn:aws:", "arn:aws-cn:"),
        TABLE.replace("111122223333", ""),
        f"{TABLE}/",
        f"{TABLE}/part/x",
    ],
)
def test_an_arn_of_another_kind_or_region_is_invalid(dynamodb: DynamoDbCaller, arn: str) -> None:
    with pytest.raises(Fault, match=r"^ValidationException: Invalid ARN"):
        dynamodb("GetItem", TableName=arn, Key=KEY)


@pytest.mark.parametrize("operation", ["ListTagsOfResource", "TagResource", "UntagResource"])
def test_tags_belong_to_a_table_and_only_its_own_arn_names_it(
    dynamodb: DynamoDbCaller, operation: str
) -> None:
    dynamodb.table()
    change = {"TagResource": {"Tags": [{"Key": "a", "Value": "b"}]}, "UntagResource": {"TagKeys": ["a"]}}
    with pytest.raises(Fault, match=r"^ValidationException: Invalid TableArn"):
        dynamodb(operation, ResourceArn=f"{TABLE}/index/by-owner", **change.get(operation, {}))


def test_a_resource_policy_is_part_of_the_question_until_it_is_deleted(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": TABLE}
            ],
        }
    )
    dynamodb("PutResourcePolicy", ResourceArn=TABLE, Policy=policy)
    dynamodb("GetItem", TableName="items", Key=KEY)
    assert dynamodb.authorizer.access_requests[-1].resource_policies == (policy,)
    dynamodb.permissions_for("Query", TableName="items", IndexName="some")
    assert dynamodb.authorizer.access_requests[-1].resource_policies == (policy,)
    assert json.loads(dynamodb("GetResourcePolicy", ResourceArn=TABLE)["Policy"]) == json.loads(policy)
    dynamodb("DeleteResourcePolicy", ResourceArn=TABLE)
    dynamodb("GetItem", TableName="items", Key=KEY)
    assert dynamodb.authorizer.access_requests[-1].resource_policies == ()


def test_an_invalid_policy_is_refused(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    with pytest.raises(Fault, match=r"^ValidationException: .*Invalid policy document"):
        dynamodb("PutResourcePolicy", ResourceArn=TABLE, Policy="{}")


def test_a_stream_is_read_with_permission_on_the_stream(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    stream = dynamodb("DescribeTable", TableName="items")["Table"]["LatestStreamArn"]
    dynamodb("PutItem", TableName="items", Item=KEY)
    shard = dynamodb("DescribeStream", StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    at = {"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = dynamodb("GetShardIterator", **at)["ShardIterator"]
    records = dynamodb("GetRecords", ShardIterator=iterator)["Records"]
    assert [record["dynamodb"]["NewImage"] for record in records] == [KEY]
    access_request = dynamodb.authorizer.access_requests[-1]
    assert (access_request.action, access_request.resource) == ("dynamodb:GetRecords", stream)


def test_what_terraform_reads_back_is_there(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table(DeletionProtectionEnabled=True, Tags=[{"Key": "a", "Value": "b"}])
    dynamodb(
        "UpdateContinuousBackups",
        TableName="items",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    backups = dynamodb("DescribeContinuousBackups", TableName="items")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb("DescribeTable", TableName="items")["Table"]["DeletionProtectionEnabled"] is True
    assert dynamodb("DescribeTimeToLive", TableName="items")["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "DISABLED"
    }
    assert dynamodb("ListTagsOfResource", ResourceArn=TABLE)["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(Fault, match="cannot be deleted as it is currently protected against deletion"):
        dynamodb("DeleteTable", TableName="items")
    dynamodb("UpdateTable", TableName="items", DeletionProtectionEnabled=False)
    dynamodb("DeleteTable", TableName="items")


def test_a_table_may_be_named_by_its_arn_in_a_statement(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    dynamodb("PutItem", TableName="items", Item=KEY)
    found = dynamodb("ExecuteStatement", caller=BOB, Statement=f"SELECT * FROM \"{TABLE}\" WHERE pk = 'a'")
    assert found["Items"] == [KEY]
    many = [{"Statement": f"SELECT * FROM \"{TABLE}\" WHERE pk = 'a'"}]
    assert dynamodb("BatchExecuteStatement", Statements=many)["Responses"][0]["Item"] == KEY


def test_an_arn_inside_a_string_of_a_statement_is_left_alone(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    value = f'{{"table": "{TABLE}"}}'
    dynamodb("ExecuteStatement", Statement=f"INSERT INTO \"{TABLE}\" VALUE {{'pk': 'a', 'x': '{value}'}}")
    assert dynamodb("GetItem", TableName="items", Key=KEY)["Item"]["x"] == {"S": value}


def test_consumed_capacity_names_the_table_as_the_request_did(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    for name in ("items", TABLE):
        reply = dynamodb("PutItem", TableName=name, Item=KEY, ReturnConsumedCapacity="TOTAL")
        assert reply["ConsumedCapacity"]["TableName"] == name


def test_a_batch_that_names_a_table_twice_is_refused_and_not_cut_short(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    with pytest.raises(Fault, match="names a table twice"):
        dynamodb("BatchGetItem", RequestItems={"items": {"Keys": [KEY]}, TABLE: {"Keys": [KEY]}})


def test_time_to_live_is_not_made_again_what_it_is(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    on = {"Enabled": True, "AttributeName": "ends"}
    dynamodb("UpdateTimeToLive", TableName="items", TimeToLiveSpecification=on)
    with pytest.raises(Fault, match=r"^ValidationException: TimeToLive is already enabled$"):
        dynamodb("UpdateTimeToLive", TableName="items", TimeToLiveSpecification=on)
    other = on | {"AttributeName": "other"}
    with pytest.raises(Fault, match="active on a different AttributeName: current AttributeName is ends"):
        dynamodb("UpdateTimeToLive", TableName="items", TimeToLiveSpecification=other)


@pytest.mark.parametrize("iterator", ["nonsense", f"{TABLE}/stream/x", f"{TABLE}/stream/x|mac|iterator"])
def test_an_iterator_that_was_not_handed_out_is_invalid(dynamodb: DynamoDbCaller, iterator: str) -> None:
    with pytest.raises(Fault, match=r"^ValidationException: Invalid ShardIterator$"):
        dynamodb("GetRecords", ShardIterator=iterator)


def test_the_iterator_of_one_stream_cannot_be_read_in_anothers_name(dynamodb: DynamoDbCaller) -> None:
    iterators = {}
    for name in ("open", "closed"):
        dynamodb.table(name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        stream = dynamodb("DescribeTable", TableName=name)["Table"]["LatestStreamArn"]
        shard = dynamodb("DescribeStream", StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        at = {"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterators[name] = dynamodb("GetShardIterator", **at)["ShardIterator"]
    named = iterators["open"].partition("|")[0]
    iterator = named + "|" + iterators["closed"].partition("|")[2]
    with pytest.raises(Fault, match="Invalid ShardIterator"):
        dynamodb("GetRecords", ShardIterator=iterator)
