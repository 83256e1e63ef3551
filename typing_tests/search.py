"""The functions on a table's search configuration accept a TableConfig."""

from typing import assert_type

from dynaseal import ResolvedAttributes, TableConfig, number_of_queries, resolve_attributes


def a_configuration_is_accepted(config: TableConfig) -> None:
    assert_type(resolve_attributes(config, {"pk": {"S": "ann"}}), ResolvedAttributes)
    assert_type(number_of_queries(config, "Query", {"KeyConditionExpression": "pk = :pk"}), int)


def mistakes_are_errors() -> None:
    resolve_attributes("people", {})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
