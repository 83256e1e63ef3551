"""Which table does a request mean? Names and ARNs to pipelines."""

from collections.abc import Mapping
from typing import Any

from dynaseal.boto.interception.pipeline import TablePipeline
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError

_ARN_RESOURCE = ":table/"


def table_name(name_or_arn: str) -> str:
    """Give the name of a table from its name, its ARN or the ARN of something in it.

    Example:
        >>> table_name("arn:aws:dynamodb:us-west-2:111122223333:table/people/index/by-city")
        'people'
    """
    if not name_or_arn.startswith("arn:"):
        return name_or_arn
    return name_or_arn.partition(_ARN_RESOURCE)[2].partition("/")[0]


class Tables:
    """The configured tables of one client.

    Args:
        configs: Table names (or ARNs) and the tables' configurations.

    Raises:
        ConfigError: two entries mean one table.
    """

    def __init__(self, configs: Mapping[str, TableConfig]) -> None:
        self._pipelines: dict[str, TablePipeline] = {}
        for given, config in configs.items():
            name = table_name(given)
            if name in self._pipelines:
                raise ConfigError(f"The table {name!r} is configured twice", hint="Leave one of them out")
            self._pipelines[name] = TablePipeline(name, config)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the configured tables."""
        return tuple(self._pipelines)

    def find(self, name_or_arn: Any) -> TablePipeline | None:
        """Give the pipeline of the table that a request names, or None if it is not configured.

        What is no text is not configured: botocore refuses it.
        """
        if not isinstance(name_or_arn, str):
            return None
        return self._pipelines.get(name_or_arn) or self._pipelines.get(table_name(name_or_arn))
