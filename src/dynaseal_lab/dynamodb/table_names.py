"""Tables by name and ARN.

A request may name a table by its ARN, also a table of another account; the Region must be the endpoint's.
"""

from dataclasses import dataclass

from dynaseal_lab.model import Call, Fault


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
    """Return the table in the ARN of a table, stream, index or backup.

    Raises:
        Fault: ValidationException for an ARN of something else.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "dynamodb" or not parts[5].startswith("table/"):
        raise Fault("ValidationException", f"Invalid ARN: {arn}")
    return Table(parts[4], parts[3], parts[5].split("/")[1])
