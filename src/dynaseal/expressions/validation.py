"""DynamoDB's own checks of an update request, before it looks at the item.

- The placeholders and their values, then the update, then the condition, then what neither of them uses.
- Within an expression: its grammar, reserved words, names that are not defined, paths that overlap, values
  that are not defined, and types of values.
- A key attribute in the update is refused only after the condition has been evaluated, so it is not here.

Source: what DynamoDB Local answers. Its messages are repeated word for word, but without values, which may be
those of encrypted attributes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, cast

from dynaseal.attributes import AttributeValue
from dynaseal.expressions.apply import refuse_overlaps
from dynaseal.expressions.operators import order
from dynaseal.expressions.parse import ConditionExpression, parse_condition
from dynaseal.expressions.refusals import (
    DYNAMODB_OPERATORS,
    misplaced_function,
    refuse,
    refuse_request,
    too_many_operators,
    wrong_operand_type,
)
from dynaseal.expressions.reserved_words import RESERVED_WORDS
from dynaseal.expressions.tree import (
    Between,
    Compare,
    Function,
    Leaf,
    Operand,
    Path,
    Size,
    Value,
    leaves,
    operands,
)
from dynaseal.expressions.update import (
    Arithmetic,
    IfNotExists,
    ListAppend,
    SetOperand,
    SetSource,
    UpdateExpression,
    parse_update,
)
from dynaseal.expressions.value_checks import check_values

_UPDATE = "UpdateExpression"
_CONDITION = "ConditionExpression"
_NAME_PLACEHOLDER = re.compile(r"#[A-Za-z0-9_]+").fullmatch
_VALUE_PLACEHOLDER = re.compile(r":[A-Za-z0-9_]+").fullmatch
_LONG_NAMES = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "SS": "STRING_SET",
    "NS": "NUMBER_SET",
    "BS": "BINARY_SET",
    "L": "LIST",
    "M": "MAP",
    "BOOL": "BOOLEAN",
    "NULL": "NULL",
}
_SETS = frozenset({"SS", "NS", "BS"})
_ORDERED = frozenset({"S", "N", "B"})
_WITHOUT_SIZE = frozenset({"N", "BOOL", "NULL"})
# What DynamoDB gives as the type of an operand that is not a value.
_TYPE_OF_A_PATH = (
    "{NS,B,N,INT,FS,DOUBLESET,NULL,L,DICT,SS,INTSET,DECIMALSET,HD,BOOL,DOUBLE,M,DECIMAL,HDS,S,BS,FLOAT}"
)


class UpdateRequest(NamedTuple):
    """The expressions of an update request, checked.

    Attributes:
        update: The compiled update; None if the request has none.
        condition: The compiled condition; None if the request has none.
        names: The request's ExpressionAttributeNames.
        values: The request's ExpressionAttributeValues.
    """

    update: UpdateExpression | None
    condition: ConditionExpression | None
    names: Mapping[str, str]
    values: Mapping[str, AttributeValue]


def check_update_request(request: Mapping[str, Any]) -> UpdateRequest:
    """Check the expressions of an UpdateItem request, or of an update in a transaction, as DynamoDB does.

    Args:
        request: The request, values as botocore's client has them.

    Raises:
        InvalidExpressionError: DynamoDB would refuse the request; the error has its message.

    Example:
        >>> checked = check_update_request({"UpdateExpression": "REMOVE former"})
        >>> checked.update.text, checked.condition
        ('REMOVE former', None)
    """
    update_text, condition_text = request.get(_UPDATE), request.get(_CONDITION)
    names: Mapping[str, str] = request.get("ExpressionAttributeNames") or {}
    caller_values: Mapping[str, AttributeValue] = request.get("ExpressionAttributeValues") or {}
    values = {placeholder: _with_bytes(value) for placeholder, value in caller_values.items()}
    if update_text is None and condition_text is None:
        _refuse_placeholders_without_expressions(names, values)
    _refuse_empty_placeholders(request)
    _check_placeholders(names, values)
    update = condition = None
    if update_text is not None:
        update = parse_update(update_text, _UPDATE)
        _Checks(_UPDATE, names, values).check_update(update)
    if condition_text is not None:
        condition = parse_condition(condition_text, _CONDITION)
        _Checks(_CONDITION, names, values).check_condition(condition)
    _refuse_unused([expression for expression in (update, condition) if expression], names, values)
    return UpdateRequest(update, condition, names, values)


def _refuse_empty_placeholders(request: Mapping[str, Any]) -> None:
    if request.get(_UPDATE) is None:
        return
    for parameter in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if parameter in request and not request[parameter]:
            refuse_request(f"{parameter} must not be empty")


def _with_bytes(value: Any) -> Any:
    """Return a value in which binary that is a string, which botocore sends as UTF-8, is bytes."""
    if not isinstance(value, dict):
        return value
    by_type = cast("dict[str, Any]", value)
    return {kind: _content_with_bytes(kind, content) for kind, content in by_type.items()}


def _content_with_bytes(kind: str, content: Any) -> Any:
    if kind == "B":
        return content.encode() if isinstance(content, str) else content
    if kind == "BS" and isinstance(content, list | tuple):
        return [_content_with_bytes("B", member) for member in cast("Sequence[Any]", content)]
    if kind == "L" and isinstance(content, list | tuple):
        return [_with_bytes(member) for member in cast("Sequence[Any]", content)]
    if kind == "M" and isinstance(content, dict):
        members = cast("dict[str, Any]", content)
        return {name: _with_bytes(member) for name, member in members.items()}
    return content


def _refuse_placeholders_without_expressions(names: Mapping[str, str], values: Mapping[str, Any]) -> None:
    if names:
        refuse_request("ExpressionAttributeNames can only be specified when using expressions")
    if values:
        refuse_request(
            "ExpressionAttributeValues can only be specified when using expressions: "
            "UpdateExpression and ConditionExpression are null"
        )


def _check_placeholders(names: Mapping[str, str], values: Mapping[str, AttributeValue]) -> None:
    for placeholder, name in names.items():
        if not _NAME_PLACEHOLDER(placeholder):
            refuse_request(
                f'ExpressionAttributeNames contains invalid key: Syntax error; key: "{placeholder}"'
            )
        if not name:
            refuse_request(
                f"ExpressionAttributeNames contains invalid value: Empty attribute name for key {placeholder}"
            )
    for placeholder in values:
        if not _VALUE_PLACEHOLDER(placeholder):
            refuse_request(
                f'ExpressionAttributeValues contains invalid key: Syntax error; key: "{placeholder}"'
            )
    check_values(values)


def _refuse_unused(
    expressions: Iterable[UpdateExpression | ConditionExpression],
    names: Mapping[str, str],
    values: Mapping[str, AttributeValue],
) -> None:
    used_names = {step for each in expressions for path in each.paths for step in path.steps}
    used_values = {value.name for each in expressions for value in each.values}
    for parameter, unused in (
        ("ExpressionAttributeNames", names.keys() - used_names),
        ("ExpressionAttributeValues", values.keys() - used_values),
    ):
        if unused:
            keys = ", ".join(sorted(unused))
            refuse_request(f"Value provided in {parameter} unused in expressions: keys: {{{keys}}}")


class _Checks(NamedTuple):
    """The checks of one expression.

    Attributes:
        parameter: The request parameter that it came in.
        names: The request's ExpressionAttributeNames.
        values: The request's ExpressionAttributeValues.
    """

    parameter: str
    names: Mapping[str, str]
    values: Mapping[str, AttributeValue]

    def check_update(self, update: UpdateExpression) -> None:
        self._check_limits_and_names(update)
        for _, source in update.sets:
            self._refuse_list_append_inside(source)
        written = [path for path, _ in (*update.sets, *update.adds, *update.deletes)]
        refuse_overlaps([self._resolved_steps(path) for path in (*written, *update.removes)])
        self._check_defined(update.values)
        for _, source in update.sets:
            self._check_set_source(source)
        for clause, actions, allowed in (
            ("ADD", update.adds, {"N", *_SETS}),
            ("DELETE", update.deletes, _SETS),
        ):
            for _, value in actions:
                kind = self._type_of(value)
                if kind not in allowed:
                    self._refuse(
                        "Incorrect operand type for operator or function; "
                        f"operator: {clause}, operand type: {_LONG_NAMES.get(kind, kind)}, "
                        f"typeSet: ALLOWED_FOR_{clause}_OPERAND"
                    )

    def check_condition(self, condition: ConditionExpression) -> None:
        self._check_limits_and_names(condition)
        self._check_defined(condition.values)
        for leaf in leaves(condition.condition):
            self._check_leaf(leaf)

    def _check_limits_and_names(self, expression: UpdateExpression | ConditionExpression) -> None:
        if expression.has_redundant_brackets:
            self._refuse("The expression has redundant parentheses;")
        if expression.operators > DYNAMODB_OPERATORS:
            self._refuse(too_many_operators())
        steps = [step for path in expression.paths for step in path.steps if isinstance(step, str)]
        for step in steps:
            if step.upper() in RESERVED_WORDS:
                self._refuse(f"Attribute name is a reserved keyword; reserved keyword: {step}")
        for step in steps:
            if step.startswith("#") and step not in self.names:
                self._refuse(
                    "An expression attribute name used in the document path is not defined; "
                    f"attribute name: {step}"
                )

    def _check_defined(self, values: Iterable[Value]) -> None:
        for value in values:
            if value.name not in self.values:
                self._refuse(
                    "An expression attribute value used in expression is not defined; "
                    f"attribute value: {value.name}"
                )

    def _check_set_source(self, source: SetSource) -> None:
        if isinstance(source, Arithmetic):
            for operand in (source.left, source.right):
                self._check_set_operand(operand)
            for operand in (source.left, source.right):
                self._require_type({"N"}, source.sign, self._set_operand_type(operand))
        else:
            self._check_set_operand(source)

    def _refuse_list_append_inside(self, source: SetSource) -> None:
        """Refuse list_append anywhere but as the whole right side."""
        for operand in _operands_inside(source):
            if isinstance(operand, ListAppend):
                self._refuse(misplaced_function("list_append"))
            self._refuse_list_append_inside(operand)

    def _check_set_operand(self, operand: SetOperand) -> None:
        if isinstance(operand, IfNotExists):
            self._check_distinct("if_not_exists", operand.path, [operand.otherwise])
            self._check_set_operand(operand.otherwise)
        elif isinstance(operand, ListAppend):
            for part in (operand.first, operand.second):
                self._check_set_operand(part)
                self._require_type({"L"}, "list_append", self._set_operand_type(part))

    def _set_operand_type(self, operand: SetOperand) -> str | None:
        """Return the type of an operand as far as the request shows it."""
        if isinstance(operand, Value):
            return self._type_of(operand)
        return "L" if isinstance(operand, ListAppend) else None

    def _check_leaf(self, leaf: Leaf) -> None:
        first, *rest = operands(leaf)
        operator = _operator_of(leaf)
        if isinstance(first, Path):
            self._check_distinct(operator, first, rest)
        for operand in (first, *rest):
            if isinstance(operand, Size):
                self._forbid_type(_WITHOUT_SIZE, "size", self._operand_type(operand.operand))
        if isinstance(leaf, Function):
            self._check_function(leaf)
        elif isinstance(leaf, Between) or operator in {"<", "<=", ">", ">="}:
            for operand in (first, *rest):
                self._require_type(_ORDERED, operator, self._operand_type(operand))
        if isinstance(leaf, Between):
            self._check_bounds(leaf)

    def _check_distinct(self, operator: str, first: Path, rest: Iterable[object]) -> None:
        steps = self._resolved_steps(first)
        if any(isinstance(operand, Path) and self._resolved_steps(operand) == steps for operand in rest):
            self._refuse(
                "The first operand must be distinct from the remaining operands for this operator or "
                f"function; operator: {operator}, first operand: {_format_steps(steps)}"
            )

    def _check_function(self, function: Function) -> None:
        if function.name == "begins_with":
            for operand in function.arguments:
                self._require_type({"S", "B"}, "begins_with", self._operand_type(operand))
        if function.name == "attribute_type":
            kind = function.arguments[1]
            if not isinstance(kind, Value):
                self._refuse(wrong_operand_type("attribute_type", _TYPE_OF_A_PATH))
            self._require_type({"S"}, "attribute_type", self._type_of(kind))
            name = self.values[kind.name]["S"]
            if name not in _LONG_NAMES:
                self._refuse(
                    f"Invalid attribute type name found; type: {name}, "
                    "valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}"
                )

    def _check_bounds(self, between: Between) -> None:
        if not (isinstance(between.low, Value) and isinstance(between.high, Value)):
            return
        low, high = self.values[between.low.name], self.values[between.high.name]
        shown = (
            f"lower bound operand: AttributeValue: {_format_type(low)}, "
            f"upper bound operand: AttributeValue: {_format_type(high)}"
        )
        if low.keys() != high.keys():
            self._refuse(f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}")
        if order(low, high) == 1:
            self._refuse(
                "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
                + shown
            )

    def _require_type(self, allowed: Iterable[str], operator: str, kind: str | None) -> None:
        if kind is not None and kind not in allowed:
            self._wrong_type(operator, kind)

    def _forbid_type(self, forbidden: Iterable[str], operator: str, kind: str | None) -> None:
        if kind is not None and kind in forbidden:
            self._wrong_type(operator, kind)

    def _wrong_type(self, operator: str, kind: str) -> NoReturn:
        self._refuse(wrong_operand_type(operator, kind))

    def _operand_type(self, operand: Operand) -> str | None:
        return self._type_of(operand) if isinstance(operand, Value) else None

    def _type_of(self, value: Value) -> str:
        return next(iter(self.values[value.name]), "")

    def _resolved_steps(self, path: Path) -> tuple[str | int, ...]:
        return tuple(self.names.get(step, step) if isinstance(step, str) else step for step in path.steps)

    def _refuse(self, dynamodb_reason: str) -> NoReturn:
        refuse(self.parameter, dynamodb_reason.removesuffix(";"), dynamodb_reason)


def _operands_inside(source: SetSource) -> tuple[SetOperand, ...]:
    if isinstance(source, Arithmetic):
        return source.left, source.right
    if isinstance(source, IfNotExists):
        return (source.otherwise,)
    return (source.first, source.second) if isinstance(source, ListAppend) else ()


def _operator_of(leaf: Leaf) -> str:
    if isinstance(leaf, Compare):
        return leaf.comparator
    if isinstance(leaf, Function):
        return leaf.name
    return "BETWEEN" if isinstance(leaf, Between) else "IN"


def _format_steps(steps: tuple[str | int, ...]) -> str:
    return "[" + ", ".join(f"[{step}]" if isinstance(step, int) else step for step in steps) + "]"


def _format_type(value: AttributeValue) -> str:
    return f"{{{next(iter(value))}:...}}"
