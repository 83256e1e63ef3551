"""The response when the lab itself fails: each service's own internal error, in its protocol.

Source: the services' models, and https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from collections.abc import Mapping

from dynaseal_lab.model import Fault
from dynaseal_lab.wire import query
from dynaseal_lab.wire.faults import json_fault, query_fault
from dynaseal_lab.wire.http import Request, Response
from dynaseal_lab.wire.json_rpc import json_version
from dynaseal_lab.wire.models import QUERY_SERVICES, TARGETS
from dynaseal_lab.wire.sigv4 import claimed_service

_CODES: Mapping[str, str] = {
    "kms": "KMSInternalException",
    "dynamodb": "InternalServerError",
    "dynamodbstreams": "InternalServerError",
    "iam": "ServiceFailure",
}
_MESSAGE = "The request processing has failed because of an unknown error, exception or failure."


def internal_failure(request: Request, request_id: str) -> Response:
    """Return the internal error of the service that the request is for."""
    if "x-amz-target" in request.headers:
        service = TARGETS.get(request.headers["x-amz-target"].partition(".")[0], "")
        return json_fault(_fault(service), request_id, json_version(service or None))
    claimed = claimed_service(request)
    service = claimed if claimed in QUERY_SERVICES else "iam"
    return query_fault(_fault(service), request_id, query.namespace(service))


def _fault(service: str) -> Fault:
    return Fault(_CODES.get(service, "InternalFailure"), _MESSAGE, status=500)
