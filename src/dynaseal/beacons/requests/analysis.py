"""The expressions of a search, analysed for one table: which beacons they compare, and how they are sent.

Nothing here depends on the values of a request, so an analysis is made once per combination of expressions
and ExpressionAttributeNames, and cached.

- A standard beacon supports `=`, IN and `contains`. A hash has no order, no beginning and no parts.
- A compound beacon supports equality of whole strings, and beginnings and order as far as they are in the
  clear, which depends on the value.
- Neither has a size or a type.
- A name means the beacon of that name; so does its stored name, `aws_dbe_b_NAME`. A part-only beacon is
  refused when it is written by its name; written as a placeholder, it is sent, as AWS's libraries do.
- Names are replaced in the expression; for a placeholder, its entry in ExpressionAttributeNames is replaced.

Source: specification `ddb-support.md`, "QueryInputForBeacons"; where that is silent, what AWS's releases
refuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from dynaseal.beacons.compiled.hashes import BEACON_PREFIX
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.requests.comparisons import (
    BEGINS_WITH,
    CONTAINS,
    FILTER,
    IN,
    KEY_CONDITION,
    Comparison,
    SearchExpression,
    Span,
    Use,
    parse_search_expression,
    replace_spans,
)
from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions import ConditionExpression
from dynaseal.expressions.evaluate import resolve_strictly
from dynaseal.expressions.tree import Path

_STANDARD_OPERATORS = frozenset({"=", IN, CONTAINS})

NameItems = tuple[tuple[str, str], ...]
"""The items of ExpressionAttributeNames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedExpression:
    """An expression, its beacons, and its form with their stored names.

    Attributes:
        parsed: The expression as the caller wrote it.
        replacements: Where it names beacons, and their stored names.
        with_stored_names: The expression with these replacements.
        beacon_comparisons: The comparisons with a beacon.
        other_values: The names of the values that are used elsewhere in it, and sent unchanged.
    """

    parsed: SearchExpression
    replacements: tuple[tuple[Span, str], ...]
    with_stored_names: str
    beacon_comparisons: tuple[tuple[Beacon, Comparison], ...]
    other_values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedSearch:
    """The expressions of a Query or Scan.

    Attributes:
        key_condition: The KeyConditionExpression, if there is one.
        filter: The FilterExpression, if there is one.
        names: The request's ExpressionAttributeNames.
        sent_names: These with the stored names of beacons.
        uses_encrypted_attributes: Whether an expression names an encrypted attribute.
    """

    key_condition: AnalysedExpression | None
    filter: AnalysedExpression | None
    names: Mapping[str, str]
    sent_names: Mapping[str, str]
    uses_encrypted_attributes: bool

    @property
    def expressions(self) -> tuple[AnalysedExpression, ...]:
        """The expressions that there are, the key condition first."""
        return tuple(each for each in (self.key_condition, self.filter) if each is not None)


@dataclass(frozen=True, slots=True)
class ReplyConditions:
    """The conditions that the decrypted items of a reply must fulfil.

    Attributes:
        conditions: The caller's key condition and filter, if there are any.
        beacons: The beacons whose values they use, by the names that they use. A beacon that is named like
            the attribute it is over is left out: the item has its value under that name already.
    """

    conditions: tuple[ConditionExpression, ...]
    beacons: tuple[tuple[str, Beacon], ...]


def analyse_search(
    compiled: CompiledSearch, key_condition: str | None, filter_: str | None, name_items: NameItems
) -> AnalysedSearch:
    """Analyse the expressions of a Query or Scan.

    Raises:
        UnsupportedOperationError: an expression needs something that no beacon supports.
    """
    analyser = _Analyser(compiled, dict(name_items))
    return AnalysedSearch(
        key_condition=analyser.analyse(key_condition, KEY_CONDITION),
        filter=analyser.analyse(filter_, FILTER),
        names=analyser.names,
        sent_names=analyser.sent_names,
        uses_encrypted_attributes=analyser.uses_encrypted_attributes,
    )


def reply_conditions(
    compiled: CompiledSearch, key_condition: str | None, filter_: str | None, name_items: NameItems
) -> ReplyConditions:
    """Return the conditions for the reply to a Query or Scan with these expressions."""
    names = dict(name_items)
    parsed = [
        parse_search_expression(expression, parameter)
        for expression, parameter in ((key_condition, KEY_CONDITION), (filter_, FILTER))
        if expression
    ]
    beacons: dict[str, Beacon] = {}
    for path, _ in [use for expression in parsed for use in expression.uses]:
        beacon = compiled.beacon_at(path, names)
        name = path.root(names)
        if beacon is not None and not (
            isinstance(beacon, CompiledStandardBeacon) and beacon.is_over_attribute(name)
        ):
            beacons[name] = beacon
    return ReplyConditions(tuple(each.condition for each in parsed), tuple(beacons.items()))


