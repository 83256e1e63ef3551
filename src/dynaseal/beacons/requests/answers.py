"""What a beacon can answer, and what stands for a query's values when it does; everything else is refused.

- A standard beacon answers `=`, IN and `contains`. A hash has no order, no beginning and no parts.
- A compound beacon answers equality of whole texts, and beginnings and order as far as they are in the clear.
- Neither has a size or a type.
- A name means the beacon of that name; so does its stored name, `aws_dbe_b_NAME`. A part-only beacon is
  refused by its name; by a placeholder AWS's libraries send it, and so is it here.

Source: specification `ddb-support.md`, "QueryInputForBeacons"; `beacons.md`, "Querying Compound Beacons"; for
what is silent there, what AWS's releases refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.compound import CompiledCompoundBeacon, UnfitTextError
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX, HmacKeys
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon, NotASetError
from dynaseal.beacons.requests.comparisons import (
    BEGINS_WITH,
    BETWEEN,
    CONTAINS,
    EQUALITIES,
    IN,
    ORDERINGS,
    Comparison,
    Question,
    Use,
)
from dynaseal.core.values.types import MalformedValueError
from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions.tree import Path

_STANDARD_OPERATORS = frozenset({"=", IN, CONTAINS})

KeysNow = Callable[[str], HmacKeys]
"""Gives the keys; called with the name of the beacon that needs them, which a refusal names."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers the questions of one request.

    Attributes:
        compiled: The table's beacons.
        names: The request's ExpressionAttributeNames.
        values: The request's ExpressionAttributeValues.
        keys: Gives the keys of the table's standard beacons.
    """

    compiled: CompiledSearch
    names: Mapping[str, str]
    values: Mapping[str, AttributeValue]
    keys: KeysNow

    def stand_ins(self, question: Question, partition: int) -> dict[str, AttributeValue]:
        """Give what is sent for each value of an expression.

        Raises:
            UnsupportedOperationError: no beacon can answer it, or one value is needed in two forms.
        """
        sent: dict[str, AttributeValue] = {}
        compared: set[tuple[int, int]] = set()
        for comparison in question.comparisons:
            beacon = self._asked(comparison.path, question)
            if beacon is None:
                continue
            for name, value in self._answer(beacon, comparison, question, partition).items():
                add_stand_in(sent, name, value)
            compared.update(value.span for value in comparison.values)
        for value in question.expression.values:
            if value.span not in compared:
                add_stand_in(sent, value.name, self._value(value.name, question))
        return sent

    def check_use(self, path: Path, use: Use, question: Question) -> None:
        """Refuse to ask a beacon for what it does not have.

        Raises:
            UnsupportedOperationError: its size or type is asked for.
        """
        beacon = self.compiled.beacon_at(path, self.names)
        if beacon is not None and use is Use.SIZE_OR_TYPE:
            self._refuse(
                question,
                f"asks for the size or type of {beacon.name!r}",
                "a beacon has neither",
                "Filter what you have read",
            )

    def _asked(self, path: Path, question: Question) -> Beacon | None:
        """Give the beacon that is compared, or None for an attribute in the clear."""
        beacon = self.compiled.beacon_at(path, self.names)
        if isinstance(beacon, CompiledStandardBeacon) and beacon.is_part_only:
            if not str(path.steps[0]).startswith("#"):
                self._refuse_part_only(beacon, question)
        elif beacon is None and len(path.steps) == 1:
            name = path.root(self.names).removeprefix(BEACON_PREFIX)
            if self.compiled.is_encrypted(name):
                self._refuse_without_beacon(name, question)
        return beacon

    def _answer(
        self, beacon: Beacon, comparison: Comparison, question: Question, partition: int
    ) -> dict[str, AttributeValue]:
        if isinstance(beacon, CompiledStandardBeacon):
            return self._standard(beacon, comparison, question, partition)
        return self._compound(beacon, comparison, question, partition)

    def _standard(
        self, beacon: CompiledStandardBeacon, comparison: Comparison, question: Question, partition: int
    ) -> dict[str, AttributeValue]:
        if comparison.operator not in _STANDARD_OPERATORS:
            self._refuse_operator(beacon, comparison.operator, question)
        answered: dict[str, AttributeValue] = {}
        for name in [value.name for value in comparison.values]:
            value = self._value(name, question)
            try:
                answered[name] = beacon.of_operand(
                    value,
                    self.keys(beacon.name),
                    partition,
                    within_contains=comparison.operator == CONTAINS,
                )
            except (MalformedValueError, NotASetError) as error:
                self._refuse(
                    question,
                    f"compares the beacon {beacon.name!r} with {name}",
                    f"the beacon has no hash of it: {error}",
                    "Give a value that the attribute could have",
                )
        return answered

    def _compound(
        self, beacon: CompiledCompoundBeacon, comparison: Comparison, question: Question, partition: int
    ) -> dict[str, AttributeValue]:
        texts = {value.name: self._text(beacon, value.name, question) for value in comparison.values}
        self._check_order(beacon, comparison, list(texts.values()), question)
        answered: dict[str, AttributeValue] = {}
        for name, text in texts.items():
            try:
                needs_keys = any(not part.is_signed for part in beacon.parts_of(text))
                written = beacon.of_text(
                    text,
                    self.keys(beacon.name) if needs_keys else {},
                    partition,
                    for_equality=comparison.operator in EQUALITIES,
                )
            except UnfitTextError as error:
                self._refuse_text(beacon, name, error, question)
            answered[name] = {"S": written}
        return answered

    def _check_order(
        self,
        beacon: CompiledCompoundBeacon,
        comparison: Comparison,
        texts: list[str],
        question: Question,
    ) -> None:
        try:
            if comparison.operator == BETWEEN:
                # One end only: the other is an attribute, and the text would leave in the clear.
                is_fit = len(texts) == 2 and beacon.can_span(*texts)
            else:
                is_fit = comparison.operator not in ORDERINGS or all(map(beacon.can_order, texts))
        except UnfitTextError as error:
            self._refuse_text(beacon, comparison.values[0].name, error, question)
        if not is_fit:
            self._refuse(
                question,
                f"asks for the order ({comparison.operator}) of the compound beacon {beacon.name!r}",
                "a value has an encrypted part, whose hash has no order",
                "Compare signed parts, followed at most by the bare prefix of an encrypted one",
            )

    def _value(self, name: str, question: Question) -> AttributeValue:
        value = self.values.get(name)
        if value is None:
            self._refuse(
                question,
                f"uses {name}",
                "ExpressionAttributeValues does not define it",
                "Define every value that the expressions use",
            )
        return value

    def _text(self, beacon: CompiledCompoundBeacon, name: str, question: Question) -> str:
        value = self._value(name, question)
        if "S" not in value:
            self._refuse(
                question,
                f"compares the compound beacon {beacon.name!r} with {name}",
                "the value is not of the type S",
                "Compare a compound beacon with its text; resolve_attributes gives it for an item",
            )
        return value["S"]

    def _refuse_text(
        self, beacon: CompiledCompoundBeacon, name: str, error: UnfitTextError, question: Question
    ) -> NoReturn:
        self._refuse(
            question,
            f"compares the compound beacon {beacon.name!r} with {name}",
            str(error),
            "Write the parts with their prefixes, in the order of a constructor; resolve_attributes shows it "
            "for an item",
        )

    def _refuse_operator(self, beacon: CompiledStandardBeacon, operator: str, question: Question) -> NoReturn:
        if operator == BEGINS_WITH:
            hint = "A beacon over a VirtualField with GetPrefix answers for beginnings of one length"
        elif operator == "<>":
            hint = "Write NOT and =, which leaves out what shares the hash, or filter what you have read"
        else:
            hint = "A compound beacon with a signed part can be ordered by that part"
        self._refuse(
            question,
            f"compares the standard beacon {beacon.name!r} by {operator}",
            "a hash can only be equal",
            hint,
        )

    def _refuse_part_only(self, beacon: CompiledStandardBeacon, question: Question) -> NoReturn:
        users = [
            compound.name
            for compound in self.compiled.compound_beacons.values()
            if any(part.name == beacon.name for part in compound.parts)
        ]
        self._refuse(
            question,
            f"compares the beacon {beacon.name!r}",
            "it is part-only and not stored by itself",
            f"Compare the compound beacon {users[0]!r}",
        )

    def _refuse_without_beacon(self, name: str, question: Question) -> NoReturn:
        over = [
            beacon.name for beacon in self.compiled.standard_beacons.values() if beacon.location.name == name
        ]
        if over:
            hint = f"Compare its beacon by its name, {over[0]!r}"
        else:
            hint = (
                f"Add StandardBeacon({name!r}, length=...) to the table's search, and write the items again"
            )
        self._refuse(
            question, f"compares {name!r}", "that attribute is encrypted and no beacon has its name", hint
        )

    def _refuse(self, question: Question, asked: str, reason: str, hint: str) -> NoReturn:
        raise UnsupportedOperationError(f"The {question.parameter} {asked}: {reason}", hint=hint)


def add_stand_in(sent: dict[str, Any], name: str, value: AttributeValue) -> None:
    """Add what is sent for a value, which must be the same wherever the value is used.

    Raises:
        UnsupportedOperationError: it is already sent in another form.
    """
    if sent.setdefault(name, value) != value:
        raise UnsupportedOperationError(
            f"The value {name} is compared with a beacon and with something else, and would have to be sent "
            "in two forms, which would give away that they belong together",
            hint="Use a value placeholder of its own for each",
        )
