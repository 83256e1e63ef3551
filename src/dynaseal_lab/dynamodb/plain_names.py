"""Table names for the engine where a request names tables by ARN, and the ARNs back in the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dynaseal_lab.dynamodb.names import as_list, as_object

_BY_TABLE = ("Responses", "UnprocessedItems", "UnprocessedKeys")


@dataclass(frozen=True, slots=True)
class PlainNames:
    """A request's parameters with names in place of ARNs, and which ARN each name stood for."""

    params: Mapping[str, Any]
    arns: Mapping[str, str] = field(default_factory=dict[str, str])

    def restore(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The engine's answer to a batch, with the ARNs that the request used."""
        for name in _BY_TABLE:
            if isinstance(part := answer.get(name), dict):
                tables = cast("dict[str, Any]", part)
                answer[name] = {self.arns.get(table, table): value for table, value in tables.items()}
        return answer


def plain_names(params: Mapping[str, Any]) -> PlainNames:
    """Replace every table's ARN by its name.

    >>> plain_names({"TableName": "arn:aws:dynamodb:eu-west-1:111122223333:table/items"}).params
    {'TableName': 'items'}
    """
    arns: dict[str, str] = {}

    def plain(name: Any) -> Any:
        if not isinstance(name, str) or not name.startswith("arn:"):
            return name
        short = name.partition("/")[2].partition("/")[0]
        arns[short] = name
        return short

    def plain_entry(entry: Any) -> Any:
        return {
            kind: {**as_object(part), "TableName": plain(as_object(part).get("TableName"))}
            for kind, part in as_object(entry).items()
        }

    changed = dict(params)
    for name in ("TableName", "SourceTableName"):
        if name in changed:
            changed[name] = plain(changed[name])
    if "RequestItems" in changed:
        changed["RequestItems"] = {
            plain(table): part for table, part in as_object(changed["RequestItems"]).items()
        }
    if "TransactItems" in changed:
        changed["TransactItems"] = [plain_entry(entry) for entry in as_list(changed["TransactItems"])]
    return PlainNames(changed, arns)
