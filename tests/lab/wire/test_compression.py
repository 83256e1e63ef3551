"""Compressed bodies: which are decompressed, which are refused, and how large they may become."""

import gzip
import zlib

import pytest

from dynaseal_lab.model import Fault
from dynaseal_lab.wire.compression import decompressed

BODY = b'{"TableName": "items"}'
ZIPPED = gzip.compress(
    BODY, mtime=0
)  # with the current time, the tests' ids would differ between xdist's workers


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (ZIPPED, "gzip"),
        (ZIPPED, " GZIP "),
        (gzip.compress(BODY[:5], mtime=0) + gzip.compress(BODY[5:], mtime=0), "gzip"),
        (zlib.compress(BODY), "deflate"),
    ],
)
def test_a_body_is_decompressed(body: bytes, encoding: str) -> None:
    assert decompressed(body, encoding, 1000) == BODY


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (BODY, "gzip"),
        (b"", "gzip"),
        (b"", "deflate"),
        (ZIPPED[:-1], "gzip"),
        (ZIPPED + b"junk", "gzip"),
        (ZIPPED, "deflate"),
    ],
)
def test_a_body_that_cannot_be_decompressed_is_an_internal_error_as_dynamodb_answers(
    body: bytes, encoding: str
) -> None:
    with pytest.raises(Fault, match=r"^InternalServerError") as caught:
        decompressed(body, encoding, 1000)
    assert caught.value.status == 500


def test_a_small_body_that_becomes_too_large_is_refused() -> None:
    small = gzip.compress(bytes(1_000_000))
    assert len(decompressed(small, "gzip", 1_000_000)) == 1_000_000
    with pytest.raises(Fault) as caught:
        decompressed(small, "gzip", 999_999)
    assert caught.value.status == 413
