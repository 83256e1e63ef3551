"""Answers to browsers, which ask and look for CORS headers: as DynamoDB's own endpoints give them.

They open nothing: without a valid signature nothing is answered, wherever the page comes from.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Mapping

from dynaseal_lab.wire.http import Request, Response

_EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"
_AGE = "172800"


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what it may send."""
    return request.method == "OPTIONS" and "origin" in request.headers


def preflight(request: Request) -> Response:
    """What it may send: whatever it asked for."""
    headers = {"access-control-max-age": _AGE}
    for asked in ("method", "headers"):
        if f"access-control-request-{asked}" in request.headers:
            allowed = "methods" if asked == "method" else asked
            headers[f"access-control-allow-{allowed}"] = request.headers[f"access-control-request-{asked}"]
    return Response(200, b"", headers)


def cors_headers(request: Request) -> Mapping[str, str]:
    """What a browser must see in an answer to let its page read it; nothing for other clients."""
    if "origin" not in request.headers:
        return {}
    return {"access-control-allow-origin": "*", "access-control-expose-headers": _EXPOSED}
