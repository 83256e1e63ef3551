"""Beacons across the two libraries: both write the same bytes, and each finds what either wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from dynaseal import DynasealError
from interop.java import RefusedError
from interop.scene import BEACON_PREFIX, INDEX, Scene
from interop.stores import MAKERS
from interop.tally import Tally
from support import vectors

Item = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody in the table, twice: as each side wrote them."""

    number: int
    attributes: Item

    def written_by(self, side: str) -> Item:
        """The item that a side writes."""
        return {**self.attributes, "sk": {"S": f"{self.number} {side}"}}


@dataclass(frozen=True)
class Question:
    """A search in AWS's words, and who must be found by it."""

    operation: str
    request: Item
    found: Sequence[Person]


def search_both_ways(scene: Scene, seed: int, count: int) -> Tally:
    """Write `count` people by each side, compare their beacons, and search for each of them by each side."""
    rng = Random(f"{seed} {scene.name}")
    people = [Person(number, _attributes(rng)) for number in range(count)]
    scene.create_table()
    ours = scene.our_client()
    scene.java("put", items=[person.written_by("Java") for person in people])
    for person in people:
        ours.put_item(TableName=scene.name, Item=person.written_by("dynaseal"))
    questions = [question for person in people for question in _questions(person, people)]
    tally = Tally("beacons", f"searches, {scene.kind}, key store by {scene.maker}", len(questions))
    java_wrong = _wrong(
        lambda asked: [
            vectors.wire_item(item) for item in scene.java(asked.operation, request=asked.request)
        ],
        questions,
    )
    our_wrong = _wrong(
        lambda asked: getattr(ours, asked.operation)(TableName=scene.name, **asked.request)["Items"],
        questions,
    )
    tally.by_java, tally.by_dynaseal = tally.tried - len(java_wrong), tally.tried - len(our_wrong)
    tally.failures += [*_unequal_beacons(scene), *java_wrong, *our_wrong]
    return tally


def _questions(person: Person, people: Sequence[Person]) -> Iterator[Question]:
    """What can be asked about a person; each asks for the tenant too, as beacons of many keys demand."""

    def ask(operation: str, request: Item, of: Callable[[Item], Any], **values: Item) -> Question:
        tenant = person.attributes["tenant"]
        found = [
            each
            for each in people
            if each.attributes["tenant"] == tenant and of(each.attributes) == of(person.attributes)
        ]
        named = {f":{name}": value for name, value in {**values, "t": tenant}.items()}
        return Question(operation, {**request, "ExpressionAttributeValues": named}, found)

    def scan(condition: str, of: Callable[[Item], Any], value: Item) -> Question:
        return ask("scan", {"FilterExpression": f"{condition} AND tenant = :t"}, of, v=value)

    own = person.attributes
    by_index = {
        "IndexName": INDEX,
        "KeyConditionExpression": "surname = :v",
        "FilterExpression": "tenant = :t",
    }
    yield ask("query", by_index, lambda each: each["surname"], v=own["surname"])
    yield scan("nickname = :v", lambda each: each["nickname"], own["nickname"])
    yield scan("City = :v", lambda each: each["address"]["M"]["city"], own["address"]["M"]["city"])
    yield scan(
        "Street = :v",
        lambda each: each["address"]["M"]["lines"]["L"][0],
        own["address"]["M"]["lines"]["L"][0],
    )
    yield scan("salary = :v", lambda each: each["salary"], own["salary"])
    yield scan("Badge = :v", _badge, {"S": _badge(own)})
    yield scan("Place = :v", _place, {"S": _place(own)})
    team = own["teams"]["SS"][0]
    yield scan("contains(teams, :v)", lambda each: team in each["teams"]["SS"], {"S": team})


def _badge(attributes: Item) -> str:
    # AWS's Upper leaves letters beyond ASCII as they are.
    surname = "".join(each.upper() if each.isascii() else each for each in attributes["surname"]["S"])
    return surname[:2] + f"{attributes['ward']['S']}/"[-3:]


def _place(attributes: Item) -> str:
    return f"W-{attributes['ward']['S']}~M-{attributes['mail']['S']}"


def _wrong(ask: Callable[[Question], list[Item]], questions: Sequence[Question]) -> list[str]:
    """The questions that were not answered as expected, with what was found."""
    wrong: list[str] = []
    for question in questions:
        expected = [person.written_by(side) for person in question.found for side in MAKERS]
        try:
            found: Any = _ordered(ask(question))
        except (RefusedError, DynasealError, ClientError) as error:
            found = error
        if found != _ordered(expected):
            wrong.append(f"{question.operation} {question.request}: {found!r}, not {expected!r}")
    return wrong


def _unequal_beacons(scene: Scene) -> list[str]:
    """The people whose two items do not have the same beacons."""
    stored: dict[str, dict[str, Item]] = {side: {} for side in MAKERS}
    for item in scene.plain_client.scan(TableName=scene.name)["Items"]:
        number, _, side = item["sk"]["S"].partition(" ")
        stored[side][number] = {
            name: _unordered(value) for name, value in item.items() if name.startswith(BEACON_PREFIX)
        }
    java, ours = (stored[side] for side in MAKERS)
    assert all(java.values()), "no beacons were stored"
    return [
        f"person {number}: beacons {java.get(number)} by Java, {ours.get(number)} by dynaseal"
        for number in {**java, **ours}
        if java.get(number) != ours.get(number)
    ]


def _unordered(value: Item) -> Item:
    return {kind: sorted(content) if kind == "SS" else content for kind, content in value.items()}


def _ordered(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item["sk"]["S"])


def _attributes(rng: Random) -> Item:
    """Somebody's attributes, of few enough values that people share them."""
    tenant = rng.choice(["tenant-a", "tenant-b"])
    names = ["Ångström", "Nguyễn", "O'Neill", "李", "Müller", "de Souza", "😀"]
    city = {"S": rng.choice(["Lund", "Köln", "São Paulo", "台北"])}
    return {
        "pk": {"S": tenant},
        "tenant": {"S": tenant},
        "ward": {"S": rng.choice(["A1", "B22", "C"])},
        "surname": {"S": rng.choice(names)},
        "nickname": {"S": rng.choice(names)},
        "address": {"M": {"city": city, "lines": {"L": [{"S": f"{rng.randint(1, 9)} Main Street"}]}}},
        "teams": {"SS": sorted(rng.sample(["blue", "green", "red", "white"], rng.randint(1, 3)))},
        "salary": {"N": str(rng.randint(1, 5) * 1250)},
        "mail": {"S": f"{rng.choice('abc')}@example.com"},
    }
