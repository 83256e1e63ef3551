"""What the lab reads in DynamoDB's expressions for condition keys: attribute names, and a query's partition.

The engine evaluates expressions; here they are only scanned. A name that is a keyword cannot be an attribute
written without `#`, so the scan needs no grammar.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TOKEN = re.compile(r"#\w+|[A-Za-z_]\w*|:\w+|<=|>=|<>|\S")
_KEYWORDS = frozenset({"ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET"})


def tokens(expression: str) -> list[str]:
    """The expression's tokens.

    >>> tokens("a.#b[0] = :v AND size(c)")
    ['a', '.', '#b', '[', '0', ']', '=', ':v', 'AND', 'size', '(', 'c', ')']
    """
    return _TOKEN.findall(expression)


def attribute_names(expression: str, placeholders: Mapping[str, Any]) -> Iterator[str]:
    """The top-level attributes that an expression touches, with placeholders resolved.

    >>> sorted(set(attribute_names("SET a.b = if_not_exists(#c, :v), d = d + :w", {"#c": "see"})))
    ['a', 'd', 'see']
    """
    found = tokens(expression)
    for place, token in enumerate(found):
        before = found[place - 1] if place else ""
        after = found[place + 1] if place + 1 < len(found) else ""
        named = token[0] == "#" or token[0].isalpha() or token[0] == "_"
        if named and before != "." and after != "(" and token.upper() not in _KEYWORDS:
            yield str(placeholders.get(token, token))


def partition_value(
    expression: str, partition_key: str, names: Mapping[str, Any], values: Mapping[str, Any]
) -> Any:
    """The value that a KeyConditionExpression demands of the partition key; None where it does not.

    >>> partition_value("#p = :p AND begins_with(sk, :s)", "pk", {"#p": "pk"}, {":p": {"S": "x"}})
    {'S': 'x'}
    """
    found = tokens(expression)
    for place in range(1, len(found) - 1):
        if found[place] != "=":
            continue
        for name, value in ((found[place - 1], found[place + 1]), (found[place + 1], found[place - 1])):
            if str(names.get(name, name)) == partition_key and value in values:
                return values[value]
    return None
