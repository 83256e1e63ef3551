"""PartiQL is refused wherever it could touch a configured table: the table is named inside the statement.

A statement is not parsed but searched. A configured name anywhere in it refuses it: quoted or bare, alone, in
front of an index or within an ARN, and even in a string or a comment. A quoted name is case-sensitive.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from dynaseal.boto.interception.tables import Tables
from dynaseal.errors import UnsupportedOperationError


def refuse_statements(tables: Tables, operation: str, request: Mapping[str, Any]) -> None:
    """Refuse a PartiQL request that could touch a configured table.

    Raises:
        UnsupportedOperationError: one of its statements names a configured table.
    """
    for statement in _statements(request):
        for name in tables.names:
            if _mentions(str(statement), name):
                raise UnsupportedOperationError(
                    f"{operation} has a PartiQL statement that names the table {name!r}, which is configured "
                    "for encryption: PartiQL would write and read its items without it",
                    hint="Use PutItem, GetItem, Query and similar operations, or a client without encryption",
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
        is_quoted = statement[match.start() - 1 : match.start()] == '"'
        if match.group() == name or not is_quoted:
            return True
    return False
