"""A configuration in the style of the public modules: applied, planned and destroyed on each engine."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynaseal_lab.assembly import EngineName, LabOptions
from dynaseal_lab.server import RunningLab, running
from dynaseal_lab.stack.environment import isolated_environment
from dynaseal_lab.stack.errors import DemonstrationError
from dynaseal_lab.stack.provision import AccessKey
from dynaseal_lab.stack.terraform import Workspace, arguments
from dynaseal_lab.testing import LabAccount
from lab.engines import require_native_engine
from lab.errors import client_error
from terraform.conftest import skip_outside_ci

ACCOUNT, REGION, REPLICA_REGION = "111122223333", "eu-west-1", "us-east-1"
SOURCE = Path(__file__).parent / "module_style"
NO_CHANGES = 0
ORIGINAL = {"complete": str(os.environ.get("CI") == "true").lower()}
CHANGED = ORIGINAL | {
    "point_in_time_recovery": "false",
    "ttl_enabled": "false",
    "tags": '{ Module = "changed", Cost = "none" }',
}


@pytest.fixture(params=["native", "ministack"])
def lab(request: pytest.FixtureRequest) -> Iterator[RunningLab]:
    """A lab on each engine."""
    engine: EngineName = request.param
    if engine == "native":
        require_native_engine()
    with running(options=LabOptions(engine=engine)) as started:
        yield started


@pytest.fixture
def workspace(lab: RunningLab, tmp_path: Path) -> Workspace:
    """The configuration, initialised, with the lab for AWS."""
    key = AccessKey(ACCOUNT, lab.root_secret)
    environment = isolated_environment(os.environ, key) | {"AWS_ENDPOINT_URL": lab.endpoint}
    if shutil.which("terraform") is None:
        skip_outside_ci("terraform is not installed")
    workspace = Workspace(SOURCE, tmp_path / "module_style", environment)
    try:
        workspace.init()
    except DemonstrationError as error:
        skip_outside_ci(f"the AWS provider cannot be had: {error}")
    return workspace


def is_unchanged(workspace: Workspace, variables: dict[str, str]) -> bool:
    """Return whether a new plan has nothing to do."""
    plan = ("plan", "-input=false", "-no-color", "-detailed-exitcode", *arguments(variables))
    return workspace.run(*plan, accept=(NO_CHANGES, 2)).returncode == NO_CHANGES


def test_it_is_applied_planned_without_changes_changed_and_destroyed(
    lab: RunningLab, workspace: Workspace
) -> None:
    owner = LabAccount(ACCOUNT, lab, REGION)
    outputs = workspace.apply(ORIGINAL)
    assert is_unchanged(workspace, ORIGINAL)
    table = owner.client("dynamodb").describe_table(TableName="orders")["Table"]
    assert table["LatestStreamArn"] == outputs["stream_arn"]
    assert len(table["GlobalSecondaryIndexes"]) == 3
    replica = owner.client("kms", region=REPLICA_REGION).list_resource_tags(KeyId=outputs["replica_key_arn"])
    assert {"TagKey": "Owner", "TagValue": "platform"} in replica["Tags"]
    check_the_roles(owner, outputs["role_arns"])

    workspace.apply(CHANGED)
    assert is_unchanged(workspace, CHANGED)
    dynamodb = owner.client("dynamodb")
    tags = dynamodb.list_tags_of_resource(ResourceArn=outputs["table_arn"])["Tags"]
    assert {"Key": "Cost", "Value": "none"} in tags
    expiry = dynamodb.describe_time_to_live(TableName="orders")["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "DISABLED"

    workspace.run("destroy", "-input=false", "-no-color", "-auto-approve", *arguments(CHANGED))
    assert dynamodb.list_tables()["TableNames"] == []
    iam = owner.client("iam")
    assert (iam.list_roles()["Roles"], iam.list_users()["Users"]) == ([], [])
    assert iam.list_policies(Scope="Local")["Policies"] == []


def check_the_roles(owner: LabAccount, roles: dict[str, str]) -> None:
    """Check that the external id, the boundary and the policies of the roles count."""
    operator = owner.user("tester", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    refused = client_error(operator.client("sts").assume_role, RoleArn=roles["reader"], RoleSessionName="se")
    assert refused[0] == "AccessDenied"
    session = operator.assume_role(roles["writer"], ExternalId="agreed")
    dynamodb = session.client("dynamodb")
    dynamodb.put_item(TableName="orders", Item={"pk": {"S": "tenant-a"}, "sk": {"N": "1.0"}})
    assert "Item" in dynamodb.get_item(TableName="orders", Key={"pk": {"S": "tenant-a"}, "sk": {"N": "1"}})
    key = {"pk": {"S": "other"}, "sk": {"N": "1"}}
    assert client_error(dynamodb.get_item, TableName="orders", Key=key)[0] == "AccessDeniedException"
    elsewhere = session.client("dynamodb", region="ap-southeast-2")
    refused = client_error(elsewhere.list_tables)
    assert refused[1].endswith("because no permissions boundary allows the dynamodb:ListTables action")
    iam = owner.client("iam")
    iam.delete_user_policy(
        UserName="tester", PolicyName=iam.list_user_policies(UserName="tester")["PolicyNames"][0]
    )
    for access_key in iam.list_access_keys(UserName="tester")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="tester", AccessKeyId=access_key["AccessKeyId"])
    iam.delete_user(UserName="tester")
