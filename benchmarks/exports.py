"""`dynaseal transform` on one core: items of 1 KB, from an old key to a new one, beside its parts.

- cryptography: each item decrypted under the old key and encrypted under the new one, nothing else.
- round trip: gunzip, JSON, base64 and back, with nothing done to the items.
- transform: the filter as a whole, in one process, from bytes to bytes.
"""

import gzip
import io
import json
from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any, NamedTuple

from benchmarks.measure import microseconds
from benchmarks.slow_kms import SlowKeyStore
from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    CryptoAction,
    ItemEncryptor,
    Keyring,
    RawAesKeyring,
    TableConfig,
    from_stream_image,
)
from dynaseal.migrate.exports.compression import fastest
from dynaseal.migrate.exports.json_lines import json_parser
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.migrate.exports.pipeline import transform_stream

ITEMS = 200
LIMIT = 10.0
"""How many microseconds per item the filter may add to the cryptography and the round trip."""

_KEYRINGS: Mapping[str, Callable[[str], Keyring]] = {
    "raw": lambda name: RawAesKeyring("bench", name, name.encode().rjust(32)),
    "hierarchical": lambda name: AwsKmsHierarchicalKeyring(
        SlowKeyStore(), branch_key_id=name, ttl_seconds=3600
    ),
}


class Row(NamedTuple):
    """One keyring's microseconds per item."""

    keyring: str
    cryptography: float
    round_trip: float
    transform: float

    @property
    def added(self) -> float:
        """What the filter adds to the two others."""
        return self.transform - self.cryptography - self.round_trip


def packages() -> str:
    """Return the packages that read JSON and gzip in this run."""
    return f"JSON by {json_parser().name}, gzip by {fastest().name}"


def rows(*, quick: bool) -> list[Row]:
    """Measure every keyring."""
    rounds = 5 if quick else 25
    return [_row(name, make, rounds) for name, make in _KEYRINGS.items()]


def _row(name: str, make: Callable[[str], Keyring], rounds: int) -> Row:
    old, new = (_encryptor(make(key_name)) for key_name in ("old", "new"))
    items = [old.encrypt_item(_item(number)) for number in range(ITEMS)]
    parser = json_parser()
    lines = b"".join(parser.dumps({"Item": item}) + b"\n" for item in items)
    file = gzip.compress(lines)
    transformer = LineTransformer(old, new)
    measured = microseconds(
        {
            "cryptography": lambda: [new.encrypt_item(old.decrypt_item(item)) for item in items],
            "round trip": lambda: _round_trip(file),
            "transform": lambda: _transform(file, transformer),
        },
        rounds=rounds,
        repeat=1,
        clock=thread_time,
    )
    return Row(name, *(each / ITEMS for each in measured.values()))


def _encryptor(keyring: Keyring) -> ItemEncryptor:
    keys = {"pk": CryptoAction.SIGN_ONLY, "sk": CryptoAction.SIGN_ONLY}
    return ItemEncryptor(
        TableConfig(
            "bench",
            "pk",
            "sk",
            attribute_actions=AttributeActions(CryptoAction.ENCRYPT_AND_SIGN, keys),
            keyring=keyring,
            algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        )
    )


def _item(number: int) -> dict[str, Any]:
    """Return an item of about 1 KB."""
    return {
        "pk": {"S": f"customer#{number:06}"},
        "sk": {"S": "order#2026-11-28"},
        "name": {"S": "Ann Example" * 4},
        "address": {"S": "12 Long Street, Springfield " * 10},
        "notes": {"S": "Deliver to the neighbour if nobody is at home. " * 10},
        "total": {"N": "12345.67"},
        "photo": {"B": bytes(range(64))},
        "tags": {"L": [{"S": "new"}, {"S": "gift"}]},
    }


def _round_trip(file: bytes) -> bytes:
    parser, library = json_parser(), fastest()
    lines: list[bytes] = []
    for line in library.opener(io.BytesIO(file)).read().splitlines():
        item = from_stream_image(parser.loads(line)["Item"])
        lines.append(parser.dumps({"Item": item}))
    return library.deflate(b"\n".join(lines))


def _transform(file: bytes, transformer: LineTransformer) -> bytes:
    output = io.BytesIO()
    counts = transform_stream(
        io.BytesIO(file),
        output,
        lambda: transformer,
        jobs=1,
        report_failures=lambda _: None,
        report_progress=lambda _: None,
    )
    if counts.changed != ITEMS:
        raise AssertionError(json.dumps([counts.changed, counts.skipped, counts.failed]))
    return output.getvalue()
