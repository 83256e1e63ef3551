"""AWS's errors as they are sent: JSON for KMS and DynamoDB, XML for IAM and STS.

Any `Fault` can be written in either form. The errors that concern the signature or the token have another
code and status in the query protocol: see `QUERY_NAMES`.
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
"""From an error code in the JSON protocol to the code and the HTTP status in the query protocol."""


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(value: str) -> str:
    r"""Escape a string for an XML element; a character that XML 1.0 cannot contain becomes a question mark.

    Example:
        >>> xml_text("a < b\x01")
        'a &lt; b?'
    """
    return escape(_NOT_XML.sub("?", value), {"\r": "&#13;"})


def json_headers(body: bytes, request_id: str, version: str) -> dict[str, str]:
    """Return the headers of every JSON response; DynamoDB's clients check the CRC if it is sent."""
    return {
        "content-type": f"application/x-amz-json-{version}",
        "x-amzn-requestid": request_id,
        "x-amz-crc32": str(crc32(body)),
    }


def json_fault(fault: Fault, request_id: str, version: str = "1.0") -> Response:
    """Write an error as AWS JSON: `__type`, `message`, and the other members of the error's shape.

    An error without a message has no member `message`, as on AWS.
    """
    message = {"message": fault.message} if fault.message else {}
    content = {"__type": fault.code, **message, **fault.details}
    body = json.dumps(content, separators=(",", ":")).encode()
    headers = json_headers(body, request_id, version) | {"x-amzn-errortype": fault.code}
    return Response(fault.status, body, headers)


def query_fault(fault: Fault, request_id: str, namespace: str) -> Response:
    """Write an error as the query protocol does: an `ErrorResponse` document."""
    code, status = QUERY_NAMES.get(fault.code, (fault.code, fault.status))
    kind = "Receiver" if status >= 500 else "Sender"
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{xml_text(code)}</Code>'
        f"<Message>{xml_text(fault.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Response(status, body.encode(), {"content-type": "text/xml", "x-amzn-requestid": request_id})


def not_a_call(request_id: str) -> Response:
    """Return AWS's response to a request that is not an API call: a wrong method or content type."""
    return Response(
        404, b"<UnknownOperationException/>\n", {"content-type": "text/xml", "x-amzn-requestid": request_id}
    )
