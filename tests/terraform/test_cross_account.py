"""examples/cross-account, applied to two accounts of the lab: who may read the owner's items."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dynaseal import AwsKmsKeyring, CryptoAction, DecryptError, EncryptedClient, TableConfig
from dynaseal_lab.stack.terraform import Workspace, arguments
from dynaseal_lab.testing import LabAccount, LabPrincipal, LabServer
from terraform.principals import refusal, remove_user, user_who_may

REGION = "eu-west-1"
NAME = "shared"
CONTEXT = {"aws-crypto-table-name": NAME, "aws-crypto-partition-name": "pk"}
ITEM = {"pk": {"S": "ann"}, "sk": {"S": "card"}, "secret": {"S": "1234"}}
KEY = {name: ITEM[name] for name in ("pk", "sk")}
ACTIONS = {
    "pk": CryptoAction.SIGN_ONLY,
    "sk": CryptoAction.SIGN_ONLY,
    "secret": CryptoAction.ENCRYPT_AND_SIGN,
}
NARROW = {
    "Operations": ["Decrypt"],
    "Constraints": {"EncryptionContextSubset": {"aws-crypto-table-name": NAME}},
}
"""The only kind of grant that the key's policy lets anybody make."""


@dataclass(frozen=True)
class Shared:
    """Both accounts after terraform apply, with an item that the owner stored; and a third account."""

    workspace: Workspace
    outputs: Mapping[str, Any]
    owner: LabAccount
    writer: LabPrincipal
    consumer: LabAccount
    reader: LabPrincipal
    auditor: LabPrincipal
    stranger: LabAccount

    @property
    def key(self) -> str:
        return self.outputs["client_key_arn"]

    def table(self, principal: LabPrincipal) -> EncryptedClient:
        keyring = AwsKmsKeyring(self.key, client=principal.client("kms"))
        config = TableConfig(NAME, "pk", "sk", attribute_actions=ACTIONS, keyring=keyring)
        return EncryptedClient(principal.client("dynamodb"), configs={self.outputs["table_arn"]: config})

    def read(self, principal: LabPrincipal) -> Mapping[str, Any]:
        return self.table(principal).get_item(TableName=self.outputs["table_arn"], Key=KEY).get("Item", {})

    def data_key(self, context: Mapping[str, str] = CONTEXT) -> bytes:
        """Return an encrypted data key, as an item of the writer's has it."""
        reply = self.writer.client("kms").generate_data_key(
            KeyId=self.key, KeySpec="AES_256", EncryptionContext=context
        )
        return reply["CiphertextBlob"]

    def refused(self, principal: LabPrincipal, context: Mapping[str, str] = CONTEXT) -> str:
        """Return KMS's message when a principal may not decrypt a data key with this encryption context."""
        return refusal(
            principal.client("kms").decrypt,
            KeyId=self.key,
            CiphertextBlob=self.data_key(),
            EncryptionContext=context,
        )


def hidden(principal: LabPrincipal, action: str = "kms:Decrypt") -> str:
    """Return AWS's message across accounts, which does not reveal whether the key exists."""
    return (
        f"User: {principal.arn} is not authorized to perform: {action} on this resource because the resource "
        "does not exist in this Region, no resource-based policies allow access, or a resource-based policy "
        "explicitly denies access"
    )


def profiles(owner: LabAccount, consumer: LabAccount, file: Path) -> dict[str, str]:
    """Write a profile for each account, and return an environment that finds them."""
    text = "".join(
        f"[{name}]\naws_access_key_id = {account.number}\naws_secret_access_key = {account.lab.root_secret}\n"
        for name, account in (("owner", owner), ("consumer", consumer))
    )
    file.touch(0o600)
    file.write_text(text)
    return {
        "AWS_ENDPOINT_URL": owner.lab.endpoint,
        "AWS_REGION": REGION,
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
        "AWS_CONFIG_FILE": os.devnull,
    }


@pytest.fixture(scope="module")
def shared(
    lab_server: LabServer, new_workspace: Callable[..., Workspace], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shared]:
    owner, consumer, stranger = (lab_server.new_account(REGION) for _ in range(3))
    environment = profiles(owner, consumer, tmp_path_factory.mktemp("aws") / "credentials")
    workspace = new_workspace("examples/cross-account", **environment)
    outputs = workspace.apply({"name": NAME})
    employee = user_who_may(consumer, "employee", "sts:AssumeRole")
    applied = Shared(
        workspace,
        outputs,
        owner,
        owner.existing_user(outputs["writer_user_name"]),
        consumer,
        employee.assume_role(outputs["reader_role_arn"]),
        employee.assume_role(outputs["auditor_role_arn"]),
        stranger,
    )
    applied.table(applied.writer).put_item(TableName=outputs["table_arn"], Item=ITEM)
    yield applied
    # Not refreshed first: the provider would wait minutes for the grant that was revoked by hand to show.
    workspace.run("destroy", "-auto-approve", "-refresh=false", "-no-color", *arguments({"name": NAME}))
    assert consumer.client("iam").list_roles()["Roles"] == []
    assert owner.client("dynamodb").list_tables()["TableNames"] == []
    assert owner.client("kms").describe_key(KeyId=applied.key)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_second_plan_changes_nothing(shared: Shared) -> None:
    planned = shared.workspace.run(
        "plan", "-detailed-exitcode", "-no-color", *arguments({"name": NAME}), accept=(0, 2)
    )
    assert planned.returncode == 0, planned.stdout


def test_the_role_that_the_keys_policy_trusts_reads_the_owners_item(shared: Shared) -> None:
    assert shared.read(shared.reader) == ITEM


