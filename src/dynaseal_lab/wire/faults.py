"""AWS's error shapes: JSON for KMS and DynamoDB, XML for IAM and STS.

One `Fault` is written in either shape. What the front door itself refuses (a signature, a token) has another
name and status in the query protocol; `QUERY_NAMES` holds them.
"""

import json
import re
from collections.abc import Mapping
from xml.sax.saxutils import escape
from zlib import crc32

from dynaseal_lab.model import Fault
from dynaseal_lab.wire.http import Response

QUERY_NAMES: Mapping[str, tuple[str, int]] = {
    "MissingAuthenticationTokenException": ("MissingAuthenticationToken", 403),
    "IncompleteSignatureException": ("IncompleteSignature", 400),
    "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
    "UnrecognizedClientException": ("InvalidClientTokenId", 403),
    "ExpiredTokenException": ("ExpiredToken", 403),
    "RequestEntityTooLargeException": ("RequestEntityTooLarge", 413),
}


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    r"""`text` inside an element; what XML 1.0 has no way to write becomes a question mark.

    Example:
        >>> xml_text("a < b\x01")
        'a &lt; b?'
    """
    return escape(_NOT_XML.sub("?", text), {"\r": "&#13;"})


def json_headers(body: bytes, request_id: str, version: str) -> dict[str, str]:
    """The headers of every JSON answer; DynamoDB's clients check the CRC where it is sent."""
    return {
        "content-type": f"application/x-amz-json-{version}",
        "x-amzn-requestid": request_id,
        "x-amz-crc32": str(crc32(body)),
    }


def json_fault(fault: Fault, request_id: str, version: str = "1.0") -> Response:
    """`fault` as AWS JSON writes it: `__type`, `message`, and what else the error's shape has."""
    content = {"__type": fault.code, "message": fault.message, **fault.details}
    body = json.dumps(content, separators=(",", ":")).encode()
    headers = json_headers(body, request_id, version) | {"x-amzn-errortype": fault.code}
    return Response(fault.status, body, headers)


def query_fault(fault: Fault, request_id: str, namespace: str) -> Response:
    """`fault` as the query protocol writes it: an `ErrorResponse` document."""
    code, status = QUERY_NAMES.get(fault.code, (fault.code, fault.status))
    kind = "Receiver" if status >= 500 else "Sender"
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{xml_text(code)}</Code>'
        f"<Message>{xml_text(fault.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(status, body.encode(), {"content-type": "text/xml", "x-amzn-requestid": request_id})


def not_a_call(request_id: str) -> Response:
    """What AWS answers to a request that is no API call at all: another method, another content type."""
    return Response(
        404, b"<UnknownOperationException/>\n", {"content-type": "text/xml", "x-amzn-requestid": request_id}
    )
