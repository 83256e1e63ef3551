"""Compressed bodies: `Content-Encoding: gzip` or `deflate`, which a client signs in their compressed form.

A body that does not open is an InternalServerError, as DynamoDB answers; one that opens to more than the
limit is refused before it is all there.
"""

import zlib
from collections.abc import Mapping

from dynaseal_lab.model import Fault

_WINDOWS: Mapping[str, int] = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def inflated(body: bytes, encoding: str, most: int) -> bytes:
    r"""The body as it was before it was compressed.

    Args:
        body: As it was sent.
        encoding: The Content-Encoding; anything but gzip and deflate leaves the body as it is.
        most: How many bytes it may have.

    Raises:
        Fault: It is not compressed so, or too large.

    Example:
        >>> inflated(zlib.compress(b"{}"), "deflate", 100)
        b'{}'
    """
    window = _WINDOWS.get(encoding.strip().lower())
    if window is None:
        return body
    parts: list[bytes] = []
    room = most + 1
    rest = body
    try:
        while rest or not parts:  # gzip allows several members, one after another
            member = zlib.decompressobj(window)
            parts.append(member.decompress(rest, room))
            room -= len(parts[-1])
            if room <= 0:
                raise Fault("RequestEntityTooLargeException", "The request body is too large", status=413)
            if not member.eof:
                raise _broken()
            rest = member.unused_data
    except zlib.error as error:
        raise _broken() from error
    return b"".join(parts)


def _broken() -> Fault:
    return Fault("InternalServerError", "The request body could not be decompressed", status=500)
