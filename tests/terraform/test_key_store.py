"""examples/key-store, applied to the lab: what the administrator's and the reader's role may do."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import AwsKmsHierarchicalKeyring, CryptoAction, ItemEncryptor, KeyStore, TableConfig
from dynaseal.errors import KeyStoreError
from dynaseal_lab.stack.terraform import Workspace, arguments
from dynaseal_lab.testing import LabAccount, LabPrincipal, LabServer
from terraform.principals import refusal, user_who_may

REGION = "eu-west-1"
VARIABLES = {
    "name": "branch-keys",
    "logical_key_store_name": "keys-of-the-shop",
    "reader_branch_keys": '["tenant-*"]',
    "deletion_protection": "false",
}


@dataclass(frozen=True)
class Applied:
    """The example after terraform apply, with the branch key `tenant-a`."""

    workspace: Workspace
    outputs: Mapping[str, Any]
    owner: LabAccount
    administrator: LabPrincipal
    reader: LabPrincipal

    def store(self, principal: LabPrincipal, logical_name: str | None = None) -> KeyStore:
        return KeyStore(
            self.outputs["table_name"],
            logical_name or self.outputs["logical_key_store_name"],
            self.outputs["kms_key_arn"],
            dynamodb_client=principal.client("dynamodb"),
            kms_client=principal.client("kms"),
        )

    def message(self, principal: LabPrincipal, action: str, kind: str) -> str:
        """Return AWS's message when no policy of a kind allows the action on the KMS key."""
        return (
            f"User: {principal.arn} is not authorized to perform: {action} on resource: "
            f"{self.outputs['kms_key_arn']} because no {kind} policy allows the {action} action"
        )


def key_store_refusal(call: Callable[..., Any], *arguments: Any) -> str:
    """Return AWS's message for a refused call of a key store; its error is a ClientError too."""
    with pytest.raises(KeyStoreError) as refused:
        call(*arguments)
    assert isinstance(refused.value, ClientError)
    response: Any = refused.value.response
    return response["Error"]["Message"]


@pytest.fixture(scope="module")
def applied(lab_server: LabServer, new_workspace: Callable[..., Workspace]) -> Iterator[Applied]:
    owner = lab_server.new_account(REGION)
    workspace = new_workspace("examples/key-store", **owner.root.settings)
    outputs = workspace.apply(VARIABLES)
    employee = user_who_may(owner, "employee", "sts:AssumeRole")
    roles = [employee.assume_role(outputs[f"{role}_role_arn"]) for role in ("administrator", "reader")]
    applied = Applied(workspace, outputs, owner, *roles)
    applied.store(applied.administrator).create_key("tenant-a", {"tenant": "a"})
    yield applied
    workspace.run("destroy", "-auto-approve", "-no-color", *arguments(VARIABLES))
    assert owner.client("iam").list_roles()["Roles"] == []
    assert owner.client("dynamodb").list_tables()["TableNames"] == []


def test_a_second_plan_changes_nothing(applied: Applied) -> None:
    planned = applied.workspace.run(
        "plan", "-detailed-exitcode", "-no-color", *arguments(VARIABLES), accept=(0, 2)
    )
    assert planned.returncode == 0, planned.stdout


def test_the_table_is_what_the_key_store_itself_would_make(applied: Applied) -> None:
    arn = applied.store(applied.administrator).create_table()
    assert arn == f"arn:aws:dynamodb:{REGION}:{applied.owner.number}:table/branch-keys"


def test_the_reader_reads_every_version_that_the_administrator_makes(applied: Applied) -> None:
    administrator, reader = applied.store(applied.administrator), applied.store(applied.reader)
    first = reader.get_active_branch_key("tenant-a")
    administrator.version_key("tenant-a")
    second = reader.get_active_branch_key("tenant-a")
    assert first.branch_key != second.branch_key
    assert reader.get_branch_key_version("tenant-a", first.branch_key_version) == first
    assert reader.get_beacon_key("tenant-a").encryption_context == {"tenant": "a"}


