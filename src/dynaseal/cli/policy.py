"""`dynaseal policy`: the least IAM, key and table policies for a role on a table."""

import json

import click

from dynaseal.boto.permissions import Role
from dynaseal.boto.policies.generate import Tenant, parse_tenant, policies_for
from dynaseal.boto.policies.terraform import to_terraform
from dynaseal.cli.configurations import config_reference
from dynaseal.config import TableConfig


@click.command(epilog="Example: dynaseal policy tables.py:customers --role reader --tenant tenant=acme")
@click.argument("config", metavar="MODULE:NAME", type=config_reference)
@click.option(
    "--role",
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="What the principal does with the table.",
)
@click.option(
    "--tenant",
    type=parse_tenant,
    metavar="ATTRIBUTE=VALUE",
    help="Limit the role to the items with this value of an attribute in the encryption context.",
)
@click.option("--table", help="The table's name or ARN; by default its name is the logical name.")
@click.option("--storage-key", metavar="ARN", help="The KMS key that encrypts the table at rest.")
@click.option(
    "--principal",
    metavar="ARN",
    help="The user, role or account's root that gets the policies; it may be in another account.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["json", "terraform"]),
    default="json",
    show_default=True,
    help="Print JSON, or data sources and a policy for Terraform.",
)
def policy(
    *,
    config: TableConfig,
    role: str,
    tenant: Tenant | None,
    table: str | None,
    storage_key: str | None,
    principal: str | None,
    output_format: str,
) -> None:
    """Print the least policies with which a role can use the table of a configuration.

    "iam" is an IAM policy for the principal, "key" what the key policy needs for it. Both are needed. If
    several keys need different policies, "keys" has them by ARN. For a principal of another account, "tables"
    has the policies that the tables need.

    A reader reads and searches. A writer puts, updates and deletes, and can read nothing, unless updates read
    first. A migrator scans the table and writes its items again. A key-admin administers the keys, creates
    branch keys, and can decrypt nothing.

    Nothing is called. Exit code: 0 done, 1 failed, 2 wrong usage.
    """
    policies = policies_for(
        config,
        Role(role),
        table=table,
        storage_key=storage_key,
        principal=principal,
        tenant=tenant,
    )
    if output_format == "json":
        click.echo(json.dumps(policies.to_dict(), indent=2))
    else:
        click.echo(to_terraform(policies, f"{config.logical_table_name}-{role}"), nl=False)
