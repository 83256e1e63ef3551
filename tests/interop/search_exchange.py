"""Exchanges searches by beacon: both libraries write the same beacons, and each finds what either wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from botocore.exceptions import ClientError

from dynaseal import DynasealError
from interop.java import RefusedError
from interop.key_stores import MAKERS
from interop.results import Result
from interop.searchable_tables import BEACON_PREFIX, INDEX, SearchableTable
from support import vectors

Item = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """A person who has two items in the table, one written by each library."""

    number: int
    attributes: Item

    def written_by(self, side: str) -> Item:
        """Return the item that one library writes."""
        return {**self.attributes, "sk": {"S": f"{self.number} {side}"}}


@dataclass(frozen=True)
class Search:
    """A Query or Scan, and the people whom it must find."""

    operation: str
    request: Item
    expected: Sequence[Person]


def exchange_searches(table: SearchableTable, seed: int, count: int) -> Result:
    """Write `count` people with each library, compare their beacons, and search for each with both."""
    rng = Random(f"{seed} {table.name}")
    people = [Person(number, _attributes(rng)) for number in range(count)]
    table.create_table()
    client = table.dynaseal_client()
    table.java("put", items=[person.written_by("Java") for person in people])
    for person in people:
        client.put_item(TableName=table.name, Item=person.written_by("dynaseal"))
    searches = [search for person in people for search in _searches(person, people)]
    result = Result("beacons", f"searches, {table.kind}, key store by {table.maker}", len(searches))
    java_failures = _failures(
        lambda search: [
            vectors.wire_item(item) for item in table.java(search.operation, request=search.request)
        ],
        searches,
    )
    dynaseal_failures = _failures(
        lambda search: getattr(client, search.operation)(TableName=table.name, **search.request)["Items"],
        searches,
    )
    result.by_java = result.tried - len(java_failures)
    result.by_dynaseal = result.tried - len(dynaseal_failures)
    result.failures += [*_unequal_beacons(table), *java_failures, *dynaseal_failures]
    return result


def _searches(person: Person, people: Sequence[Person]) -> Iterator[Search]:
    """Yield the searches for a person. Each also names the tenant, whose beacon key is used."""

    def search(operation: str, request: Item, value_of: Callable[[Item], Any], **values: Item) -> Search:
        tenant = person.attributes["tenant"]
        value = value_of(person.attributes)
        expected = [
            other
            for other in people
            if other.attributes["tenant"] == tenant and value_of(other.attributes) == value
        ]
        named = {f":{name}": value for name, value in {**values, "t": tenant}.items()}
        return Search(operation, {**request, "ExpressionAttributeValues": named}, expected)

    def scan(condition: str, value_of: Callable[[Item], Any], value: Item) -> Search:
        return search("scan", {"FilterExpression": f"{condition} AND tenant = :t"}, value_of, v=value)

    attributes = person.attributes
    by_index = {
        "IndexName": INDEX,
        "KeyConditionExpression": "surname = :v",
        "FilterExpression": "tenant = :t",
    }
    yield search("query", by_index, lambda item: item["surname"], v=attributes["surname"])
    yield scan("nickname = :v", lambda item: item["nickname"], attributes["nickname"])
    yield scan("City = :v", lambda item: item["address"]["M"]["city"], attributes["address"]["M"]["city"])
    yield scan(
        "Street = :v",
        lambda item: item["address"]["M"]["lines"]["L"][0],
        attributes["address"]["M"]["lines"]["L"][0],
    )
    yield scan("salary = :v", lambda item: item["salary"], attributes["salary"])
    yield scan("Badge = :v", _badge, {"S": _badge(attributes)})
    yield scan("Place = :v", _place, {"S": _place(attributes)})
    team = attributes["teams"]["SS"][0]
    yield scan("contains(teams, :v)", lambda item: team in item["teams"]["SS"], {"S": team})


def _badge(attributes: Item) -> str:
    # AWS's Upper changes only ASCII letters.
    surname = "".join(letter.upper() if letter.isascii() else letter for letter in attributes["surname"]["S"])
    return surname[:2] + f"{attributes['ward']['S']}/"[-3:]


def _place(attributes: Item) -> str:
    return f"W-{attributes['ward']['S']}~M-{attributes['mail']['S']}"


def _failures(run: Callable[[Search], list[Item]], searches: Sequence[Search]) -> list[str]:
    """Describe each search that did not find what was expected."""
    failures: list[str] = []
    for search in searches:
        expected = [person.written_by(side) for person in search.expected for side in MAKERS]
        try:
            found: Any = _ordered(run(search))
        except (RefusedError, DynasealError, ClientError) as error:
            found = error
        if found != _ordered(expected):
            failures.append(f"{search.operation} {search.request}: {found!r}, not {expected!r}")
    return failures


def _unequal_beacons(table: SearchableTable) -> list[str]:
    """Describe each person whose two items have different beacons."""
    stored: dict[str, dict[str, Item]] = {side: {} for side in MAKERS}
    for item in table.plain_client.scan(TableName=table.name)["Items"]:
        number, _, side = item["sk"]["S"].partition(" ")
        stored[side][number] = {
            name: _unordered(value) for name, value in item.items() if name.startswith(BEACON_PREFIX)
        }
    by_java, by_dynaseal = (stored[side] for side in MAKERS)
    assert all(by_java.values()), "no beacons were stored"
    return [
        f"person {number}: beacons {by_java.get(number)} by Java, {by_dynaseal.get(number)} by dynaseal"
        for number in {**by_java, **by_dynaseal}
        if by_java.get(number) != by_dynaseal.get(number)
    ]


def _unordered(value: Item) -> Item:
    return {kind: sorted(content) if kind == "SS" else content for kind, content in value.items()}


def _ordered(items: Sequence[Item]) -> list[Item]:
    return sorted(items, key=lambda item: item["sk"]["S"])


def _attributes(rng: Random) -> Item:
    """Return a person's attributes, chosen from so few values that people share them."""
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
