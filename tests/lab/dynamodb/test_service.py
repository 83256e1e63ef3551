"""What the front door adds to the engine: accounts, ARNs, resource policies, streams."""

import json

import pytest

from dynaseal_lab.dynamodb.forward import Forwarder
from dynaseal_lab.dynamodb.in_process import InProcessEngine
from dynaseal_lab.model import Fault, Principal

TABLE = "arn:aws:dynamodb:us-west-2:111122223333:table/items"
KEY = {"pk": {"S": "a"}}
BOB = Principal(
    "user",
    "444455556666",
    "arn:aws:iam::444455556666:user/bob",
    "arn:aws:iam::444455556666:user/bob",
    "B",
    "bob",
)


def test_an_item_is_written_read_changed_and_deleted(lab):
    lab.table()
    lab("PutItem", TableName="items", Item=KEY | {"x": {"N": "1"}})
    lab(
        "UpdateItem",
        TableName="items",
        Key=KEY,
        UpdateExpression="SET x = x + :d",
        ExpressionAttributeValues={":d": {"N": "2"}},
    )
    assert lab("GetItem", TableName="items", Key=KEY)["Item"]["x"] == {"N": "3"}
    lab("DeleteItem", TableName="items", Key=KEY)
    assert lab("GetItem", TableName="items", Key=KEY) == {}


def test_accounts_have_tables_of_their_own(lab):
    lab.table()
    assert lab("ListTables", caller=BOB)["TableNames"] == []


@pytest.mark.usefixtures("in_process_only")
def test_two_labs_in_one_process_do_not_see_each_others_tables(lab, in_process):
    lab.table()
    other = InProcessEngine(in_process.app)
    lab.dynamodb._forward, kept = Forwarder(other), lab.dynamodb._forward
    assert lab("ListTables")["TableNames"] == []
    lab.dynamodb._forward = kept
    assert lab("ListTables")["TableNames"] == ["items"]


@pytest.mark.usefixtures("in_process_only")
def test_the_engines_own_account_numbers_never_show(lab):
    key = lab.kms("CreateKey")["KeyMetadata"]["Arn"]
    lab.table(SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key})
    lab("UpdateTable", TableName="items", SSESpecification={"Enabled": True, "SSEType": "KMS"})
    hidden = lab.dynamodb._forward.engine._hidden["111122223333"]
    for operation in ("DescribeTable", "DescribeContinuousBackups", "CreateBackup"):
        name = {"BackupName": "backup"} if operation == "CreateBackup" else {}
        assert hidden not in json.dumps(lab(operation, TableName="items", **name))


def test_an_arn_inside_an_item_is_left_alone(lab):
    lab.table()
    item = KEY | {"arn": {"S": TABLE}}
    lab("PutItem", TableName="items", Item=item)
    found = lab(
        "Scan",
        TableName="items",
        FilterExpression="begins_with(arn, :p)",
        ExpressionAttributeValues={":p": {"S": TABLE[:45]}},
    )
    assert found["Items"] == [item]


def test_a_table_may_be_named_by_its_arn_from_its_own_account_and_another(lab):
    lab.table()
    for caller in (None, BOB):
        lab("PutItem", caller=caller, TableName=TABLE, Item=KEY)
        assert lab("GetItem", caller=caller, TableName=TABLE, Key=KEY)["Item"] == KEY
    _, access_request = lab.authorizer.asked[-1]
    assert (access_request.resource, access_request.resource_account) == (TABLE, "111122223333")
    got = lab("BatchGetItem", caller=BOB, RequestItems={TABLE: {"Keys": [KEY]}})
    assert got["Responses"] == {TABLE: [KEY]}
    moved = [{"Put": {"TableName": TABLE, "Item": {"pk": {"S": "t"}}}}]
    lab("TransactWriteItems", caller=BOB, TransactItems=moved)
    assert lab("GetItem", TableName="items", Key={"pk": {"S": "t"}})["Item"] == {"pk": {"S": "t"}}


@pytest.mark.parametrize(
    "arn", ["arn:aws:s3:::bucket", TABLE.replace("us-west-2", "eu-west-1"), "arn:aws:dynamodb"]
)
def test_an_arn_of_another_kind_or_region_is_invalid(lab, arn):
    with pytest.raises(Fault, match=r"^ValidationException: Invalid ARN"):
        lab("GetItem", TableName=arn, Key=KEY)


def test_a_resource_policy_is_part_of_the_question_until_it_is_deleted(lab):
    lab.table()
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": TABLE}
            ],
        }
    )
    lab("PutResourcePolicy", ResourceArn=TABLE, Policy=policy)
    lab("GetItem", TableName="items", Key=KEY)
    assert lab.authorizer.asked[-1][1].resource_policies == (policy,)
    lab.asked_of("Query", TableName="items", IndexName="some")
    assert lab.authorizer.asked[-1][1].resource_policies == (policy,)
    assert json.loads(lab("GetResourcePolicy", ResourceArn=TABLE)["Policy"]) == json.loads(policy)
    lab("DeleteResourcePolicy", ResourceArn=TABLE)
    lab("GetItem", TableName="items", Key=KEY)
    assert lab.authorizer.asked[-1][1].resource_policies == ()


