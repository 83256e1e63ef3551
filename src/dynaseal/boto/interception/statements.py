"""PartiQL is refused wherever a configured table could be touched: its table stands inside the statement.

A statement is not parsed but searched: a configured name anywhere in it, quoted or bare, alone, before an
index or within an ARN, refuses it, even if it only stands in a text or a comment. Quoted, it keeps its case.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dynaseal.boto.interception.tables import Tables
from dynaseal.errors import UnsupportedOperationError


def refuse_statements(tables: Tables, operation: str, request: Mapping[str, Any]) -> None:
    """Refuse a PartiQL request that could touch a configured table.

    Raises:
        UnsupportedOperationError: one of its statements names one.
    """
    for statement in _statements(request):
        for name in tables.names:
            if _mentions(str(statement), name):
                raise UnsupportedOperationError(
                    f"{operation} has a PartiQL statement that names the table {name!r}, which is configured "
                    "for encryption: PartiQL would write and read past it",
                    hint="Use PutItem, GetItem, Query and their like, or a client without encryption",
                )


def _statements(request: Mapping[str, Any]) -> Iterable[Any]:
    if "Statement" in request:
        yield request["Statement"]
    for member in ("Statements", "TransactStatements"):
        for entry in request.get(member) or ():
            yield entry.get("Statement")


def _mentions(statement: str, name: str) -> bool:
    pattern = rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])"
    for match in re.finditer(pattern, statement, re.IGNORECASE):
        quoted = statement[match.start() - 1 : match.start()] == '"'
        if match.group() == name or not quoted:
            return True
    return False
