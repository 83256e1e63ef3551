"""Applying an update expression to an item as DynamoDB does; the original item is not changed.

- Every right side is read from the item as it was before the update.
- An element set beyond a list's end is appended. Elements are removed after everything else is done, and the
  later ones move up.
- No two paths of one expression may overlap, and a path's parents must exist.
- A set that loses its last member is removed.

Source: DynamoDB Developer Guide, "Update expressions"; where the guide is silent, what DynamoDB Local does.
"""

from collections.abc import Mapping, Sequence
from decimal import Context
from typing import Any, NoReturn

from dynaseal.attributes import AttributeValue
from dynaseal.expressions.evaluate import resolve_strictly
from dynaseal.expressions.operators import SET_ELEMENTS, comparable, find, number
from dynaseal.expressions.refusals import InvalidExpressionError
from dynaseal.expressions.tree import Path, Value
from dynaseal.expressions.update import (
    Arithmetic,
    IfNotExists,
    ListAppend,
    SetOperand,
    SetSource,
    UpdateExpression,
)
from dynaseal.expressions.value_checks import MAX_NESTING, TOO_DEEP, nesting, number_problem

Steps = tuple[str | int, ...]
# Enough digits for every sum of two of DynamoDB's numbers, so that the check sees the exact result.
_EXACT = Context(prec=512)


def apply_update(
    expression: UpdateExpression,
    item: Mapping[str, AttributeValue],
    names: Mapping[str, str] | None = None,
    values: Mapping[str, AttributeValue] | None = None,
) -> dict[str, Any]:
    """Return the item that results from an update.

    Args:
        expression: The compiled update.
        item: The item before the update, values as botocore's client has them.
        names: The request's ExpressionAttributeNames.
        values: The request's ExpressionAttributeValues.

    Raises:
        InvalidExpressionError: DynamoDB would refuse the update; the message says why.

    Example:
        >>> from dynaseal.expressions.update import parse_update
        >>> update = parse_update("SET n = n + :one REMOVE old")
        >>> apply_update(update, {"n": {"N": "1"}, "old": {"S": "x"}}, None, {":one": {"N": "1"}})
        {'n': {'N': '2'}}
    """
    return _Update(item, names or {}, values or {}).run(expression)


_MISSING = "The provided expression refers to an attribute that does not exist in the item"
_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_INVALID_PATH = "The document path provided in the update expression is invalid for update"


def _refuse(reason: str, dynamodb_message: str) -> NoReturn:
    raise InvalidExpressionError(f"The update cannot be applied: {reason}", dynamodb_message=dynamodb_message)


class _Update:
    """One update in progress: the original item, and a copy of it that is changed."""

    def __init__(
        self,
        item: Mapping[str, AttributeValue],
        names: Mapping[str, str],
        values: Mapping[str, AttributeValue],
    ) -> None:
        self._before = item
        self._names = names
        self._values = values
        self._after: dict[str, Any] = dict(item)
        self._copied: set[Steps] = set()

    def run(self, expression: UpdateExpression) -> dict[str, Any]:
        sets = [(self._steps(path), self._source(source)) for path, source in expression.sets]
        adds = [(self._steps(path), self._value(value)) for path, value in expression.adds]
        deletes = [(self._steps(path), self._value(value)) for path, value in expression.deletes]
        removes = [self._steps(path) for path in expression.removes]
        refuse_overlaps([steps for steps, _ in (*sets, *adds, *deletes)] + removes)
        written = sets
        written += [(steps, _added(find(self._before, steps), value)) for steps, value in adds]
        emptied: list[Steps] = []
        for steps, value in deletes:
            rest = _without(find(self._before, steps), value)
            if rest is None:
                emptied.append(steps)
            else:
                written.append((steps, rest))
        for steps, value in sorted(written, key=_last_index):
            self._write(steps, value)
        for steps in sorted((*removes, *emptied), key=_indexes, reverse=True):
            self._remove(steps)
        if any(1 + nesting(self._after[str(steps[0])]) > MAX_NESTING for steps, _ in written):
            _refuse(f"an attribute has more than {MAX_NESTING - 1} levels", TOO_DEEP)
        return self._after

    def _steps(self, path: Path) -> Steps:
        return resolve_strictly(path, self._names)

    def _value(self, value: Value) -> AttributeValue:
        if value.name not in self._values:
            _refuse(
                f"ExpressionAttributeValues does not define {value.name}",
                "Invalid UpdateExpression: An expression attribute value used in expression is not defined; "
                f"attribute value: {value.name}",
            )
        return self._values[value.name]

    def _source(self, source: SetSource) -> AttributeValue:
        if not isinstance(source, Arithmetic):
            return self._present(source)
        return _sum(self._present(source.left), self._present(source.right), negative=source.sign == "-")

    def _present(self, operand: SetOperand) -> AttributeValue:
        value = self._operand(operand)
        if value is None:
            _refuse("it refers to an attribute that does not exist in the item", _MISSING)
        return value

    def _operand(self, operand: SetOperand) -> AttributeValue | None:
        if isinstance(operand, Value):
            return self._value(operand)
        if isinstance(operand, Path):
            return find(self._before, self._steps(operand))
        if isinstance(operand, IfNotExists):
            found = find(self._before, self._steps(operand.path))
            otherwise = self._present(operand.otherwise)  # DynamoDB evaluates both
            return otherwise if found is None else found
        return self._appended(operand)

    def _appended(self, append: ListAppend) -> AttributeValue:
        first, second = self._present(append.first), self._present(append.second)
        if "L" not in first or "L" not in second:
            _refuse("list_append needs two lists", _WRONG_TYPE)
        return {"L": [*first["L"], *second["L"]]}

    def _parent(self, steps: Steps) -> Any:
        """Return the dict or list that contains a path's last step; it is copied before its first change."""
        holder: Any = self._after
        for depth, step in enumerate(steps[:-1], start=1):
            kind = "L" if isinstance(steps[depth], int) else "M"
            child = _member(holder, step)
            if child is None or kind not in child:
                _refuse(f"the document path of {steps[0]!r} is invalid for update", _INVALID_PATH)
            if steps[:depth] not in self._copied:
                self._copied.add(steps[:depth])
                child = {kind: child[kind].copy()}
                holder[step] = child
            holder = child[kind]
        return holder

    def _write(self, steps: Steps, value: AttributeValue) -> None:
        holder, last = self._parent(steps), steps[-1]
        if isinstance(last, int) and last >= len(holder):
            holder.append(value)
        else:
            holder[last] = value

    def _remove(self, steps: Steps) -> None:
        holder = self._parent(steps)
        # Not what was not there before: an element that this update appended may have its index now.
        if find(self._before, steps) is not None:
            del holder[steps[-1]]