def test_what_is_no_policy_is_refused(lab):
    lab.table()
    with pytest.raises(Fault, match=r"^ValidationException: .*Invalid policy document"):
        lab("PutResourcePolicy", ResourceArn=TABLE, Policy="{}")


def test_a_stream_is_read_with_permission_on_the_stream(lab):
    lab.table(StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    stream = lab("DescribeTable", TableName="items")["Table"]["LatestStreamArn"]
    lab("PutItem", TableName="items", Item=KEY)
    shard = lab("DescribeStream", StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    at = {"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = lab("GetShardIterator", **at)["ShardIterator"]
    records = lab("GetRecords", ShardIterator=iterator)["Records"]
    assert [record["dynamodb"]["NewImage"] for record in records] == [KEY]
    _, access_request = lab.authorizer.asked[-1]
    assert (access_request.action, access_request.resource) == ("dynamodb:GetRecords", stream)


def test_what_terraform_reads_back_is_there(lab):
    lab.table(DeletionProtectionEnabled=True, Tags=[{"Key": "a", "Value": "b"}])
    lab(
        "UpdateContinuousBackups",
        TableName="items",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    backups = lab("DescribeContinuousBackups", TableName="items")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert lab("DescribeTable", TableName="items")["Table"]["DeletionProtectionEnabled"] is True
    assert lab("DescribeTimeToLive", TableName="items")["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "DISABLED"
    }
    assert lab("ListTagsOfResource", ResourceArn=TABLE)["Tags"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(Fault, match="cannot be deleted as it is currently protected against deletion"):
        lab("DeleteTable", TableName="items")
    lab("UpdateTable", TableName="items", DeletionProtectionEnabled=False)
    lab("DeleteTable", TableName="items")


def test_a_table_may_be_named_by_its_arn_in_a_statement(lab):
    lab.table()
    lab("PutItem", TableName="items", Item=KEY)
    found = lab("ExecuteStatement", caller=BOB, Statement=f"SELECT * FROM \"{TABLE}\" WHERE pk = 'a'")
    assert found["Items"] == [KEY]
    many = [{"Statement": f"SELECT * FROM \"{TABLE}\" WHERE pk = 'a'"}]
    assert lab("BatchExecuteStatement", Statements=many)["Responses"][0]["Item"] == KEY


def test_consumed_capacity_names_the_table_as_the_request_did(lab):
    lab.table()
    for name in ("items", TABLE):
        reply = lab("PutItem", TableName=name, Item=KEY, ReturnConsumedCapacity="TOTAL")
        assert reply["ConsumedCapacity"]["TableName"] == name


def test_a_batch_that_names_a_table_twice_is_refused_and_not_cut_short(lab):
    lab.table()
    with pytest.raises(Fault, match="names a table twice"):
        lab("BatchGetItem", RequestItems={"items": {"Keys": [KEY]}, TABLE: {"Keys": [KEY]}})


def test_time_to_live_is_not_made_again_what_it_is(lab):
    lab.table()
    on = {"Enabled": True, "AttributeName": "ends"}
    lab("UpdateTimeToLive", TableName="items", TimeToLiveSpecification=on)
    with pytest.raises(Fault, match=r"^ValidationException: TimeToLive is already enabled$"):
        lab("UpdateTimeToLive", TableName="items", TimeToLiveSpecification=on)
    other = on | {"AttributeName": "other"}
    with pytest.raises(Fault, match="active on a different AttributeName: current AttributeName is ends"):
        lab("UpdateTimeToLive", TableName="items", TimeToLiveSpecification=other)


@pytest.mark.parametrize("iterator", ["nonsense", f"{TABLE}/stream/x", f"{TABLE}/stream/x|mac|iterator"])
def test_an_iterator_that_was_not_handed_out_is_invalid(lab, iterator):
    with pytest.raises(Fault, match=r"^ValidationException: Invalid ShardIterator$"):
        lab("GetRecords", ShardIterator=iterator)


def test_the_iterator_of_one_stream_cannot_be_read_in_anothers_name(lab):
    iterators = {}
    for name in ("open", "closed"):
        lab.table(name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        stream = lab("DescribeTable", TableName=name)["Table"]["LatestStreamArn"]
        shard = lab("DescribeStream", StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
        at = {"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterators[name] = lab("GetShardIterator", **at)["ShardIterator"]
    named = iterators["open"].partition("|")[0]
    forged = named + "|" + iterators["closed"].partition("|")[2]
    with pytest.raises(Fault, match="Invalid ShardIterator"):
        lab("GetRecords", ShardIterator=forged)
