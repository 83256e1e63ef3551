"""Compressed bodies: what opens, what does not, and how large it may become."""

import gzip
import zlib

import pytest

from dynaseal_lab.model import Fault
from dynaseal_lab.wire.compression import decompressed

BODY = b'{"TableName": "items"}'
ZIPPED = gzip.compress(BODY, mtime=0)  # tests are told apart by their parameters, which must not change


@pytest.mark.parametrize(
    ("sent", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (ZIPPED, "gzip"),
        (ZIPPED, " GZIP "),
        (gzip.compress(BODY[:5], mtime=0) + gzip.compress(BODY[5:], mtime=0), "gzip"),
        (zlib.compress(BODY), "deflate"),
    ],
)
def test_a_body_is_what_it_was_before_it_was_compressed(sent, encoding):
    assert decompressed(sent, encoding, 1000) == BODY


@pytest.mark.parametrize(
    ("sent", "encoding"),
    [
        (BODY, "gzip"),
        (b"", "gzip"),
        (b"", "deflate"),
        (ZIPPED[:-1], "gzip"),
        (ZIPPED + b"junk", "gzip"),
        (ZIPPED, "deflate"),
    ],
)
def test_what_does_not_open_is_an_internal_error_as_dynamodb_answers(sent, encoding):
    with pytest.raises(Fault, match=r"^InternalServerError") as caught:
        decompressed(sent, encoding, 1000)
    assert caught.value.status == 500


def test_a_small_body_that_opens_to_a_large_one_is_refused():
    for most, fits in ((1_000_000, True), (999_999, False)):
        sent = gzip.compress(bytes(1_000_000))
        if fits:
            assert len(decompressed(sent, "gzip", most)) == most
        else:
            with pytest.raises(Fault) as caught:
                decompressed(sent, "gzip", most)
            assert caught.value.status == 413
