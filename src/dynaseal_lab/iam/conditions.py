"""The Condition element: a table of operators, and what missing and multiple values mean.

Rules:
- All conditions must hold. The values that a policy gives for one key are alternatives; with a negated
  operator none of them may match.
- If the request does not have the key, the condition does not hold, unless its operator is negated, is
  `...IfExists`, or comes after ForAllValues.
- ForAllValues holds if every value in the request matches (also if there is none), ForAnyValue if one does.
- A key with several values needs a set prefix (AWS: "Multivalued context keys require a condition set
  operator"). Without one, a condition on several values never holds in a statement that allows; in one that
  denies it holds if any value matches.
- An unknown operator, or a value that its operator cannot compare, is refused when the policy is parsed.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import base64
import binascii
import ipaddress
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Literal

from dynaseal_lab.iam import dates
from dynaseal_lab.iam.match import Template, arn_matches, glob, template
from dynaseal_lab.model import ConditionKeys

Compare = Callable[[Template, str, ConditionKeys], bool]
"""Returns whether a value in the request (second) matches a value in the policy (first)."""

_QUANTIFIERS = {"forallvalues": "all", "foranyvalue": "any"}


@dataclass(frozen=True, slots=True)
class Operator:
    """One condition operator: the comparison, and whether its result is negated.

    `check` raises ValueError for a string that is not a value of the operator's type. Operators on strings
    and ARNs have none; only their values may contain policy variables.
    """

    name: str
    compare: Compare
    negated: bool = False
    check: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition key under one operator, with the values that the policy gives."""

    operator: Operator
    key: str
    values: tuple[Template, ...]
    written: str
    """As it is in the policy, for explanations: `StringLike aws:username "a*"`."""
    quantifier: Literal["all", "any"] | None = None
    if_exists: bool = False

    def holds(self, condition_keys: ConditionKeys, *, denying: bool = False) -> bool:
        """Return whether the condition holds for a request.

        Args:
            condition_keys: The request's condition keys.
            denying: Whether the condition is in a statement that denies.
        """
        values = condition_keys.get(self.key)
        if self.operator is NULL:
            return any(_is_true(must_be_missing) != bool(values) for must_be_missing in self.values)
        if not values:
            return self._holds_without_the_key()
        matches = (self._matches(value, condition_keys) != self.operator.negated for value in values)
        if self.quantifier == "all":
            return all(matches)
        return any(matches) if self.quantifier == "any" or denying or len(values) < 2 else False

    def _holds_without_the_key(self) -> bool:
        if self.if_exists or self.quantifier == "all":
            return True
        return self.operator.negated and self.quantifier is None

    def _matches(self, value: str, condition_keys: ConditionKeys) -> bool:
        return any(self.operator.compare(wanted, value, condition_keys) for wanted in self.values)


def find_operator(written: str) -> tuple[Operator, Literal["all", "any"] | None, bool]:
    """Take an operator's name in a policy apart.

    Returns:
        The operator, the quantifier of its set prefix, and whether it ends with `IfExists`.

    Raises:
        ValueError: There is no such operator.

    Example:
        >>> like, quantifier, if_exists = find_operator("ForAllValues:StringLikeIfExists")
        >>> like.name, quantifier, if_exists
        ('StringLike', 'all', True)
    """
    prefix, colon, name = written.rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix.lower())
    base = name.lower()
    if_exists = base.endswith("ifexists")
    known = OPERATORS.get(base.removesuffix("ifexists"))
    if known is None or (colon and quantifier is None) or (known is NULL and (quantifier or if_exists)):
        raise ValueError(f"Invalid Condition type : {written}.")
    return known, "all" if quantifier == "all" else "any" if quantifier == "any" else None, if_exists


def make_condition(written: str, key: str, values: Sequence[str], *, variables: bool) -> Condition:
    """Make a condition.

    Args:
        written: The operator as it is in the policy, with any set prefix and `IfExists`.
        key: The condition key.
        values: The values that the policy gives.
        variables: Whether the policy's version has policy variables.

    Raises:
        ValueError: The operator is unknown, or cannot compare one of the values.
    """
    known, quantifier, if_exists = find_operator(written)
    if known.check is not None:
        for value in values:
            known.check(value)
    has_variables = variables and known.check is None
    templates = tuple(template(value, variables=has_variables) for value in values)
    as_written = f"{written} {key} {' or '.join(map(json.dumps, values))}"
    return Condition(
        operator=known,
        key=key.lower(),
        values=templates,
        written=as_written,
        quantifier=quantifier,
        if_exists=if_exists,
    )


