"""Random cases for both engines: items, changed items, items of someone with the key, and odd values.

Each case compares what the two engines make of one item. Hypothesis does the same with fewer cases, and finds
smaller failures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from dynaseal import AlgorithmSuite, ItemEncryptor
from dynaseal.core.header import ENCRYPTED, SIGNED
from dynaseal.core.values.writing import serialize
from native.engines import KNOWN, OTHERS, pairs_of, read, written
from support.unchecked_items import Attribute, encrypt_unchecked

_STRINGS = ("", "a", "order#2026", "é", "\u2028", "\U0001f600", "\uffff", "\x00", "x" * 200)
_NUMBERS = (
    "0",
    "-0",
    "1",
    "-1.50",
    "1e3",
    "00.1",
    "9" * 38,
    "1E-130",
    "9.9e125",
    "0.0e9",
    ".5",
    "5.",
    "12345.67",
)
_ODD_NUMBERS = (
    "",
    "-",
    "1e",
    "+-1",
    "1e126",
    "1e-131",
    "1" * 39,
    "0x1",
    "1_0",
    "\u0661",
    " 1",
    "1e9999999999",
    "NaN",
)
_TYPE_IDS = tuple(
    map(
        bytes.fromhex,
        ("0000", "0001", "0002", "0004", "ffff", "0101", "0102", "01ff", "0200", "0300", "0003", "0505"),
    )
)
_NAMES = ("name", "open", "free", "é", "a.b", "a[0]", "$", "\U0001f600", "total", "aws", "x" * 60)
_CHANGED = 8
"""How many changed forms of each item are compared."""


class DifferenceError(AssertionError):
    """The engines make something different of an item."""


class Cases:
    """Compares the engines; the same seed gives the same items, though not the same keys.

    Args:
        seed: Makes the items.

    Attributes:
        accepted: How many stored items were accepted; the others, changed or forged, were refused.
    """

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        pairs = pairs_of(KNOWN) | pairs_of(OTHERS)
        self._quick = {name: pair for name, pair in pairs.items() if "ECDSA" not in name[1]}
        self._slow = {name: pair for name, pair in pairs.items() if "ECDSA" in name[1]}
        self.accepted = 0

    def run(self) -> Iterator[int]:
        """Compare for ever; yield how many cases each step had.

        Raises:
            DifferenceError: the engines do not agree.
        """
        while True:
            yield self._step()

    def _step(self) -> int:
        chance = self._chance
        # A signature takes many times as long as everything else.
        pairs = self._slow if chance.random() < 0.04 else self._quick
        name = chance.choice(sorted(pairs))
        native, python = pairs[name]
        item = self._item()
        stored = [native.encrypt_item(item), python.encrypt_item(item), self._forged(native)]
        stored += [self._changed(chance.choice(stored)) for _ in range(_CHANGED)]
        expected = [read(python, each) for each in stored]
        self.accepted += sum(isinstance(result, dict) for result in expected)
        for each, result in zip(stored, expected, strict=True):
            self._compare(name, each, result, read(native, each))
        for each, result, usual in zip(stored, expected, native.usual_decrypted(stored), strict=True):
            self._compare(name, each, result, result if usual is None else usual)
        odd = {"pk": {"S": "k"}, "odd": self._odd_value(3)}
        self._compare(name, odd, written(python, odd), written(native, odd))
        return len(stored) + 1

    @staticmethod
    def _compare(name: tuple[str, ...], item: Any, expected: Any, found: Any) -> None:
        if found != expected:
            raise DifferenceError(f"{name}: {item!r}\nPython: {expected!r}\nnative: {found!r}")

    def _item(self) -> dict[str, Any]:
        names = self._chance.sample(_NAMES, self._chance.randint(0, 6))
        return {"pk": {"S": self._chance.choice(("k", "order#2026", "é" * 40))}} | {
            name: self._value(3) for name in names
        }

    def _value(self, depth: int) -> dict[str, Any]:
        chance = self._chance
        make: list[Callable[[], dict[str, Any]]] = [
            lambda: {"S": chance.choice(_STRINGS)},
            lambda: {"N": chance.choice(_NUMBERS)},
            lambda: {"B": chance.randbytes(chance.randint(0, 40))},
            lambda: {"BOOL": chance.random() < 0.5},
            lambda: {"NULL": True},
            lambda: {"SS": chance.sample(_STRINGS, 3)},
            lambda: {"NS": chance.sample(("1", "2.0", "-3e2", "0.5"), 3)},
            lambda: {"BS": [bytes((at,)) * at for at in chance.sample(range(1, 5), 2)]},
        ]
        if depth:
            make.append(lambda: {"L": [self._value(depth - 1) for _ in range(chance.randint(0, 3))]})
            make.append(lambda: {"M": {each: self._value(depth - 1) for each in chance.sample(_NAMES, 2)}})
        return chance.choice(make)()

    def _odd_value(self, depth: int) -> Any:
        """A value in which something may be wrong."""
        chance = self._chance
        scalars = (None, True, 1, 1.5, "x", "\ud800", b"b", bytearray(b"b"), (), *_STRINGS, *_ODD_NUMBERS)
        if chance.random() < 0.4:
            return self._value(1)
        if not depth or chance.random() < 0.2:
            return chance.choice(scalars)
        kind = chance.choice(("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "x", ""))
        if kind == "N":
            return {"N": chance.choice(_ODD_NUMBERS + _NUMBERS)}
        members = [self._odd_value(depth - 1) for _ in range(chance.randint(0, 2))]
        if kind == "NS":
            members = chance.choices(_ODD_NUMBERS + _NUMBERS, k=2)
        if kind in ("SS", "BS") and chance.random() < 0.5:
            members = chance.choices(("a", "b", b"a", b"b"), k=2)
        content: Any = chance.choice((members, {str(at): each for at, each in enumerate(members)}, *members))
        return {kind: content} | ({"S": "x"} if chance.random() < 0.05 else {})

    def _forged(self, encryptor: ItemEncryptor) -> dict[str, Any]:
        """An item whose checks pass, as someone with the key can make it: any bytes are its plaintext."""
        chance = self._chance
        type_id, data = serialize(self._value(2))
        if chance.random() < 0.7:
            data = self._changed_bytes(data)
        if chance.random() < 0.3:
            type_id = chance.choice(_TYPE_IDS)
        config = encryptor.config
        keyring: Any = config.keyring or KNOWN["raw 256"]["keyring"]
        return encrypt_unchecked(
            config,
            keyring,
            {
                "pk": Attribute(SIGNED, {"S": "k"}),
                "forged": Attribute(ENCRYPTED, plaintext=(type_id, data)),
            },
            suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        )

    def _changed(self, stored: dict[str, Any]) -> dict[str, Any]:
        """A stored item in which somebody has changed something."""
        chance = self._chance
        name = chance.choice(sorted(stored))
        # The header and the footer have the most that can be wrong.
        if chance.random() < 0.5:
            name = chance.choice(("aws_dbe_head", "aws_dbe_foot"))
        content = stored.get(name, {}).get("B")
        how = chance.random()
        if isinstance(content, bytes) and how < 0.7:
            return {**stored, name: {"B": self._changed_bytes(content)}}
        if how < 0.8:
            return {each: value for each, value in stored.items() if each != name}
        if how < 0.9:
            return {**stored, name: stored[chance.choice(sorted(stored))]}
        return {**stored, chance.choice((name, "added", "aws_dbe_x")): self._odd_value(2)}

    def _changed_bytes(self, content: bytes) -> bytes:
        chance = self._chance
        at = chance.randint(0, len(content))
        removed = chance.choice((0, 1, 1, 1, 4))
        new = chance.randbytes(chance.choice((0, removed, removed, 1)))
        return content[:at] + new + content[at + removed :]
