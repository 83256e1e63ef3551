"""Random tables and items, reproducible with the same random number generator.

Every value has two forms: as an application writes it (`1.50e1`, a set in any order), and the normal form
that decryption returns (`15`, a sorted set).
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

CONTEXT = "SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT"
UNSIGNED_PREFIX = ":"
DEEPEST = 31
# Characters of one to four bytes in UTF-8 and of one or two units in UTF-16, some of which sort differently
# in the two encodings, and characters that JSON escapes.
_LETTERS = 'abcXYZ019 ._-#/:"\\\n\x00' + "éßжλ鍵字\u2028\ufb01\uffe6\U0001f600\U0001d54f\U0010ffff"


@dataclass(frozen=True)
class Value:
    """A value as it is written, and as decryption returns it."""

    written: dict[str, Any]
    normal: dict[str, Any]


def random_table(rng: Random, suite: str, version: int, name: str) -> dict[str, Any]:
    """Return a table, described as in `vectors/`, with attributes of every action that its version allows."""
    key_action = CONTEXT if version == 2 else "SIGN_ONLY"
    keys = ["pk", "sk"] if rng.random() < 0.5 else ["pk"]
    actions = dict.fromkeys(keys, key_action)
    choices = ["ENCRYPT_AND_SIGN"] * 3 + ["SIGN_ONLY"] + [CONTEXT] * (version == 2)
    for _ in range(rng.randint(4, 10)):
        actions.setdefault(_name(rng), rng.choice(choices))
    unsigned = [f"unsigned{number}" for number in range(rng.randint(0, 2))]
    prefixed = [UNSIGNED_PREFIX + _name(rng) for _ in range(rng.randint(0, 2))]
    return {
        "name": name,
        "partition_key": "pk",
        "sort_key": keys[1] if len(keys) == 2 else None,
        "actions": actions | dict.fromkeys(unsigned + prefixed, "DO_NOTHING"),
        "unsigned": unsigned,
        "unsigned_prefix": UNSIGNED_PREFIX if prefixed else None,
        "suite": suite,
    }


def random_item(rng: Random, table: dict[str, Any]) -> dict[str, Value]:
    """Return an item with the table's keys and context attributes (required), and most of the others."""
    item: dict[str, Value] = {}
    for name, action in table["actions"].items():
        if name in (table["partition_key"], table["sort_key"]):
            item[name] = rng.choice([_key_string, _number, _binary])(rng)
        elif action == CONTEXT or rng.random() < 0.8:
            item[name] = random_value(rng)
    return dict(rng.sample(list(item.items()), len(item)))


def written(item: dict[str, Value]) -> dict[str, Any]:
    """Return the item as the application writes it."""
    return {name: value.written for name, value in item.items()}


def read_back(item: dict[str, Value], table: dict[str, Any]) -> dict[str, Any]:
    """Return the item as it is read: encrypted attributes in normal form, the others as they were written."""
    encrypted = {name for name, action in table["actions"].items() if action == "ENCRYPT_AND_SIGN"}
    return {name: value.normal if name in encrypted else value.written for name, value in item.items()}


def random_value(rng: Random) -> Value:
    """Return a value of any type and depth."""
    if rng.random() < 0.04:
        return _deep(rng)
    return _value(rng, containers=3)


def _value(rng: Random, containers: int) -> Value:
    scalars = [_string, _number, _binary, _boolean, _null]
    sets = [_string_set, _number_set, _binary_set]
    if containers and rng.random() < 0.3:
        return rng.choice([_list, _map])(rng, [_value(rng, containers - 1) for _ in range(rng.randint(0, 4))])
    return rng.choice(scalars * 2 + sets)(rng)


def _deep(rng: Random) -> Value:
    value = _string(rng)
    for _ in range(rng.randint(4, DEEPEST)):
        value = rng.choice([_list, _map])(rng, [value])
    return value


def _same(kind: str, content: Any) -> Value:
    return Value({kind: content}, {kind: content})


def _string(rng: Random) -> Value:
    return _same("S", _letters(rng, rng.choice([0, 1, 5, 20, 300])))


