"""One item encrypted and decrypted: each engine, its floor, and AWS's libraries in three languages."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks import older, peers
from benchmarks.encryptors import with_each_engine
from benchmarks.floor import Floor
from benchmarks.measure import in_turn, timed
from benchmarks.peers import Peer
from benchmarks.rows import Column, Row
from benchmarks.samples import Sample, samples
from dynaseal import AlgorithmSuite, ItemEncryptor

_FLOOR = "cryptography"
_WARM_UP = 1000


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure every sample under both suites."""
    with peers.running() as running:
        for suite in AlgorithmSuite:
            for sample in samples():
                yield from _rows(sample, suite, running, quick=quick)


def _rows(
    sample: Sample, suite: AlgorithmSuite, running: Mapping[Column, Peer], *, quick: bool
) -> Iterator[Row]:
    calls = _calls(sample, suite)
    repeat = max(1, sample.repeat // 5) if quick else sample.repeat
    measures: dict[tuple[Column, str], Callable[[], float]] = {}
    for column, (encrypt, decrypt) in calls.items():
        measures[column, "encrypt"] = lambda call=encrypt: timed(call, repeat)
        measures[column, "decrypt"] = lambda call=decrypt: timed(call, repeat)
    for column, peer in running.items():
        both = _Both(peer, sample, suite, repeat)
        peer.measure(sample, suite, max(1, (_WARM_UP if not quick else 10) * sample.repeat // 100))
        measures[column, "encrypt"] = both.encrypt
        measures[column, "decrypt"] = both.decrypt
    names = {f"{column} {direction}": call for (column, direction), call in measures.items()}
    seen = in_turn(names, rounds=3 if quick else 25)
    for direction in ("encrypt", "decrypt"):
        yield Row(
            section="items",
            what=f"{suite.value:#x} {sample.size} {direction}",
            unit="us",
            floor=_FLOOR,
            figures={column: seen[f"{column} {which}"] for column, which in measures if which == direction},
        )


class _Both:
    """A program measures both directions with one request: the first one's, in each round."""

    def __init__(self, peer: Peer, sample: Sample, suite: AlgorithmSuite, repeat: int) -> None:
        self._measure = lambda: peer.measure(sample, suite, max(1, repeat // 5))
        self._decrypt = 0.0

    def encrypt(self) -> float:
        encrypt, self._decrypt = self._measure()
        return encrypt

    def decrypt(self) -> float:
        return self._decrypt


def _calls(
    sample: Sample, suite: AlgorithmSuite
) -> Mapping[Column, tuple[Callable[[], object], Callable[[], object]]]:
    item, floor = sample.item, Floor(sample, suite)
    encryptors = with_each_engine(lambda: sample.encryptor(suite))
    stored = encryptors[Column.PURE].encrypt_item(item)
    calls: dict[Column, tuple[Callable[[], object], Callable[[], object]]] = {
        Column.FLOOR: (floor.encrypt, floor.decrypt)
    }
    if Column.NATIVE in encryptors:
        calls[Column.CORE] = _core_calls(encryptors[Column.NATIVE], item, stored)
    for column, encryptor in encryptors.items():
        calls[column] = _calls_of(encryptor, item, stored)
    calls[Column.OLDER] = older.calls(sample)
    return calls


def _calls_of(
    encryptor: ItemEncryptor, item: dict[str, Any], stored: dict[str, Any]
) -> tuple[Callable[[], object], Callable[[], object]]:
    if encryptor.decrypt_item(stored) != item:
        raise AssertionError("the item did not come back")
    return lambda: encryptor.encrypt_item(item), lambda: encryptor.decrypt_item(stored)


def _core_calls(
    encryptor: ItemEncryptor, item: dict[str, Any], stored: dict[str, Any]
) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return calls of the engine itself, with the plan and the wrapper that `NativeItems` would find."""
    native: Any = vars(encryptor)["_native"]
    writing, _, wrapper = native._to_encrypt(item)  # noqa: SLF001 what finds the plan is not public
    reading, _, unwrapper = native._to_decrypt(stored)  # noqa: SLF001 what finds the plan is not public
    is_signed = encryptor.config.algorithm_suite.is_signed
    return lambda: writing.encrypt(item, wrapper, is_signed), lambda: reading.decrypt(stored, unwrapper)