class _Analyser:
    """Analyses the expressions of one request; collects what they have in common."""

    def __init__(self, compiled: CompiledSearch, names: Mapping[str, str]) -> None:
        self._compiled = compiled
        self.names = names
        self.sent_names = dict(names)
        self.uses_encrypted_attributes = False

    def analyse(self, expression: str | None, parameter: str) -> AnalysedExpression | None:
        if not expression:
            return None
        parsed = parse_search_expression(expression, parameter)
        for path, use in parsed.uses:
            self._check_use(path, use, parsed)
        pairs = [(self._beacon_for(comparison, parsed), comparison) for comparison in parsed.comparisons]
        compared = tuple((beacon, comparison) for beacon, comparison in pairs if beacon is not None)
        spans = {value.span for _, comparison in compared for value in comparison.values}
        replacements = self._replacements(parsed)
        return AnalysedExpression(
            parsed=parsed,
            replacements=replacements,
            with_stored_names=replace_spans(expression, replacements),
            beacon_comparisons=compared,
            other_values=tuple(value.name for value in parsed.condition.values if value.span not in spans),
        )

    def _check_use(self, path: Path, use: Use, parsed: SearchExpression) -> None:
        resolve_strictly(path, self.names)
        if len(path.steps) == 1 and self._compiled.is_encrypted(path.root(self.names)):
            self.uses_encrypted_attributes = True
        beacon = self._compiled.beacon_at(path, self.names)
        if beacon is not None and use is Use.SIZE_OR_TYPE:
            refuse(
                parsed.parameter,
                f"uses the size or type of {beacon.name!r}",
                "a beacon has neither",
                "Filter the items that you have read",
            )

    def _replacements(self, parsed: SearchExpression) -> tuple[tuple[Span, str], ...]:
        """Return where beacons are named and their stored names; placeholders' go into `sent_names`."""
        replacements: list[tuple[Span, str]] = []
        for path, use in parsed.uses:
            beacon = self._compiled.beacon(path.root(self.names)) if len(path.steps) == 1 else None
            if beacon is None or use is not Use.VALUE:
                continue
            written = str(path)
            if written in self.names:
                self.sent_names[written] = beacon.attribute
            else:
                replacements.append((path.span, beacon.attribute))
        return tuple(replacements)

    def _beacon_for(self, comparison: Comparison, parsed: SearchExpression) -> Beacon | None:
        """Return the beacon that is compared, or None for an attribute in the clear."""
        path = comparison.path
        beacon = self._compiled.beacon_at(path, self.names)
        if isinstance(beacon, CompiledStandardBeacon):
            if beacon.is_part_only and not str(path.steps[0]).startswith("#"):
                self._refuse_part_only(beacon, parsed)
            if comparison.operator not in _STANDARD_OPERATORS:
                _refuse_operator(beacon, comparison.operator, parsed)
        elif beacon is None and len(path.steps) == 1:
            name = path.root(self.names).removeprefix(BEACON_PREFIX)
            if self._compiled.is_encrypted(name):
                self._refuse_without_beacon(name, parsed)
        return beacon

    def _refuse_part_only(self, beacon: CompiledStandardBeacon, parsed: SearchExpression) -> NoReturn:
        users = [
            compound.name
            for compound in self._compiled.compound_beacons.values()
            if any(part.name == beacon.name for part in compound.parts)
        ]
        refuse(
            parsed.parameter,
            f"compares the beacon {beacon.name!r}",
            "it is part-only and not stored by itself",
            f"Compare the compound beacon {users[0]!r}",
        )

    def _refuse_without_beacon(self, name: str, parsed: SearchExpression) -> NoReturn:
        standard = self._compiled.standard_beacons.values()
        over = [beacon.name for beacon in standard if beacon.location.name == name]
        if over:
            hint = f"Compare its beacon by its name, {over[0]!r}"
        else:
            hint = (
                f"Add StandardBeacon({name!r}, length=...) to the table's search, and write the items again"
            )
        refuse(
            parsed.parameter,
            f"compares {name!r}",
            "that attribute is encrypted and no beacon has its name",
            hint,
        )


def _refuse_operator(beacon: CompiledStandardBeacon, operator: str, parsed: SearchExpression) -> NoReturn:
    if operator == BEGINS_WITH:
        hint = "A beacon over a VirtualField with GetPrefix finds beginnings of one length"
    elif operator == "<>":
        hint = (
            "Write NOT and =, which leaves out what shares the hash, or filter the items that you have read"
        )
    else:
        hint = "A compound beacon with a signed part can be ordered by that part"
    refuse(
        parsed.parameter,
        f"compares the standard beacon {beacon.name!r} by {operator}",
        "a hash can only be equal",
        hint,
    )


def refuse(parameter: str, problem: str, reason: str, hint: str) -> NoReturn:
    """Refuse a search because of one of its expressions.

    Raises:
        UnsupportedOperationError: always.
    """
    raise UnsupportedOperationError(f"The {parameter} {problem}: {reason}", hint=hint)
