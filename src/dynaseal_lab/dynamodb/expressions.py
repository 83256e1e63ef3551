"""What condition keys need from DynamoDB's expressions: attribute names, and the partition of a query.

The engine evaluates expressions; here they are only scanned. That takes no grammar, because an attribute that
has the name of a keyword can only be written as a placeholder, with `#`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TOKEN = re.compile(r"#\w+|[A-Za-z_]\w*|:\w+|<=|>=|<>|\S")
_KEYWORDS = frozenset({"ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET"})


def tokens(expression: str) -> list[str]:
    """Return the expression's tokens.

    >>> tokens("a.#b[0] = :v AND size(c)")
    ['a', '.', '#b', '[', '0', ']', '=', ':v', 'AND', 'size', '(', 'c', ')']
    """
    return _TOKEN.findall(expression)


def attribute_names(expression: str, placeholders: Mapping[str, Any]) -> Iterator[str]:
    """Return the top-level attributes that an expression names, with placeholders resolved.

    >>> sorted(set(attribute_names("SET a.b = if_not_exists(#c, :v), d = d + :w", {"#c": "see"})))
    ['a', 'd', 'see']
    """
    all_tokens = tokens(expression)
    for position, token in enumerate(all_tokens):
        before = all_tokens[position - 1] if position else ""
        after = all_tokens[position + 1] if position + 1 < len(all_tokens) else ""
        named = token[0] == "#" or token[0].isalpha() or token[0] == "_"
        if named and before != "." and after != "(" and token.upper() not in _KEYWORDS:
            yield str(placeholders.get(token, token))


def partition_value(
    expression: str, partition_key: str, names: Mapping[str, Any], values: Mapping[str, Any]
) -> Any:
    """Return the value that a KeyConditionExpression demands of the partition key; None if there is none.

    >>> partition_value("#p = :p AND begins_with(sk, :s)", "pk", {"#p": "pk"}, {":p": {"S": "x"}})
    {'S': 'x'}
    """
    all_tokens = tokens(expression)
    for position in range(1, len(all_tokens) - 1):
        if all_tokens[position] != "=":
            continue
        for name, value in (
            (all_tokens[position - 1], all_tokens[position + 1]),
            (all_tokens[position + 1], all_tokens[position - 1]),
        ):
            if str(names.get(name, name)) == partition_key and value in values:
                return values[value]
    return None
