"""Terraform on the lab: applied, compared with the stack that boto3 creates, planned again, destroyed."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from dynaseal_lab.server import RunningLab
from dynaseal_lab.stack import provision
from dynaseal_lab.stack.definition import Place, StackDefinition
from dynaseal_lab.stack.provision import Clients
from dynaseal_lab.stack.runner import root_clients
from dynaseal_lab.stack.terraform import Workspace, arguments

REGION = "eu-central-1"
BY_TERRAFORM = Place("222233334444", REGION)
BY_BOTO3 = Place("333344445555", REGION)
STACK = StackDefinition("demo", BY_BOTO3)


def canonical(value: Any) -> Any:
    """Return a value in one form: a list of one value is that value, and other lists are sorted."""
    match value:
        case dict():
            return {key: canonical(inner) for key, inner in value.items()}
        case list() if len(value) == 1:
            return canonical(value[0])
        case list():
            return sorted(
                (canonical(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True)
            )
        case _:
            return value


def key(kms: Any, alias: str) -> dict[str, Any]:
    """Describe a key and its policy."""
    metadata = kms.describe_key(KeyId=alias)["KeyMetadata"]
    facts = ("Description", "KeySpec", "KeyUsage", "KeyState", "Origin", "MultiRegion")
    policy = kms.get_key_policy(KeyId=metadata["Arn"], PolicyName="default")["Policy"]
    return {
        **{fact: metadata[fact] for fact in facts},
        "rotates": kms.get_key_rotation_status(KeyId=metadata["Arn"])["KeyRotationEnabled"],
        "policy": json.loads(policy),
    }


def policies(iam: Any) -> dict[str, Any]:
    """Return the description and document of each managed policy by name."""
    found = {}
    for policy in iam.list_policies(Scope="Local")["Policies"]:
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        described = iam.get_policy(PolicyArn=policy["Arn"])["Policy"]["Description"]
        found[policy["PolicyName"]] = (described, version["PolicyVersion"]["Document"])
    return found


def users(iam: Any) -> dict[str, list[str]]:
    """Return the names of each user's attached policies."""
    names = [user["UserName"] for user in iam.list_users()["Users"]]
    attached = {name: iam.list_attached_user_policies(UserName=name)["AttachedPolicies"] for name in names}
    return {name: sorted(policy["PolicyName"] for policy in found) for name, found in attached.items()}


def table(dynamodb: Any, name: str) -> dict[str, Any]:
    """Describe a table."""
    described = dynamodb.describe_table(TableName=name)["Table"]
    facts = (
        "TableStatus",
        "KeySchema",
        "AttributeDefinitions",
        "SSEDescription",
        "DeletionProtectionEnabled",
    )
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return {
        **{fact: described.get(fact) for fact in facts},
        "billing": described["BillingModeSummary"]["BillingMode"],
        "recovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
    }


def everything(clients: Clients, place: Place) -> Any:
    """Describe everything in an account; its number and the ids of its keys are replaced by fixed words."""
    found = {
        "keys": {alias: key(clients.kms, alias) for alias in ("alias/demo-client", "alias/demo-storage")},
        "policies": policies(clients.iam),
        "users": users(clients.iam),
        "table": table(clients.dynamodb, "demo"),
    }
    document = json.dumps(found, sort_keys=True, default=str).replace(place.account, "ACCOUNT")
    for alias in found["keys"]:
        key_id = clients.kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
        document = document.replace(key_id, alias)
    return canonical(json.loads(document))


