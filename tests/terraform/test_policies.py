"""`dynaseal policy --format terraform` is valid Terraform, and formatted as Terraform formats it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsRsaKeyring,
    Keyring,
    KeyStore,
    MultiKeyring,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.boto.permissions import Role
from dynaseal.boto.policies.generate import Tenant, policies_for
from dynaseal.boto.policies.terraform import to_terraform
from dynaseal_lab.stack.terraform import Workspace

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PRINCIPAL = "arn:aws:iam::444455556666:role/app"
KEYRINGS: dict[str, Keyring] = {
    "raw": RawAesKeyring("n", "k", bytes(32)),
    "kms": AwsKmsKeyring(ARN),
    "hierarchical": AwsKmsHierarchicalKeyring(
        KeyStore("keys", "keys", ARN), branch_key_id="a", ttl_seconds=60
    ),
    "multi": MultiKeyring(AwsKmsKeyring(ARN), [AwsKmsRsaKeyring(f"{ARN}0", "RSAES_OAEP_SHA_256")]),
}


@pytest.fixture(scope="module")
def workspace(new_workspace: Callable[..., Workspace]) -> Workspace:
    return new_workspace()


def test_the_output_is_valid_and_formatted(workspace: Workspace) -> None:
    for name, keyring in KEYRINGS.items():
        config = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
        for role in Role:
            if role in (Role.WRITER, Role.MIGRATOR) and name == "multi":
                continue  # its RSA keyring has no public key
            tenant = Tenant("pk", "${acme}") if role in (Role.READER, Role.WRITER) else None
            policies = policies_for(config, role, principal=PRINCIPAL, storage_key=ARN, tenant=tenant)
            write(workspace.folder, f"{name}-{role.value}", to_terraform(policies, f"{name}-{role.value}"))
    workspace.run("validate", "-no-color")
    workspace.run("fmt", "-check", "-diff", "-no-color")


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"policy-{name}.tf").write_text(text)
