"""`dynaseal transform` on one core: items of 1 KB, from an old key to a new one, beside its parts.

Its parts are each item decrypted under the old key and encrypted under the new one, and the round trip:
gunzip, JSON, base64 and back. The filter as a whole runs in one process, from bytes to bytes.
"""

import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from time import thread_time

from benchmarks.encryptors import engine
from benchmarks.measure import Figure, microseconds
from benchmarks.rows import Column, Row
from benchmarks.samples import order
from benchmarks.slow_kms import SlowKeyStore
from benchmarks.wire import wire_item
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

_KEYRINGS: Mapping[str, Callable[[str], Keyring]] = {
    "raw": lambda name: RawAesKeyring("bench", name, name.encode().rjust(32)),
    "hierarchical": lambda name: AwsKmsHierarchicalKeyring(
        SlowKeyStore(), branch_key_id=name, ttl_seconds=3600
    ),
}


def packages() -> str:
    """Return the packages that read JSON and gzip in this run."""
    return f"JSON by {json_parser().name}, gzip by {fastest().name}"


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure every keyring."""
    rounds = 5 if quick else 25
    for name, make in _KEYRINGS.items():
        with engine("python"):
            yield _row(name, make, rounds)


def _row(name: str, make: Callable[[str], Keyring], rounds: int) -> Row:
    old, new = (_encryptor(make(key_name)) for key_name in ("old", "new"))
    items = [old.encrypt_item(wire_item(order(number))) for number in range(ITEMS)]
    parser = json_parser()
    lines = b"".join(parser.dumps({"Item": item}) + b"\n" for item in items)
    file = gzip.compress(lines)
    transformer = LineTransformer(old, new)

    def parts() -> None:
        for item in items:
            new.encrypt_item(old.decrypt_item(item))
        _round_trip(file)

    seen = microseconds(
        {Column.FLOOR: parts, Column.PURE: lambda: _transform(file, transformer)},
        rounds=rounds,
        repeat=1,
        clock=thread_time,
    )
    figures = {Column(column): Figure(*(each / ITEMS for each in found)) for column, found in seen.items()}
    what = f"transform, {name} keyring, 1 KB ({packages()})"
    return Row(section="exports", what=what, unit="us", floor="its parts", figures=figures)


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