def test_terraform_creates_the_definition_changes_nothing_twice_and_destroys_everything(
    lab: RunningLab, new_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    dotenv = tmp_path / ".env"
    variables = {"name": "demo", "dotenv_path": str(dotenv)}
    workspace = new_workspace(
        AWS_ENDPOINT_URL=lab.endpoint,
        AWS_REGION=REGION,
        AWS_ACCESS_KEY_ID=BY_TERRAFORM.account,
        AWS_SECRET_ACCESS_KEY=lab.root_secret,
    )
    clients = root_clients(lab, BY_TERRAFORM)

    outputs = workspace.apply(variables)
    assert dotenv_values(dotenv) == {
        "AWS_REGION": REGION,
        "DEMO_TABLE_NAME": "demo",
        "DEMO_CLIENT_KMS_KEY_ARN": outputs["client_key_arn"],
        "FULL_USER_NAME": "demo-full",
        "LIMITED_USER_NAME": "demo-limited",
        "AWS_ENDPOINT_URL": lab.endpoint,
    }
    assert stat.S_IMODE(dotenv.stat().st_mode) == 0o600

    provision.provision(root_clients(lab, BY_BOTO3), STACK, report=lambda _: None)
    assert everything(clients, BY_TERRAFORM) == everything(root_clients(lab, BY_BOTO3), BY_BOTO3)

    again = workspace.run("plan", "-detailed-exitcode", "-no-color", *arguments(variables), accept=(0, 2))
    assert again.returncode == 0, again.stdout

    secret = provision.access_key(clients.iam, "demo-limited").secret
    assert secret not in (workspace.folder / "terraform.tfstate").read_text()

    workspace.run("destroy", "-auto-approve", "-no-color", *arguments(variables))
    assert clients.iam.list_users()["Users"] == []
    assert clients.iam.list_policies(Scope="Local")["Policies"] == []
    assert clients.dynamodb.list_tables()["TableNames"] == []
    for key_arn in (outputs["client_key_arn"], outputs["storage_key_arn"]):
        assert clients.kms.describe_key(KeyId=key_arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert not dotenv.exists()


def test_other_lines_of_an_existing_dotenv_stay_through_apply_change_and_destroy(
    lab: RunningLab, new_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"# mine\nDEMO_TABLE_NAME='old' # table\nSECRET=x\nexport AWS_REGION=old\nZ=1")
    workspace = new_workspace(
        AWS_ENDPOINT_URL=lab.endpoint,
        AWS_REGION=REGION,
        AWS_ACCESS_KEY_ID="123412341234",
        AWS_SECRET_ACCESS_KEY=lab.root_secret,
    )
    for name in ("first", "second"):
        workspace.apply({"name": name, "dotenv_path": str(dotenv)})
        lines = dotenv.read_text().splitlines()
        assert lines[:5] == [
            "# mine",
            f"DEMO_TABLE_NAME='{name}' # table",
            "SECRET=x",
            f"export AWS_REGION={REGION}",
            "Z=1",
        ]
        assert len(lines) == 9
    workspace.run("destroy", "-auto-approve", "-no-color", *arguments({"dotenv_path": str(dotenv)}))
    assert dotenv.read_text() == f"# mine\nSECRET=x\nexport AWS_REGION={REGION}\nZ=1\n"


def test_default_tags_are_set_on_everything_and_planned_again_without_a_change(
    lab: RunningLab, new_workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    place = Place("222233335555", REGION)
    variables = {"name": "demo", "dotenv_path": str(tmp_path / ".env")}
    workspace = new_workspace(
        AWS_ENDPOINT_URL=lab.endpoint,
        AWS_REGION=REGION,
        AWS_ACCESS_KEY_ID=place.account,
        AWS_SECRET_ACCESS_KEY=lab.root_secret,
    )
    default_tags = 'provider "aws" {\n  default_tags {\n    tags = { team = "red" }\n  }\n}\n'
    (workspace.folder / "provider.tf").write_text(default_tags)

    outputs = workspace.apply(variables)
    clients = root_clients(lab, place)
    for key_arn in (outputs["client_key_arn"], outputs["storage_key_arn"]):
        assert clients.kms.list_resource_tags(KeyId=key_arn)["Tags"] == [
            {"TagKey": "team", "TagValue": "red"}
        ]
    red = [{"Key": "team", "Value": "red"}]
    assert clients.iam.list_user_tags(UserName="demo-full")["Tags"] == red
    arn = clients.dynamodb.describe_table(TableName="demo")["Table"]["TableArn"]
    assert clients.dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == red

    again = workspace.run("plan", "-detailed-exitcode", "-no-color", *arguments(variables), accept=(0, 2))
    assert again.returncode == 0, again.stdout
    workspace.run("destroy", "-auto-approve", "-no-color", *arguments(variables))


def test_provisioning_twice_changes_nothing(lab: RunningLab) -> None:
    place = Place("333344446666", REGION)
    clients = root_clients(lab, place)
    stack = StackDefinition("demo", place)
    first = provision.provision(clients, stack, report=lambda _: None)
    before = everything(clients, place)
    assert provision.provision(clients, stack, report=lambda _: None) == first
    assert everything(clients, place) == before
