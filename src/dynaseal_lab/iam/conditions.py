"""The Condition element: a table from operator to comparison, and what absent and multiple values mean.

Rules:
- All conditions of a block must hold; the values of one key are alternatives (for a negated operator: none
  may fit).
- A key that the request lacks fails the operator, unless it is negated, `...IfExists`, or under ForAllValues.
- ForAllValues holds when every value of the request fits (also when there is none), ForAnyValue when one
  does.
- A key with several values needs a set prefix (AWS: "Multivalued context keys require a condition set
  operator"). Without one, a statement that allows never holds over several values, and one that denies holds
  when any of them fits.
- An operator or a value that is not known here is refused as the policy is parsed, never ignored.

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
from dynaseal_lab.iam.match import Context, Template, arn_matches, glob, template

Compare = Callable[[Template, str, Context], bool]
"""Does the request's value (second) fit the policy's (first)?"""

_QUANTIFIERS = {"forallvalues": "all", "foranyvalue": "any"}


@dataclass(frozen=True, slots=True)
class Operator:
    """One condition operator: the comparison, and whether the outcome is turned.

    `check` raises ValueError for a text that is no value of the operator's type; operators on texts have
    none, and they alone know policy variables.
    """

    name: str
    compare: Compare
    negated: bool = False
    check: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator, with the values a policy gives."""

    operator: Operator
    key: str
    values: tuple[Template, ...]
    written: str
    """As the policy has it, for explanations: `StringLike aws:username "a*"`."""
    quantifier: Literal["all", "any"] | None = None
    if_exists: bool = False

    def holds(self, context: Context, *, denying: bool = False) -> bool:
        """Whether the request fulfils it.

        Args:
            context: The request's condition keys.
            denying: The statement denies.
        """
        given = context.get(self.key)
        if self.operator is NULL:
            return any(_is_true(value) != bool(given) for value in self.values)
        if not given:
            return self._absent()
        fits = (self._fits(value, context) != self.operator.negated for value in given)
        if self.quantifier == "all":
            return all(fits)
        return any(fits) if self.quantifier == "any" or denying or len(given) < 2 else False

    def _absent(self) -> bool:
        if self.if_exists or self.quantifier == "all":
            return True
        return self.operator.negated and self.quantifier is None

    def _fits(self, value: str, context: Context) -> bool:
        return any(self.operator.compare(wanted, value, context) for wanted in self.values)


def find_operator(written: str) -> tuple[Operator, Literal["all", "any"] | None, bool]:
    """What an operator's name in a policy means: operator, set quantifier, IfExists.

    Raises:
        ValueError: There is no such operator.

    Example:
        >>> found, quantifier, if_exists = find_operator("ForAllValues:StringLikeIfExists")
        >>> found.name, quantifier, if_exists
        ('StringLike', 'all', True)
    """
    prefix, colon, name = written.rpartition(":")
    quantifier = _QUANTIFIERS.get(prefix.lower()) if colon else None
    base = name.lower()
    if_exists = base.endswith("ifexists")
    found = OPERATORS.get(base.removesuffix("ifexists"))
    if found is None or (colon and quantifier is None) or (found is NULL and (quantifier or if_exists)):
        raise ValueError(f"Invalid Condition type : {written}.")
    return found, "all" if quantifier == "all" else "any" if quantifier == "any" else None, if_exists


def make_condition(written: str, key: str, values: Sequence[str], *, variables: bool) -> Condition:
    """One condition, checked.

    Raises:
        ValueError: The operator is unknown, or a value is none that it can compare with.
    """
    found, quantifier, if_exists = find_operator(written)
    if found.check is not None:
        for value in values:
            found.check(value)
    filled = variables and found.check is None
    templates = tuple(template(value, variables=filled) for value in values)
    as_written = f"{written} {key} {' or '.join(map(json.dumps, values))}"
    return Condition(found, key.lower(), templates, as_written, quantifier, if_exists)


def text_of(value: Any) -> str:
    """A condition's value as a text: JSON's booleans and numbers may stand for theirs.

    Raises:
        ValueError: It is neither.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError("A condition's value must be a string, a number or a boolean")


def _equals(wanted: Template, given: str, context: Context) -> bool:
    return wanted.text(context) == given


def _equals_ignore_case(wanted: Template, given: str, context: Context) -> bool:
    text = wanted.text(context)
    return text is not None and text.lower() == given.lower()


def _typed(parse: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> Compare:
    """A comparison of values of a type: `compare(given, wanted)`; what is not of the type fits nothing."""

    def compare_typed(wanted: Template, given: str, context: Context) -> bool:
        try:
            return compare(parse(given), parse(wanted.text(context) or ""))
        except ValueError:
            return False

    return compare_typed


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"Not a number: {text}") from error
    if not number.is_finite():
        raise ValueError(f"Not a number: {text}")
    return number


def _is_true_text(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(f"Not a boolean: {text}")
    return text.lower() == "true"


def _is_true(value: Template) -> bool:
    return _is_true_text(value.text({}) or "")


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"Not base64: {text}") from error


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=4096)
def _network(text: str) -> Network:
    return ipaddress.ip_network(text, strict=False)


def _within(given: Network, wanted: Network) -> bool:
    if isinstance(given, ipaddress.IPv4Network) and isinstance(wanted, ipaddress.IPv4Network):
        return given.subnet_of(wanted)
    if isinstance(given, ipaddress.IPv6Network) and isinstance(wanted, ipaddress.IPv6Network):
        return given.subnet_of(wanted)
    return False


NULL = Operator("Null", _typed(_is_true_text, operator.eq), check=_is_true_text)


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
    one.name.lower(): one
    for one in (
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
        Operator("Bool", _typed(_is_true_text, operator.eq), check=_is_true_text),
        Operator("BinaryEquals", _typed(_binary, operator.eq), check=_binary),
        Operator("IpAddress", _typed(_network, _within), check=_network),
        Operator("NotIpAddress", _typed(_network, _within), negated=True, check=_network),
        *_ordered("Numeric", _number),
        *_ordered("Date", dates.seconds),
        NULL,
    )
}
"""Every operator by its name in lower case; IfExists and the set prefixes are found by `find_operator`."""
