"""Tables and what belongs to them, by name and ARN.

A request may name a table by ARN, which may be another account's; the Region must be the call's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from dynaseal_lab.model import Call, Fault


@dataclass(frozen=True, slots=True)
class Table:
    """A table's place and name, whether or not it exists."""

    account: str
    region: str
    name: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Account, Region and name."""
        return self.account, self.region, self.name

    @property
    def arn(self) -> str:
        """The table's ARN."""
        return f"{arn_prefix(self.account, self.region)}table/{self.name}"

    def index_arn(self, index: str) -> str:
        """The ARN of one of its indexes."""
        return f"{self.arn}/index/{index}"


def arn_prefix(account: str, region: str) -> str:
    """`arn:aws:dynamodb:REGION:ACCOUNT:`, in the partition that the Region belongs to."""
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:dynamodb:{region}:{account}:"


def table_named(call: Call, name: str) -> Table:
    """The table that a request means by `name`, which may be an ARN (also of a stream, index or backup).

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
    """The table in an ARN of it, or of a stream, index or backup of it.

    Raises:
        Fault: ValidationException for an ARN of something else.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "dynamodb" or not parts[5].startswith("table/"):
        raise Fault("ValidationException", f"Invalid ARN: {arn}")
    return Table(parts[4], parts[3], parts[5].split("/")[1])


def required_string(params: Mapping[str, Any], name: str) -> str:
    """A required text parameter.

    Raises:
        Fault: ValidationException where it is missing, SerializationException where it is no text.
    """
    value = params.get(name)
    if value is None:
        raise Fault(
            "ValidationException", f"The parameter '{name}' is required but was not present in the request"
        )
    return as_string(value)


def as_string(value: object) -> str:
    """`value`, a text.

    Raises:
        Fault: SerializationException.
    """
    if not isinstance(value, str):
        raise Fault("SerializationException", f"{type(value).__name__} found where text was expected")
    return value


def as_object(value: object) -> Mapping[str, Any]:
    """`value`, a JSON object.

    Raises:
        Fault: SerializationException.
    """
    if not isinstance(value, Mapping):
        raise Fault("SerializationException", "Unexpected value type in payload")
    return cast("Mapping[str, Any]", value)


def as_list(value: object) -> list[Any]:
    """`value`, a JSON list.

    Raises:
        Fault: SerializationException.
    """
    if not isinstance(value, list):
        raise Fault("SerializationException", "Unexpected value type in payload")
    return cast("list[Any]", value)
