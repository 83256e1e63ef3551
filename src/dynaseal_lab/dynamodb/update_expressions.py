"""What DynamoDB refuses in an update expression: a clause that is used twice, and paths in conflict."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from dynaseal_lab.dynamodb.expressions import tokens

Path = tuple[str | int, ...]
"""A document path with its placeholders resolved: names, and positions in lists."""

_CLAUSES = frozenset({"ADD", "DELETE", "REMOVE", "SET"})


def mistake(expression: str, names: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an update expression, in DynamoDB's words; None if nothing is.

    Args:
        expression: The expression.
        names: The names that its placeholders stand for.

    Example:
        >>> mistake("SET a = :a SET b = :b", {})
        'The "SET" section can only be used once in an update expression;'
        >>> mistake("SET a = :a REMOVE b", {})
    """
    all_tokens = tokens(expression)
    seen: set[str] = set()
    paths: list[Path] = []
    for clause, actions in _clauses(all_tokens):
        if clause in seen:
            return f'The "{clause}" section can only be used once in an update expression;'
        seen.add(clause)
        for action in _actions(actions):
            if not action:
                return f'Syntax error; token: "<EOF>", near: "{all_tokens[-1]}"'
            paths.append(_path(action, names))
    conflicts = (_conflict(first, second) for first, second in combinations(paths, 2))
    return next((conflict for conflict in conflicts if conflict is not None), None)


def _clauses(expression: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each clause's keyword, and the tokens up to the next keyword."""
    clause: str | None = None
    actions: list[str] = []
    for position, token in enumerate(expression):
        # These keywords are reserved words, so a name cannot be one of them; after a dot the engine decides.
        if token.upper() in _CLAUSES and (position == 0 or expression[position - 1] != "."):
            if clause is not None:
                yield clause, actions
            clause, actions = token.upper(), []
        else:
            actions.append(token)
    if clause is not None:
        yield clause, actions


def _actions(clause: Sequence[str]) -> Iterator[list[str]]:
    """Split a clause at its commas, except those between a function's arguments."""
    action: list[str] = []
    depth = 0
    for word in clause:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "," and depth == 0:
            yield action
            action = []
        else:
            action.append(word)
    yield action


def _path(action: Sequence[str], names: Mapping[str, Any]) -> Path:
    """Return the path that an action begins with."""
    path: list[str | int] = [str(names.get(action[0], action[0]))]
    position = 1
    while position + 1 < len(action) and action[position] in {".", "["}:
        if action[position] == ".":
            path.append(str(names.get(action[position + 1], action[position + 1])))
            position += 2
        else:
            end = action.index("]", position) if "]" in action[position:] else len(action)
            digits = "".join(action[position + 1 : end])
            path.append(int(digits) if digits.isdecimal() else digits)
            position = end + 1
    return tuple(path)


def _conflict(first: Path, second: Path) -> str | None:
    """Return the error where one path contains the other, or one value would be both a list and a map."""
    shorter = min(len(first), len(second))
    if first[:shorter] == second[:shorter]:
        how = "overlap"
    else:
        steps = next(pair for pair in zip(first, second, strict=False) if pair[0] != pair[1])
        if isinstance(steps[0], int) == isinstance(steps[1], int):
            return None
        how = "conflict"
    return (
        f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
        f"path one: {_described(first)}, path two: {_described(second)}"
    )


def _described(path: Path) -> str:
    return f"[{', '.join(f'[{step}]' if isinstance(step, int) else step for step in path)}]"
