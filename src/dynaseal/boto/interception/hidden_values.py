"""Errors about malformed requests without the values of encrypted attributes.

botocore's and boto3's errors show the value that they do not accept. Here they have the same class, and in
botocore's case the same list of problems and paths, with `<hidden>` in place of a value, unless the value is
known not to be encrypted.

Source: botocore's `validate.py`; boto3's `dynamodb/types.py` (`TypeSerializer`).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator, ValidationErrors

from dynaseal.config import TableConfig
from dynaseal.core.actions import CryptoAction

HIDDEN = "<hidden>"
# Below these members of a request are values of attributes, or whole items, keys and statements.
_VALUES = re.compile(
    r"(?:^|\.)(?:Item|Key|Keys|ExpressionAttributeNames|ExpressionAttributeValues|ExclusiveStartKey|Expected|AttributeUpdates"
    r"|KeyConditions|QueryFilter|ScanFilter|AttributesToGet|RequestItems|TransactItems|Statement|Statements"
    r"|TransactStatements|Parameters)(?![A-Za-z])"
)
# The path of an item or a key, whose members are attributes. No other map's path ends like this, whatever the
# names of attributes in it: a map inside an attribute ends in `.M`.
_ITEM_OR_KEY = re.compile(r"(?:^|\.)(?:Item|Key|Keys\[\d+\])$")
_SCALARS = (str, int, float, type(None))
_UNSUPPORTED = re.compile(r'(Unsupported type ".*?" for value )".*"', re.DOTALL)
_UNFIT_NUMBER = (
    "A number has more than 38 digits, zeros at its end included, or is too large or too small for DynamoDB. "
    "Write a large round number with an exponent, such as Decimal('1E+38')"
)
# What boto3's serializer says of a value without showing it.
_WITHOUT_VALUE = frozenset(
    {"Float types are not supported. Use Decimal types instead.", "Infinity and NaN not supported"}
)


class ValuePolicy:
    """Decides which attributes' values an error about a request may show.

    Args:
        configs: The configurations of all tables of the client.
    """

    def __init__(self, configs: Iterable[TableConfig]) -> None:
        self._configs = tuple(configs)

    def may_show(self, attribute: str) -> bool:
        """Return whether no table encrypts an attribute."""
        return all(_is_public(config, attribute) for config in self._configs)


def _is_public(config: TableConfig, name: str) -> bool:
    action = config.find_action(name)
    if action is None or action is CryptoAction.ENCRYPT_AND_SIGN:
        return False
    return all(key.name != name for key in config.surrogate_keys)


def validation_error(
    request: Mapping[str, Any], model: Any, policy: ValuePolicy
) -> ParamValidationError | None:
    """Return botocore's error about a request that does not fit its operation, or None if it fits."""
    errors = _Validator(policy).validate(request, model.input_shape)
    return ParamValidationError(report=errors.generate_report()) if errors.has_errors() else None


# botocore-stubs leaves out the protected methods that the classes below override or call.
_ParamValidator: Any = ParamValidator
_ValidationErrors: Any = ValidationErrors


class _HiddenKey:
    """A map's key that is not a string: botocore writes it into paths."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def __str__(self) -> str:
        return HIDDEN


class _Validator(_ParamValidator):
    """Tells the errors in which attribute they are found.

    A path does not say: `Item.city.S` may be inside the attribute `city`, or be the attribute `city.S`.
    """

    def __init__(self, policy: ValuePolicy) -> None:
        self._policy = policy

    def validate(self, params: Any, shape: Any) -> "_Errors":
        errors = _Errors()
        self._validate(params, shape, errors, name="")
        return errors

    def _validate_map(self, params: Any, shape: Any, errors: Any, name: Any) -> None:
        base: Any = super()
        if not isinstance(params, dict):
            base._validate_map(params, shape, errors, name)  # noqa: SLF001 the base class's method
            return
        holds_attributes = _ITEM_OR_KEY.search(name) is not None
        for key, value in cast("dict[Any, Any]", params).items():
            if holds_attributes:
                errors.in_public_attribute = isinstance(key, str) and self._policy.may_show(key)
            member = {key if isinstance(key, str) else _HiddenKey(key): value}
            base._validate_map(member, shape, errors, name)  # noqa: SLF001 the base class's method
        if holds_attributes:
            errors.in_public_attribute = False


class _Errors(_ValidationErrors):
    """The problems of a request.

    Attributes:
        in_public_attribute: Whether the next problem is inside an attribute that no table encrypts.
    """

    def __init__(self) -> None:
        base: Any = super()
        base.__init__()
        self.in_public_attribute = False

    def report(self, name: Any, reason: Any, **details: Any) -> None:
        base: Any = super()
        base.report(name, reason, is_public=self.in_public_attribute, **details)

    def _format_error(self, error: Any) -> str:
        base: Any = super()
        kind, name, details = error
        is_shown = details["is_public"] or not _VALUES.search(name)
        if "unknown_param" in details and not _may_name(name, details["unknown_param"]):
            details = {**details, "unknown_param": HIDDEN}
        if "param" in details:
            value = details["param"]
            if not (is_shown and isinstance(value, _SCALARS)):
                hidden: Any = value.key if isinstance(value, _HiddenKey) else value
                shown = (kind, name, {**details, "param": HIDDEN})
                message: str = base._format_error(shown)  # noqa: SLF001 the base class's method
                return message.replace(f"type: {str}", f"type: {type(hidden)}", 1)
        return base._format_error((kind, name, details))  # noqa: SLF001 the base class's method


def _may_name(path: str, unknown: object) -> bool:
    """Return whether an unknown member may be named: below an attribute, a name is part of its value."""
    return isinstance(unknown, str) and not _VALUES.search(path)


def conversion_error(error: Exception) -> Exception:
    """Return an error of boto3's conversion of Python values without the value that it shows."""
    if isinstance(error, ArithmeticError):  # decimal's, which only has a list of classes
        return type(error)(_UNFIT_NUMBER)
    message = str(error)
    if message not in _WITHOUT_VALUE:
        shown, found = _UNSUPPORTED.subn(rf'\1"{HIDDEN}"', message)
        message = shown if found else f"A value cannot be converted to one of DynamoDB: {HIDDEN}"
    return type(error)(message) if isinstance(error, TypeError) else TypeError(message)