def test_the_role_that_has_a_grant_reads_the_owners_item(shared: Shared) -> None:
    assert shared.read(shared.auditor) == ITEM


@pytest.mark.parametrize("role", ["reader", "auditor"])
@pytest.mark.parametrize(
    "context", [{**CONTEXT, "aws-crypto-table-name": "other"}, {}], ids=["other", "none"]
)
def test_another_encryption_context_is_refused(shared: Shared, role: str, context: Mapping[str, str]) -> None:
    principal: LabPrincipal = getattr(shared, role)
    assert shared.refused(principal, context) == hidden(principal)


def test_the_right_table_with_another_context_than_the_data_keys_gives_no_plaintext(
    shared: Shared,
) -> None:
    kms = shared.reader.client("kms")
    with pytest.raises(kms.exceptions.InvalidCiphertextException):
        kms.decrypt(
            KeyId=shared.key,
            CiphertextBlob=shared.data_key(),
            EncryptionContext={**CONTEXT, "aws-crypto-partition-name": "id"},
        )


def test_the_owners_own_user_needs_the_encryption_context_too(shared: Shared) -> None:
    message = refusal(
        shared.writer.client("kms").generate_data_key,
        KeyId=shared.key,
        KeySpec="AES_256",
        EncryptionContext={"aws-crypto-table-name": "other"},
    )
    assert message == (
        f"User: {shared.writer.arn} is not authorized to perform: kms:GenerateDataKey on resource: "
        f"{shared.key} with an explicit deny in a resource-based policy"
    )


@pytest.mark.parametrize("account", ["consumer", "stranger"])
def test_nobody_else_reads_whatever_their_own_account_allows(shared: Shared, account: str) -> None:
    other: LabAccount = getattr(shared, account)
    somebody = user_who_may(other, "somebody", "kms:*", "dynamodb:*")
    assert shared.refused(somebody) == hidden(somebody)
    assert shared.refused(other.root) == hidden(other.root)
    assert "not authorized to perform: dynamodb:GetItem" in refusal(
        somebody.client("dynamodb").get_item, TableName=shared.outputs["table_arn"], Key=KEY
    )
    remove_user(somebody)


def test_the_owners_trust_is_not_enough_without_an_iam_policy_of_the_consumers(shared: Shared) -> None:
    iam = shared.consumer.client("iam")
    policy = {"RoleName": f"{NAME}-reader", "PolicyName": f"read-{NAME}"}
    document = json.dumps(iam.get_role_policy(**policy)["PolicyDocument"])
    iam.delete_role_policy(**policy)
    try:
        assert shared.refused(shared.reader) == (
            f"User: {shared.reader.arn} is not authorized to perform: kms:Decrypt on resource: {shared.key} "
            "because no identity-based policy allows the kms:Decrypt action"
        )
    finally:
        iam.put_role_policy(**policy, PolicyDocument=document)
    assert shared.read(shared.reader) == ITEM


def test_a_grant_that_is_revoked_is_over_at_once_and_the_policys_trust_stays(shared: Shared) -> None:
    kms = shared.owner.client("kms")
    [grant] = kms.list_grants(KeyId=shared.key)["Grants"]
    kms.revoke_grant(KeyId=shared.key, GrantId=grant["GrantId"])
    assert shared.refused(shared.auditor) == hidden(shared.auditor)
    with pytest.raises(DecryptError, match="AccessDeniedException"):
        shared.read(shared.auditor)
    assert shared.read(shared.reader) == ITEM
    kms.create_grant(KeyId=shared.key, **NARROW, GranteePrincipal=grant["GranteePrincipal"])
    assert shared.read(shared.auditor) == ITEM


def test_a_grant_for_another_context_opens_nothing(shared: Shared) -> None:
    """A key policy cannot test a grant's constraints, so it denies every context without the table's name."""
    kms, other = shared.owner.client("kms"), {"aws-crypto-table-name": "other"}
    grant = kms.create_grant(
        KeyId=shared.key,
        GranteePrincipal=shared.outputs["auditor_role_arn"],
        **NARROW | {"Constraints": {"EncryptionContextSubset": other}},
    )
    assert shared.refused(shared.auditor, other) == hidden(shared.auditor)
    kms.revoke_grant(KeyId=shared.key, GrantId=grant["GrantId"])


@pytest.mark.parametrize(
    "change",
    [
        {"GranteePrincipal": "arn:aws:iam::444455556663:root"},
        {"Operations": ["Decrypt", "GenerateDataKey"]},
        {"Constraints": {}},
    ],
    ids=["for somebody else", "of more than decryption", "in any context"],
)
def test_no_wider_grant_can_be_made(shared: Shared, change: dict[str, Any]) -> None:
    wanted = {"GranteePrincipal": shared.outputs["auditor_role_arn"]} | NARROW | change
    message = refusal(shared.owner.client("kms").create_grant, KeyId=shared.key, **wanted)
    assert message.endswith("because no resource-based policy allows the kms:CreateGrant action")


def test_the_consumer_writes_nothing(shared: Shared) -> None:
    message = refusal(shared.reader.client("kms").generate_data_key, KeyId=shared.key, KeySpec="AES_256")
    assert message == hidden(shared.reader, "kms:GenerateDataKey")
    assert "not authorized to perform: dynamodb:PutItem" in refusal(
        shared.reader.client("dynamodb").put_item, TableName=shared.outputs["table_arn"], Item=ITEM
    )


def test_no_secret_is_in_the_state(shared: Shared) -> None:
    state = (shared.workspace.folder / "terraform.tfstate").read_text()
    assert shared.key in state
    root_secret = shared.owner.lab.root_secret
    for secret in (root_secret, shared.writer.secret_access_key, shared.reader.secret_access_key):
        assert secret not in state
