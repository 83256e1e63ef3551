"""Table names for the engine where a request names tables by ARN, and the ARNs back in the answer.

Statements of PartiQL name a table by its ARN in double quotes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dynaseal_lab.dynamodb.table_names import as_list, as_object
from dynaseal_lab.model import Fault

_BY_TABLE = ("ItemCollectionMetrics", "Responses", "UnprocessedItems", "UnprocessedKeys")
_NAMED = ("SourceTableName", "TableName")
_QUOTED = re.compile(r'"(arn:[^"]*:table/[^"/]+)"')


@dataclass(frozen=True, slots=True)
class NamedTables:
    """A request's parameters with names in place of ARNs, and which ARN each name stood for."""

    params: Mapping[str, Any]
    arns: Mapping[str, str] = field(default_factory=dict[str, str])

    def restore(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The engine's answer with the ARNs that the request used."""
        for name in _BY_TABLE:
            if isinstance(part := answer.get(name), dict):
                tables = cast("dict[str, Any]", part)
                answer[name] = {self.arns.get(table, table): value for table, value in tables.items()}
        consumed: Any = answer.get("ConsumedCapacity") or []
        for part in cast("list[dict[str, Any]]", consumed if isinstance(consumed, list) else [consumed]):
            if "TableName" in part:
                part["TableName"] = self.arns.get(part["TableName"], part["TableName"])
        return answer


def with_table_names(params: Mapping[str, Any]) -> NamedTables:
    """Replace every table's ARN by its name.

    Raises:
        Fault: ValidationException, where a batch names one table twice.

    >>> with_table_names({"TableName": "arn:aws:dynamodb:eu-west-1:111122223333:table/items"}).params
    {'TableName': 'items'}
    >>> arn = "arn:aws:dynamodb:eu-west-1:111122223333:table/items"
    >>> with_table_names({"Statement": f'SELECT * FROM "{arn}"'}).params
    {'Statement': 'SELECT * FROM "items"'}
    """
    reader = _Reader({})
    return NamedTables(reader.request(params), reader.arns)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Goes through a request, and notes the ARNs it finds."""

    arns: dict[str, str]

    def request(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        changed = dict(self._part(params))
        if "RequestItems" in changed:
            tables = as_object(changed["RequestItems"])
            named = {self._name(table): part for table, part in tables.items()}
            if len(named) != len(tables):
                raise Fault("ValidationException", "RequestItems names a table twice, also by its ARN")
            changed["RequestItems"] = named
        if "TransactItems" in changed:
            entries = map(as_object, as_list(changed["TransactItems"]))
            changed["TransactItems"] = [
                {kind: self._part(as_object(part)) for kind, part in entry.items()} for entry in entries
            ]
        for name in ("Statements", "TransactStatements"):
            if name in changed:
                changed[name] = [self._part(as_object(part)) for part in as_list(changed[name])]
        return changed

    def _part(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        changed = {name: self._name(part[name]) for name in _NAMED if name in part}
        if isinstance(statement := part.get("Statement"), str):
            changed["Statement"] = _QUOTED.sub(lambda found: f'"{self._name(found[1])}"', statement)
        return {**part, **changed}

    def _name(self, name: Any) -> Any:
        if not isinstance(name, str) or not name.startswith("arn:"):
            return name
        short = name.partition("/")[2].partition("/")[0]
        self.arns[short] = name
        return short
