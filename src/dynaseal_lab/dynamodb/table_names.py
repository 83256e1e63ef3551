"""Tables by name and ARN.

A request may name a table by its ARN, also a table of another account; the Region must be the endpoint's.
"""

import re
from dataclasses import dataclass

from dynaseal_lab.model import Call, Fault

_ARN = re.compile(
    r"arn:[\w-]+:dynamodb:(?P<region>[\w-]+):(?P<account>\d{12}):table/(?P<name>[\w.-]+)"
    r"(?:/(?:backup|export|import|index|stream)/[^/]+)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table's account, Region and name, whether or not the table exists."""

    account: str
    region: str
    name: str

    @property
    def record_key(self) -> tuple[str, str, str]:
        """The key of records about the table: account, Region and name."""
        return self.account, self.region, self.name

    @property
    def arn(self) -> str:
        """The table's ARN."""
        return f"{arn_prefix(self.account, self.region)}table/{self.name}"

    def index_arn(self, index: str) -> str:
        """Return the ARN of one of its indexes."""
        return f"{self.arn}/index/{index}"


def arn_prefix(account: str, region: str) -> str:
    """Return `arn:aws:dynamodb:REGION:ACCOUNT:`, in the partition that the Region belongs to."""
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:dynamodb:{region}:{account}:"


def table_named(call: Call, name: str) -> Table:
    """Return the table that a request means by `name`: a name, or an ARN of it, its stream, index or backup.

    Raises:
        Fault: ValidationException for an ARN of something else, or of another Region.
    """
    if not name.startswith("arn:"):
        return Table(call.principal.account, call.region, name)
    table = table_in_arn(name)
    if table.region != call.region:
        raise Fault(
            "ValidationException", f"Invalid ARN: region {table.region} is not this endpoint's {call.region}"
        )
    return table


def table_in_arn(arn: str) -> Table:
    """Return the table in the ARN of a table, or of what belongs to one: a stream, index, backup or export.

    Only one ARN names a table: a policy could otherwise be evaded by another spelling of it.

    Raises:
        Fault: ValidationException for an ARN of something else.

    Example:
        >>> table_in_arn("arn:aws:dynamodb:eu-west-1:111122223333:table/items/index/by-owner").name
        'items'
    """
    found = _ARN.fullmatch(arn)
    table = Table(found["account"], found["region"], found["name"]) if found is not None else None
    if table is None or not arn.startswith(table.arn):
        raise Fault("ValidationException", f"Invalid ARN: {arn}")
    return table
