"""The expressions of a search, analysed for one table: which beacons they compare, and how they are sent.

Nothing here depends on the values of a request, so an analysis is made once per combination of expressions
and ExpressionAttributeNames, and cached.

One rule decides about every place in an expression where an attribute stands, below AND, OR and NOT:

1. An attribute in the clear is sent as it is.
2. A beacon that can answer the comparison is sent by its stored name, and the values as beacon values.
3. An encrypted attribute whose existence alone is tested is sent as it is: its ciphertext exists too.
4. Everything else is refused, and the error names a beacon that can answer, if there is one.

For a table without beacons, and for conditions of writes, 2 does not exist: the rule is the same without it
(`dynaseal.boto.interception.expression_rules`).

What a beacon can answer:

- A standard beacon supports `=` and IN with values, and `contains` if it is over a set. A hash has no order,
  no beginning, no parts, no size and no type. Two beacons that are shared, and so have equal hashes of equal
  values, can be compared with each other by `=`.
- A compound beacon supports equality of whole strings, and beginnings and order as far as they are in the
  clear, which depends on the value.
- An item without a value has no beacon, so `attribute_exists` of a beacon's name is sent by its stored name.

A false match of a beacon is removed from the reply. What DynamoDB leaves out cannot be added again. So a
comparison that leaves out false matches (`NOT name = :v`, `where <> :v`) is not sent: an attribute that no
item has takes the beacon's place, DynamoDB then leaves nothing out for that comparison, and the decrypted
items decide.

What names mean, and how they are sent:

- The key field of a table of tenants may be dropped when an item is written. A filter that names the tenant
  by it is sent so that this comparison is true for every item; the items' data keys say whose they are.
- A name means the beacon of that name; so does its stored name, `aws_dbe_b_NAME`. A part-only beacon is not
  stored by itself, and refused.
- Names are replaced in the expression; for a placeholder, its entry in ExpressionAttributeNames is replaced,
  unless the placeholder also stands where the beacon is not meant: then it is replaced in the expression.

Source: specification `ddb-support.md`, "QueryInputForBeacons"; where that is silent, what AWS's releases
refuse. Where they send what DynamoDB would answer otherwise than on plaintext, it is refused or sent so that
the answer is right.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from dynaseal.beacons.compiled.hashes import BEACON_PREFIX
from dynaseal.beacons.compiled.locations import Location
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.requests.comparisons import (
    BEGINS_WITH,
    CONTAINS,
    FILTER,
    IN,
    KEY_CONDITION,
    PROJECTION,
    Comparison,
    Place,
    SearchExpression,
    Use,
    parse_search_expression,
    replace_spans,
)
from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions import ConditionExpression
from dynaseal.expressions.evaluate import resolve_strictly
from dynaseal.expressions.tokens import Kind, Token, tokenize
from dynaseal.expressions.tree import Span

NO_ATTRIBUTE = BEACON_PREFIX
"""The name of an attribute that no item has: every beacon has a name."""

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
        used_values: The names of the values that the expressions use.
        uses_encrypted_attributes: Whether an expression names an encrypted attribute.
        has_false_matches: Whether DynamoDB may find items that do not match.
    """

    key_condition: AnalysedExpression | None
    filter: AnalysedExpression | None
    names: Mapping[str, str]
    sent_names: Mapping[str, str]
    used_values: frozenset[str]
    uses_encrypted_attributes: bool
    has_false_matches: bool

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
    compiled: CompiledSearch,
    key_condition: str | None,
    filter_: str | None,
    projection: str | None,
    name_items: NameItems,
) -> AnalysedSearch:
    """Analyse the expressions of a Query or Scan.

    Raises:
        UnsupportedOperationError: an expression needs something that no beacon supports.
    """
    rule = _Rule(compiled, dict(name_items))
    names = _SentNames(rule.names)
    parsed = [
        parse_search_expression(expression, parameter) if expression else None
        for expression, parameter in ((key_condition, KEY_CONDITION), (filter_, FILTER))
    ]
    for each in filter(None, parsed):
        names.add_expression(each, rule.stored_names(each))
    if projection:
        names.add_other(tokenize(projection, PROJECTION))
    analysed = [each and _analysed(each, rule, names) for each in parsed]
    found = [each for each in analysed if each is not None]
    return AnalysedSearch(
        key_condition=analysed[0],
        filter=analysed[1],
        names=rule.names,
        sent_names=names.names_to_send(),
        used_values=frozenset(value.name for each in found for value in each.parsed.condition.values),
        uses_encrypted_attributes=rule.uses_encrypted_attributes,
        has_false_matches=rule.has_false_matches,
    )


