"""Let another account read one tenant's items: with the policies that follow from the configuration.

`policies_for` returns the IAM policy for the other account's user, and what the key and the table need. The
tenant is in each item's encryption context, so that KMS itself tells one tenant's items from the others.

On AWS, OTHER_PROFILE names a profile of the other account. In the lab every account exists, and its root user
signs with the account's number and the lab's secret.
"""

import json
import os
from typing import Any

import boto3
from experiment import Experiment, Sandbox, allow, document, wait_for

from dynaseal import (
    AttributeActions,
    AwsKmsKeyring,
    CryptoAction,
    EncryptedTable,
    Role,
    TableConfig,
    Tenant,
    policies_for,
)

OTHER_ACCOUNT = "444455556666"


def main() -> None:
    """Store the items of two tenants, and read them from another account."""
    experiment = Experiment()
    with Sandbox() as owner, Sandbox(other_account()) as partner:
        name, key = owner.table("people"), owner.key()
        user = partner.user("reader", allow(["sts:GetCallerIdentity"]))
        table_arn = owner.dynamodb.describe_table(TableName=name)["Table"]["TableArn"]
        own = open_table(owner.session, name, key)
        for tenant in ("acme", "globex"):
            own.put_item(Item={"pk": tenant, "tenant": tenant, "secret": f"of {tenant}"})

        theirs = open_table(user, table_arn, key)

        experiment.step("The partner reads without any policy", "AccessDenied", lambda: read(theirs, "acme"))
        principal = user.client("sts").get_caller_identity()["Arn"]
        policies = policies_for(
            config(key, owner.session),
            Role.READER,
            table=table_arn,
            principal=principal,
            tenant=Tenant("tenant", "acme"),
        ).to_dict()
        user_name = principal.rpartition("/")[2]
        apply(owner, partner, user_name, key=key, table=table_arn, policies=policies)
        experiment.step("The partner reads its own tenant's item", "of acme", lambda: read(theirs, "acme"))
        experiment.step(
            "The partner reads another tenant's item", "AccessDenied", lambda: read(theirs, "globex")
        )
        experiment.step("The owner reads it", "of globex", lambda: read(own, "globex"))
    experiment.end()


def apply(
    owner: Sandbox, partner: Sandbox, user: str, *, key: str, table: str, policies: dict[str, Any]
) -> None:
    """Attach the IAM policy, and add the other statements to the policies of key and table."""
    partner.iam.put_user_policy(
        UserName=user, PolicyName="experiment", PolicyDocument=json.dumps(policies["iam"])
    )
    default = json.loads(owner.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    statements = [*default["Statement"], *policies["key"]["Statement"]]
    owner.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(*statements))
    owner.dynamodb.put_resource_policy(ResourceArn=table, Policy=json.dumps(policies["tables"][table]))


def config(key: str, session: Any) -> TableConfig:
    """Return the table's configuration, whose keys are called by the session's account."""
    actions = {
        "secret": CryptoAction.ENCRYPT_AND_SIGN,
        "tenant": CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT,
    }
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, actions),
        keyring=AwsKmsKeyring(key, client=session.client("kms")),
    )


def open_table(session: Any, table: str, key: str) -> EncryptedTable:
    """Open the table as the session's user."""
    return EncryptedTable(session.resource("dynamodb").Table(table), config=config(key, session))


def read(table: Any, tenant: str) -> str:
    """Read the secret of a tenant's item."""
    return table.get_item(Key={"pk": tenant})["Item"]["secret"]


def other_account() -> boto3.Session:
    """Return a session of another account, with the rights of an administrator."""
    region = boto3.Session().region_name or os.environ["AWS_REGION"]
    if profile := os.environ.get("OTHER_PROFILE"):
        return boto3.Session(profile_name=profile, region_name=region)
    session = boto3.Session(OTHER_ACCOUNT, os.environ["AWS_SECRET_ACCESS_KEY"], region_name=region)
    wait_for(session)
    return session


if __name__ == "__main__":
    main()