def _key_string(rng: Random) -> Value:
    return _same("S", rng.choice(["tenant-a", "tenant-b", _letters(rng, 12)]))


def _binary(rng: Random) -> Value:
    return _same("B", rng.randbytes(rng.choice([1, 5, 16, 500])))


def _boolean(rng: Random) -> Value:
    return _same("BOOL", rng.random() < 0.5)


def _null(_rng: Random) -> Value:
    return _same("NULL", True)


def _number(rng: Random) -> Value:
    as_written, normal = _two_forms(rng)
    return Value({"N": as_written}, {"N": normal})


def _string_set(rng: Random) -> Value:
    members = {_letters(rng, rng.randint(1, 6)) for _ in range(rng.randint(1, 5))}
    ordered = sorted(members, key=lambda member: member.encode("utf-16-be"))
    return Value({"SS": rng.sample(ordered, len(ordered))}, {"SS": ordered})


def _number_set(rng: Random) -> Value:
    numbers = {
        normal: as_written for as_written, normal in (_two_forms(rng) for _ in range(rng.randint(1, 5)))
    }
    ordered = sorted(numbers)
    return Value({"NS": [numbers[number] for number in rng.sample(ordered, len(ordered))]}, {"NS": ordered})


def _binary_set(rng: Random) -> Value:
    ordered = sorted({rng.randbytes(rng.randint(1, 8)) for _ in range(rng.randint(1, 5))})
    return Value({"BS": rng.sample(ordered, len(ordered))}, {"BS": ordered})


def _list(_rng: Random, members: list[Value]) -> Value:
    return Value({"L": [member.written for member in members]}, {"L": [member.normal for member in members]})


def _map(rng: Random, members: list[Value]) -> Value:
    named = {_letters(rng, rng.randint(1, 6)): member for member in members}
    return Value(
        {"M": {name: member.written for name, member in named.items()}},
        {"M": {name: member.normal for name, member in named.items()}},
    )


def _letters(rng: Random, length: int) -> str:
    return "".join(rng.choices(_LETTERS, k=length))


def _name(rng: Random) -> str:
    """Return an attribute's name: a word, a path or any other string, without a reserved prefix."""
    name = _letters(rng, rng.choice([1, 2, 5, 40])).lstrip(UNSIGNED_PREFIX + "a")
    return rng.choice(["plain", "x.y[0]", "", "p" * 200]) + (name or "p")


def _two_forms(rng: Random) -> tuple[str, str]:
    """Return a number of up to 38 digits within DynamoDB's range, as it is written and in normal form."""
    digits = str(rng.randint(1, 10 ** rng.randint(1, 38) - 1)).rstrip("0")
    # The value is 0.DIGITS times ten to the power of `point`.
    point = rng.randint(-129, 126) if rng.random() < 0.2 else rng.randint(-4, 40)
    sign = rng.choice(["", "-"])
    if rng.random() < 0.03:
        return rng.choice([("0", "0"), ("-0", "0"), ("0.00", "0"), ("0e5", "0")])
    normal = sign + _decimal(digits, point)
    write = rng.choice([_scientific, _padded, _bare, lambda *_: normal])
    return write(rng, sign, digits, point), normal


def _decimal(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits
    whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
    return f"{whole}.{fraction}" if fraction else whole


def _scientific(rng: Random, sign: str, digits: str, point: int) -> str:
    mark, plus = rng.choice("eE"), rng.choice(["", "+"]) if point > 1 else ""
    return f"{sign}{digits[0]}{'.' + digits[1:] if digits[1:] else ''}{mark}{plus}{point - 1}"


def _padded(rng: Random, sign: str, digits: str, point: int) -> str:
    plain = _decimal(digits, point)
    zeros = "0" * rng.randint(1, 3)
    return f"{sign}{zeros}{plain}{zeros if '.' in plain else '.' + zeros}"


def _bare(_rng: Random, sign: str, digits: str, point: int) -> str:
    """Write a number like `.5`, `5.` or `+5`: no zero before the point, no digit after it, or a plus."""
    plain = _decimal(digits, point)
    return (sign or "+") + (plain.removeprefix("0") if "." in plain else plain + ".")