def string_of(value: Any) -> str:
    """Return a value in a condition as a string; in JSON it may be a boolean or a number as well.

    Raises:
        ValueError: It is none of the three.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("A condition's value must be a string, a number or a boolean")


def _equals(wanted: Template, value: str, condition_keys: ConditionKeys) -> bool:
    return wanted.filled(condition_keys) == value


def _equals_ignore_case(wanted: Template, value: str, condition_keys: ConditionKeys) -> bool:
    filled = wanted.filled(condition_keys)
    return filled is not None and filled.lower() == value.lower()


def _typed(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Compare:
    """Return a comparison of parsed values; a value in the request that cannot be parsed matches nothing.

    Args:
        parse: Parses a string, or raises ValueError.
        compare: Compares the request's value (first) with the policy's (second).
    """

    def compare_typed(wanted: Template, value: str, condition_keys: ConditionKeys) -> bool:
        try:
            return compare(parse(value), parse(wanted.filled(condition_keys) or ""))
        except ValueError:
            return False

    return compare_typed


def _number(value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"Not a number: {value}") from error
    if not number.is_finite():
        raise ValueError(f"Not a number: {value}")
    return number


def _boolean(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise ValueError(f"Not a boolean: {value}")
    return value.lower() == "true"


def _is_true(value: Template) -> bool:
    return _boolean(value.filled({}) or "")


def _binary(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"Not base64: {value}") from error


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def _network(value: str) -> Network:
    return ipaddress.ip_network(value, strict=False)


def _is_within(network: Network, wanted: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network) and isinstance(wanted, ipaddress.IPv4Network):
        return network.subnet_of(wanted)
    if isinstance(network, ipaddress.IPv6Network) and isinstance(wanted, ipaddress.IPv6Network):
        return network.subnet_of(wanted)
    return False


NULL = Operator("Null", _typed(_boolean, operator.eq), check=_boolean)


def _ordered(kind: str, parse: Callable[[str], Any]) -> tuple[Operator, ...]:
    return (
        Operator(f"{kind}Equals", _typed(parse, operator.eq), check=parse),
        Operator(f"{kind}NotEquals", _typed(parse, operator.eq), negated=True, check=parse),
        Operator(f"{kind}LessThan", _typed(parse, operator.lt), check=parse),
        Operator(f"{kind}LessThanEquals", _typed(parse, operator.le), check=parse),
        Operator(f"{kind}GreaterThan", _typed(parse, operator.gt), check=parse),
        Operator(f"{kind}GreaterThanEquals", _typed(parse, operator.ge), check=parse),
    )


OPERATORS: Mapping[str, Operator] = {
    condition_operator.name.lower(): condition_operator
    for condition_operator in (
        Operator("StringEquals", _equals),
        Operator("StringNotEquals", _equals, negated=True),
        Operator("StringEqualsIgnoreCase", _equals_ignore_case),
        Operator("StringNotEqualsIgnoreCase", _equals_ignore_case, negated=True),
        Operator("StringLike", glob),
        Operator("StringNotLike", glob, negated=True),
        Operator("ArnEquals", arn_matches),
        Operator("ArnLike", arn_matches),
        Operator("ArnNotEquals", arn_matches, negated=True),
        Operator("ArnNotLike", arn_matches, negated=True),
        Operator("Bool", _typed(_boolean, operator.eq), check=_boolean),
        Operator("BinaryEquals", _typed(_binary, operator.eq), check=_binary),
        Operator("IpAddress", _typed(_network, _is_within), check=_network),
        Operator("NotIpAddress", _typed(_network, _is_within), negated=True, check=_network),
        *_ordered("Numeric", _number),
        *_ordered("Date", dates.seconds),
        NULL,
    )
}
"""Every operator by its name in lower case, without set prefix and `IfExists` (see `find_operator`)."""
