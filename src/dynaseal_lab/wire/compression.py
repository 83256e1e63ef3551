"""Compressed request bodies: `Content-Encoding: gzip` or `deflate`. Clients sign the compressed form.

A body that cannot be decompressed is an InternalServerError, as DynamoDB answers. A body that becomes larger
than the limit is refused before all of it has been decompressed.
"""

import zlib
from collections.abc import Mapping

from dynaseal_lab.model import Fault

_WINDOWS: Mapping[str, int] = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""zlib's `wbits` for each encoding: it says which header to expect."""


def decompressed(body: bytes, encoding: str, limit: int) -> bytes:
    r"""Return a request's body as it was before the client compressed it.

    Args:
        body: The body as it was sent.
        encoding: The Content-Encoding; with any other than gzip and deflate the body is returned unchanged.
        limit: How many bytes it may have when decompressed.

    Raises:
        Fault: The body is not compressed in this way, or is too large.

    Example:
        >>> decompressed(zlib.compress(b"{}"), "deflate", 100)
        b'{}'
    """
    window = _WINDOWS.get(encoding.strip().lower())
    if window is None:
        return body
    parts: list[bytes] = []
    remaining = limit + 1
    rest = body
    try:
        while rest or not parts:  # gzip allows several members, one after another
            member = zlib.decompressobj(window)
            parts.append(member.decompress(rest, remaining))
            remaining -= len(parts[-1])
            if remaining <= 0:
                raise Fault("RequestEntityTooLargeException", "The request body is too large", status=413)
            if not member.eof:
                raise _cannot_decompress()
            rest = member.unused_data
    except zlib.error as error:
        raise _cannot_decompress() from error
    return b"".join(parts)


def _cannot_decompress() -> Fault:
    return Fault("InternalServerError", "The request body could not be decompressed", status=500)