def test_the_reader_encrypts_and_decrypts_items(applied: Applied) -> None:
    keyring = AwsKmsHierarchicalKeyring(
        applied.store(applied.reader), branch_key_id="tenant-a", ttl_seconds=60
    )
    actions = {"pk": CryptoAction.SIGN_ONLY, "secret": CryptoAction.ENCRYPT_AND_SIGN}
    items = ItemEncryptor(TableConfig("people", "pk", attribute_actions=actions, keyring=keyring))
    item = {"pk": {"S": "ann"}, "secret": {"S": "1234"}}
    assert items.decrypt_item(items.encrypt_item(item)) == item


def test_the_reader_makes_no_key_and_no_version(applied: Applied) -> None:
    reader = applied.store(applied.reader)
    create_refused = applied.message(applied.reader, "kms:GenerateDataKeyWithoutPlaintext", "identity-based")
    assert key_store_refusal(reader.create_key, "tenant-b", {"tenant": "b"}) == create_refused
    version_refused = applied.message(applied.reader, "kms:ReEncryptFrom", "identity-based")
    assert key_store_refusal(reader.version_key, "tenant-a") == version_refused


def test_the_reader_writes_no_record(applied: Applied) -> None:
    record = {"branch-key-id": {"S": "tenant-a"}, "type": {"S": "branch:ACTIVE"}}
    dynamodb = applied.reader.client("dynamodb")
    for call, request in ((dynamodb.put_item, {"Item": record}), (dynamodb.delete_item, {"Key": record})):
        message = refusal(call, TableName=applied.outputs["table_name"], **request)
        assert re.search(r"because no identity-based policy allows the dynamodb:\w+Item action$", message)


def test_the_reader_reads_the_branch_keys_that_were_named_alone(applied: Applied) -> None:
    applied.store(applied.administrator).create_key("staff", {"tenant": "none"})
    message = key_store_refusal(applied.store(applied.reader).get_active_branch_key, "staff")
    assert "because no identity-based policy allows the dynamodb:GetItem action" in message


def test_the_administrator_reads_no_key(applied: Applied) -> None:
    message = key_store_refusal(applied.store(applied.administrator).get_active_branch_key, "tenant-a")
    assert message == applied.message(applied.administrator, "kms:Decrypt", "identity-based")


def test_nobody_uses_the_key_for_another_key_store(applied: Applied) -> None:
    other = applied.store(applied.administrator, "another key store")
    message = key_store_refusal(other.create_key, "tenant-c", {"tenant": "c"})
    assert message == applied.message(
        applied.administrator, "kms:GenerateDataKeyWithoutPlaintext", "resource-based"
    )


def test_no_branch_key_can_be_taken_out_under_another_kms_key(applied: Applied) -> None:
    """Even by the account's root, who may do whatever the keys' policies hand to the account."""
    dynamodb, kms = applied.owner.client("dynamodb"), applied.owner.client("kms")
    key = {"branch-key-id": {"S": "tenant-a"}, "type": {"S": "beacon:ACTIVE"}}
    record = dynamodb.get_item(TableName=applied.outputs["table_name"], Key=key)["Item"]
    context = {name: value.get("S") or value.get("N") for name, value in record.items() if name != "enc"}
    message = refusal(
        kms.re_encrypt,
        CiphertextBlob=record["enc"]["B"],
        SourceKeyId=applied.outputs["kms_key_arn"],
        SourceEncryptionContext=context | {"tablename": applied.outputs["logical_key_store_name"]},
        DestinationKeyId=kms.create_key()["KeyMetadata"]["Arn"],
    )
    assert message == applied.message(applied.owner.root, "kms:ReEncryptFrom", "resource-based")


def test_no_secret_is_in_the_state(applied: Applied) -> None:
    state = (applied.workspace.folder / "terraform.tfstate").read_text()
    assert applied.outputs["kms_key_arn"] in state
    for secret in (applied.owner.lab.root_secret, applied.reader.secret_access_key):
        assert secret not in state
