"""DynamoDB's checks of tags, over each engine."""

from typing import Any

import pytest

from lab.services import DynamoDbCaller, raises_fault

ONE = [{"Key": "team", "Value": "red"}]
REFUSED = {
    "empty key": (
        [{"Key": "", "Value": "b"}],
        "1 validation error detected: Value '' at 'tags.1.member.key'",
    ),
    "no key": ([{"Value": "b"}], "1 validation error detected: Value null at 'tags.1.member.key'"),
    "no value": ([{"Key": "a"}], "1 validation error detected: Value null at 'tags.1.member.value'"),
    "long key": ([{"Key": "k" * 129, "Value": "b"}], "1 validation error detected"),
    "long value": ([{"Key": "k", "Value": "b" * 257}], "1 validation error detected"),
    "reserved": ([{"Key": "AWS:team", "Value": "b"}], "One or more parameter values were invalid: Tag key"),
    "repeated": (ONE * 2, "One or more parameter values were invalid: Duplicate tag keys"),
    "character": ([{"Key": "a!", "Value": "b"}], "One or more parameter values were invalid: Tag a!"),
    "too many": (
        [{"Key": f"k{number}", "Value": "b"} for number in range(51)],
        "One or more parameter values were invalid: Too many tags",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tags_that_dynamodb_refuses(dynamodb: DynamoDbCaller, name: str) -> None:
    tags, message = REFUSED[name]
    arn = dynamodb.table()
    with raises_fault(f"ValidationException: {message}"):
        dynamodb("TagResource", ResourceArn=arn, Tags=tags)
    with raises_fault(f"ValidationException: {message}"):
        dynamodb.table("other", Tags=tags)
    assert dynamodb("ListTables")["TableNames"] == ["items"]


def test_there_must_be_tags_to_add_and_keys_to_remove(dynamodb: DynamoDbCaller) -> None:
    arn = dynamodb.table()
    with raises_fault("ValidationException: Atleast one Tag needs to be provided"):
        dynamodb("TagResource", ResourceArn=arn, Tags=[])
    with raises_fault("ValidationException: Atleast one Tag Key needs to be provided"):
        dynamodb("UntagResource", ResourceArn=arn, TagKeys=[])
    with raises_fault("ValidationException: 1 validation error detected: Value null at 'tags'"):
        dynamodb("TagResource", ResourceArn=arn)


def test_a_table_has_at_most_50_tags_in_all(dynamodb: DynamoDbCaller) -> None:
    def numbered(*numbers: int) -> list[dict[str, Any]]:
        return [{"Key": f"k{number}", "Value": ""} for number in numbers]

    arn = dynamodb.table(Tags=numbered(*range(30)))
    dynamodb("TagResource", ResourceArn=arn, Tags=numbered(*range(20, 50)))
    with raises_fault("ValidationException: One or more parameter values were invalid: Too many tags"):
        dynamodb("TagResource", ResourceArn=arn, Tags=numbered(50))
    dynamodb("TagResource", ResourceArn=arn, Tags=numbered(49))
