"""Requests to services of AWS that the lab does not have: an error that says so by name.

The error has the form that the service's SDK reads. Such requests are answered without verifying their
signature, which some services compute in another way, and are not in the trail.
"""

import json
from collections.abc import Mapping
from urllib.parse import parse_qs

from dynaseal_lab.model import Fault
from dynaseal_lab.wire.faults import json_fault, query_fault, xml_text
from dynaseal_lab.wire.http import Request, Response
from dynaseal_lab.wire.sigv4 import claimed_service

_SIGNING_NAMES = frozenset({"dynamodb", "iam", "kms", "lab", "sts"})
"""The services of the lab by the names in signatures; `lab` is its control API."""

_TITLES: Mapping[str, str] = {
    "application-autoscaling": "Application Auto Scaling",
    "cloudformation": "AWS CloudFormation",
    "ec2": "Amazon EC2",
    "events": "Amazon EventBridge",
    "kinesis": "Amazon Kinesis",
    "lambda": "AWS Lambda",
    "logs": "Amazon CloudWatch Logs",
    "monitoring": "Amazon CloudWatch",
    "organizations": "AWS Organizations",
    "s3": "Amazon S3",
    "secretsmanager": "AWS Secrets Manager",
    "sns": "Amazon SNS",
    "sqs": "Amazon SQS",
    "ssm": "AWS Systems Manager",
    "tagging": "AWS Resource Groups Tagging API",
}
_FEDERATION: Mapping[str, str] = {
    "AssumeRoleWithSAML": "SAML",
    "AssumeRoleWithWebIdentity": "OIDC",
}
"""Operations of STS that are not signed."""


def unsupported(request: Request, request_id: str) -> Response | None:
    """Return the error for a service or a kind of federation that the lab does not have; otherwise None."""
    operation = (
        parse_qs(request.body.decode("utf-8", "replace")).get("Action", [""])[0] if _is_form(request) else ""
    )
    if operation in _FEDERATION and "authorization" not in request.headers:
        message = (
            f"The lab does not have {_FEDERATION[operation]} federation, so it does not offer {operation}"
        )
        return query_fault(
            Fault("InvalidAction", message), request_id, "https://sts.amazonaws.com/doc/2011-06-15/"
        )
    service = claimed_service(request)
    if service is None or service in _SIGNING_NAMES:
        return None
    title = _TITLES.get(service, f"the service {service}")
    return _error(
        request, request_id, service, f"The lab does not have {title}; it has DynamoDB, IAM, KMS and STS"
    )


def _error(request: Request, request_id: str, service: str, message: str) -> Response:
    if "x-amz-target" in request.headers:
        return json_fault(Fault("UnknownOperationException", message), request_id)
    if _is_form(request):
        return query_fault(Fault("InvalidAction", message), request_id, "")
    if service == "s3":
        body = f"<Error><Code>NotImplemented</Code><Message>{xml_text(message)}</Message></Error>"
        return Response(
            501, body.encode(), {"content-type": "application/xml", "x-amz-request-id": request_id}
        )
    headers = {"content-type": "application/json", "x-amzn-errortype": "UnknownOperationException"}
    return Response(404, json.dumps({"message": message}).encode(), headers)


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
