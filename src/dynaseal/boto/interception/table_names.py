"""The names of tables in arguments and requests: a name, an ARN, or the ARN of something in a table."""

import re

from dynaseal.errors import ConfigError

_ARN_RESOURCE = ":table/"
# A table's name in DynamoDB; its length is not checked here.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


def table_name(name_or_arn: str) -> str:
    """Return the name of a table, given its name, its ARN or the ARN of something in it.

    Example:
        >>> table_name("arn:aws:dynamodb:us-west-2:111122223333:table/people/index/by-city")
        'people'
    """
    if not is_arn(name_or_arn):
        return name_or_arn
    return name_or_arn.partition(_ARN_RESOURCE)[2].partition("/")[0]


def check_table_name(name: object, parameter: str) -> str:
    """Return a table's name or ARN after checking it.

    Raises:
        ConfigError: it is neither.
    """
    if not isinstance(name, str):
        raise ConfigError(
            f"{parameter} names a table by a value of type {type(name).__name__}",
            hint="Name each table by its name in DynamoDB, or by its ARN",
        )
    # An index's ARN is accepted for its table, as it is in requests.
    if not _NAME.fullmatch(table_name(name)):
        raise ConfigError(
            f"{parameter} names the table {name!r}, which is neither a table's name nor a table's ARN",
            hint="A name has letters, digits, '_', '-' and '.' only; an ARN ends in :table/ and the name",
        )
    return name


def is_arn(name_or_arn: str) -> bool:
    """Return whether a table is named by an ARN."""
    return name_or_arn.startswith("arn:")


def table_arn(arn: str) -> str:
    """Return the ARN of a table, given it or the ARN of something in the table."""
    account, resource, name = arn.partition(_ARN_RESOURCE)
    return account + resource + name.partition("/")[0]