def _analysed(parsed: SearchExpression, rule: "_Rule", names: "_SentNames") -> AnalysedExpression:
    pairs = [(rule.compiled.beacon_at(each.path, rule.names), each) for each in parsed.comparisons]
    compared = tuple((beacon, comparison) for beacon, comparison in pairs if beacon is not None)
    spans = {value.span for _, comparison in compared for value in comparison.values}
    replacements = names.replacements(parsed)
    return AnalysedExpression(
        parsed=parsed,
        replacements=replacements,
        with_stored_names=replace_spans(parsed.condition.text, replacements),
        beacon_comparisons=compared,
        other_values=tuple(value.name for value in parsed.condition.values if value.span not in spans),
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
    for path in [place.path for expression in parsed for place in expression.places]:
        beacon = compiled.beacon_at(path, names)
        name = path.root(names)
        if beacon is not None and not (
            isinstance(beacon, CompiledStandardBeacon) and beacon.is_over_attribute(name)
        ):
            beacons[name] = beacon
    return ReplyConditions(tuple(each.condition for each in parsed), tuple(beacons.items()))


class _Rule:
    """The rule, applied to the places of one request's expressions.

    Attributes:
        compiled: The table's beacons.
        names: The request's ExpressionAttributeNames.
        uses_encrypted_attributes: Whether a place so far has an encrypted attribute.
        has_false_matches: Whether DynamoDB may find items that do not match.
    """

    def __init__(self, compiled: CompiledSearch, names: Mapping[str, str]) -> None:
        self.compiled = compiled
        self.names = names
        self.uses_encrypted_attributes = False
        self.has_false_matches = False

    def stored_names(self, parsed: SearchExpression) -> dict[Span, str]:
        """Check every place of an expression; return the attributes to send where beacons are named.

        Raises:
            UnsupportedOperationError: an attribute is encrypted, and no beacon can answer.
        """
        found = [(place.path.span, self._stored_name(place, parsed)) for place in parsed.places]
        return {span: name for span, name in found if name is not None}

    def _stored_name(self, place: Place, parsed: SearchExpression) -> str | None:
        """Return the attribute to send for a beacon's name; None if the path is sent as it is."""
        steps = resolve_strictly(place.path, self.names)
        root, is_whole = str(steps[0]), len(steps) == 1
        if is_whole and self.compiled.is_encrypted(root):
            self.uses_encrypted_attributes = True
        if self.compiled.drops_key_field and root == self.compiled.key_field and parsed.parameter == FILTER:
            return self._replaced_key_field(place, parsed)
        name = root.removeprefix(BEACON_PREFIX)
        beacon = self.compiled.beacon(root) or self.compiled.beacon(name)
        if beacon is not None and beacon.attribute == beacon.name:
            return None  # a signed beacon, which is an attribute in the clear
        is_encrypted = self.compiled.is_encrypted(name)
        if beacon is None and not (is_encrypted or root in self.compiled.virtual_fields):
            return None
        if not is_whole:
            self._refuse_below(steps, parsed)
        if beacon is None:
            if is_encrypted and place.use is Use.EXISTENCE:
                return None
            self._refuse_without_beacon(name, place, parsed)
        if place.use is Use.EXISTENCE:
            return self._stored_name_for_existence(root, beacon, parsed)
        self._check_use(beacon, place, parsed)
        self.has_false_matches = True
        # DynamoDB must not leave out an item because of a false match: see the module's docstring.
        leaves_out_false_matches = place.is_negated is not (place.operator == "<>")
        is_right_side = place.equal_path is not None and place.equal_path.span < place.path.span
        return NO_ATTRIBUTE if leaves_out_false_matches and not is_right_side else beacon.attribute

    def _replaced_key_field(self, place: Place, parsed: SearchExpression) -> str:
        """Return what makes a comparison with a key field that is not stored true for every item."""
        comparison = place.comparison
        if comparison is None or comparison.operator != "=" or not comparison.is_required:
            refuse(
                parsed.parameter,
                f"uses {self.compiled.key_field!r} other than in a comparison by = that is joined by AND",
                "that key field is not stored, so DynamoDB would find nothing by it",
                f"Write {self.compiled.key_field} = :tenant AND (...), or store the key field by the action "
                "SIGN_ONLY",
            )
        self.has_false_matches = True
        if place.path.span < comparison.values[0].span:
            return f"NOT {NO_ATTRIBUTE}"
        return f"{NO_ATTRIBUTE} OR attribute_not_exists({NO_ATTRIBUTE})"

    def _stored_name_for_existence(self, root: str, beacon: Beacon, parsed: SearchExpression) -> str | None:
        if root.startswith(BEACON_PREFIX):
            return None
        if isinstance(beacon, CompiledStandardBeacon):
            if beacon.is_over_attribute(root):
                return None
            if beacon.is_part_only:
                self._refuse_part_only(beacon, parsed)
        return beacon.attribute

    def _check_use(self, beacon: Beacon, place: Place, parsed: SearchExpression) -> None:
        """Refuse what a beacon cannot answer, as far as that does not depend on the values."""
        if isinstance(beacon, CompiledStandardBeacon) and beacon.is_part_only:
            self._refuse_part_only(beacon, parsed)
        if place.use is Use.SIZE_OR_TYPE:
            refuse(
                parsed.parameter,
                f"uses the size or type of {beacon.name!r}",
                "a beacon has neither",
                "Filter the items that you have read",
            )
        if place.use is Use.OTHER and not self._has_equal_hashes(beacon, place):
            refuse(
                parsed.parameter,
                f"compares the beacon {beacon.name!r} by {place.operator} with something that is not a value",
                "DynamoDB has hashes in its place, which cannot be compared with attributes",
                "Compare it with values; for two encrypted attributes, use beacons of which one is "
                "Shared(the other), and =",
            )
        if place.use is Use.COMPARED:
            self._check_operator(beacon, place, parsed)

    def _check_operator(self, beacon: Beacon, place: Place, parsed: SearchExpression) -> None:
        operator = place.operator
        if isinstance(beacon, CompiledStandardBeacon):
            if not (operator in ("=", IN) or (operator == CONTAINS and beacon.as_set)):
                _refuse_operator(beacon, operator, parsed)
        elif operator == CONTAINS:
            refuse(
                parsed.parameter,
                f"uses contains on the compound beacon {beacon.name!r}",
                "what its encrypted parts contain is not known to DynamoDB",
                "Compare whole strings or their beginnings; for the members of a set, add a StandardBeacon "
                "with the style AsSet()",
            )

    def _has_equal_hashes(self, beacon: Beacon, place: Place) -> bool:
        """Return whether a place compares a beacon with another one that has equal hashes of equal values."""
        other = place.equal_path and self.compiled.beacon_at(place.equal_path, self.names)
        return (
            isinstance(beacon, CompiledStandardBeacon)
            and isinstance(other, CompiledStandardBeacon)
            and beacon.key_name == other.key_name
            and (beacon.length, beacon.partitions, beacon.as_set)
            == (other.length, other.partitions, other.as_set)
        )

    def _refuse_part_only(self, beacon: CompiledStandardBeacon, parsed: SearchExpression) -> NoReturn:
        users = [
            compound.name
            for compound in self.compiled.compound_beacons.values()
            if any(part.name == beacon.name for part in compound.parts)
        ]
        refuse(
            parsed.parameter,
            f"compares the beacon {beacon.name!r}",
            "it is part-only and not stored by itself",
            f"Compare the compound beacon {users[0]!r}",
        )

    def _refuse_without_beacon(self, name: str, place: Place, parsed: SearchExpression) -> NoReturn:
        if name in self.compiled.virtual_fields:
            problem, reason = f"uses {name!r}", "that virtual field is not stored"
        elif place.use is Use.SIZE_OR_TYPE:
            problem = f"uses the size or type of {name!r}"
            reason = "that attribute is encrypted and DynamoDB has only its ciphertext"
        else:
            problem, reason = f"compares {name!r}", "that attribute is encrypted and no beacon has its name"
        refuse(parsed.parameter, problem, reason, self._hint(Location(name)))

    def _refuse_below(self, steps: tuple[str | int, ...], parsed: SearchExpression) -> NoReturn:
        location = Location(str(steps[0]).removeprefix(BEACON_PREFIX), steps[1:])
        refuse(
            parsed.parameter,
            f"uses {str(location)!r}",
            f"the attribute {location.name!r} is encrypted and DynamoDB has only its ciphertext",
            self._hint(location),
        )

    def _hint(self, location: Location) -> str:
        """Return which beacon can answer in place of a location, or how to add one."""
        beacons = [other for other in self.compiled.standard_beacons.values() if other.location == location]
        for beacon in beacons:
            if not beacon.is_part_only:
                return f"Compare its beacon by its name, {beacon.name!r}"
        for compound in self.compiled.compound_beacons.values():
            if any(part.source in beacons for part in compound.parts):
                return f"Compare the compound beacon {compound.name!r}, of which it is a part"
        for beacon in self.compiled.standard_beacons.values():
            if beacon.virtual_field is not None and location in beacon.virtual_field.locations:
                return f"The beacon {beacon.name!r} is over a virtual field that is made from it"
        name, loc = (location.name, "") if not location.steps else ("NAME", f", loc={str(location)!r}")
        return (
            f"Add StandardBeacon({name!r}, length=...{loc}) to the table's search, and write the items again"
        )


class _SentNames:
    """The ExpressionAttributeNames to send, with the stored names of beacons.

    A placeholder that stands for a beacon everywhere gets the stored name. One that also means the attribute,
    as in `#c = :v AND home.#c = :w`, stays, and the beacon gets another placeholder.
    """

    # - `_stored`: for each expression, the attributes to send at some of its places
    # - `_beacons`: for each placeholder, the stored names of the beacons that it stands for
    # - `_existence`: the placeholders of attributes whose existence is tested, and which are sent as they are
    # - `_others`: the placeholders that are sent as they are anywhere else
    # - `_required`: the paths that every matching item must have
    # - `_added`: the new placeholders of beacons, and their stored names

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._stored: dict[str, dict[Span, str]] = {}
        self._beacons: dict[str, set[str]] = {}
        self._others: set[str] = set()
        self._existence: set[str] = set()
        self._required: set[str] = set()
        self._added: dict[str, str] = {}

    def add_expression(self, parsed: SearchExpression, stored: Mapping[Span, str]) -> None:
        """Add an expression, and the attributes to send at some of its places."""
        self._stored[parsed.parameter] = dict(stored)
        existence = {
            place.path.span
            for place in parsed.places
            if place.use is Use.EXISTENCE and len(place.path.steps) == 1
        }
        self._required.update(
            str(each.path) for each in parsed.comparisons if each.is_required and each.operator != "<>"
        )
        for name, span in _name_placeholders(tokenize(parsed.condition.text, parsed.parameter)):
            if span in stored:
                self._beacons.setdefault(name, set()).add(stored[span])
            else:
                (self._existence if span in existence else self._others).add(name)

    def add_other(self, tokens: Iterable[Token]) -> None:
        """Add an expression in which no beacon is meant."""
        self._others.update(name for name, _ in _name_placeholders(tokens))

    def replacements(self, parsed: SearchExpression) -> tuple[tuple[Span, str], ...]:
        """Return what is replaced in an expression that was added."""
        found: list[tuple[Span, str]] = []
        for (start, end), stored in self._stored[parsed.parameter].items():
            written = parsed.condition.text[start:end]
            if written not in self._names or NO_ATTRIBUTE in stored.split():
                found.append(((start, end), stored))
            elif not self._is_beacon_everywhere(written):
                found.append(((start, end), self._placeholder(written, stored)))
        return tuple(found)

    def names_to_send(self) -> dict[str, str]:
        """Return the names to send; to be called after `replacements`."""
        names: dict[str, str] = {}
        for placeholder, name in self._names.items():
            if self._is_beacon_everywhere(placeholder):
                (names[placeholder],) = self._beacons[placeholder]
            elif placeholder not in self._beacons or placeholder in self._others | self._existence:
                names[placeholder] = name
        return names | self._added

    def _is_beacon_everywhere(self, placeholder: str) -> bool:
        beacons = self._beacons.get(placeholder, set())
        if len(beacons) != 1 or any(NO_ATTRIBUTE in stored.split() for stored in beacons):
            return False
        # Where the attribute's existence is tested too, every item that matches must have the beacon.
        return placeholder not in self._others and placeholder not in self._existence - self._required

    def _placeholder(self, written: str, stored: str) -> str:
        name = f"{written}_beacon"
        while name in self._names:
            name += "x"
        self._added[name] = stored
        return name


def _name_placeholders(tokens: Iterable[Token]) -> Iterator[tuple[str, Span]]:
    for token in tokens:
        if token.kind is Kind.NAME_PLACEHOLDER:
            yield token.text, (token.start, token.start + len(token.text))


def _refuse_operator(beacon: CompiledStandardBeacon, operator: str, parsed: SearchExpression) -> NoReturn:
    if operator == BEGINS_WITH:
        hint = "A beacon over a VirtualField with GetPrefix finds beginnings of one length"
    elif operator == "<>":
        hint = f"Write NOT {beacon.name} = :v"
    elif operator == CONTAINS:
        hint = (
            "For the members of a set, give the beacon the style AsSet(); for a part of a string, use a "
            "beacon over a VirtualField"
        )
    else:
        hint = "A compound beacon with a signed part can be ordered by that part"
    refuse(
        parsed.parameter,
        f"compares the standard beacon {beacon.name!r} by {operator}",
        "hashes can only be compared for equality",
        hint,
    )


def refuse(parameter: str, problem: str, reason: str, hint: str) -> NoReturn:
    """Refuse a search because of one of its expressions.

    Raises:
        UnsupportedOperationError: always.
    """
    raise UnsupportedOperationError(f"The {parameter} {problem}: {reason}", hint=hint)