def _member(holder: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return holder[step] if step < len(holder) else None
    return holder.get(step)


def _last_index(entry: Any) -> int:
    """Return the sort key that orders elements by their index; everything else keeps its position."""
    steps = entry[0] if isinstance(entry[0], tuple) else entry
    return steps[-1] if isinstance(steps[-1], int) else -1


def _indexes(steps: Steps) -> list[int]:
    """Return the sort key that puts what a removal would move before that removal, in descending order."""
    return [step if isinstance(step, int) else 0 for step in steps]


def refuse_overlaps(paths: Sequence[Steps]) -> None:
    """Refuse two paths of which one is or leads into the other, and two that need different types.

    Raises:
        InvalidExpressionError: there are two such paths.
    """
    for second, other in enumerate(paths):
        for path in paths[:second]:
            shared = min(len(path), len(other))
            if path[:shared] == other[:shared]:
                _refuse_paths("overlap", path, other)
            common = next(at for at in range(shared) if path[at] != other[at])
            if type(path[common]) is not type(other[common]):
                _refuse_paths("conflict", path, other)


def _refuse_paths(how: str, path: Steps, other: Steps) -> NoReturn:
    one, two = (
        "[" + ", ".join(f"[{step}]" if isinstance(step, int) else step for step in steps) + "]"
        for steps in (path, other)
    )
    _refuse(
        f"two of its document paths {how}, one of them in {other[0]!r}",
        f"Invalid UpdateExpression: Two document paths {how} with each other; must remove or rewrite one of "
        f"these paths; path one: {one}, path two: {two}",
    )


def _sum(left: AttributeValue, right: AttributeValue, *, negative: bool) -> AttributeValue:
    if "N" not in left or "N" not in right:
        _refuse("an operand of + or - is not a number", _WRONG_TYPE)
    one, other = number(left["N"]), number(right["N"])
    total = _EXACT.subtract(one, other) if negative else _EXACT.add(one, other)
    problem = number_problem(total)
    if problem is not None:
        _refuse("a result has more than DynamoDB's 38 digits or is out of its range", problem)
    return {"N": format(total, "f")}


def _added(current: AttributeValue | None, value: AttributeValue) -> AttributeValue:
    (name, members), *_ = value.items()
    if name != "N" and name not in SET_ELEMENTS:
        _refuse("ADD needs a number or a set", _WRONG_TYPE)
    if current is None:
        return value
    if name not in current:
        _refuse("ADD needs a value of the attribute's type", _WRONG_TYPE)
    if name == "N":
        return _sum(current, value, negative=False)
    present = {comparable({SET_ELEMENTS[name]: member}) for member in current[name]}
    new = [member for member in members if comparable({SET_ELEMENTS[name]: member}) not in present]
    return {name: [*current[name], *new]}


def _without(current: AttributeValue | None, value: AttributeValue) -> AttributeValue | None:
    (name, members), *_ = value.items()
    if name not in SET_ELEMENTS:
        _refuse("DELETE needs a set", _WRONG_TYPE)
    if current is None:
        return None
    if name not in current:
        _refuse("DELETE needs a set of the attribute's type", _WRONG_TYPE)
    removed = {comparable({SET_ELEMENTS[name]: member}) for member in members}
    rest = [member for member in current[name] if comparable({SET_ELEMENTS[name]: member}) not in removed]
    return {name: rest} if rest else None
