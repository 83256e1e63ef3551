"""A small client of the lab: one persistent connection, requests signed by botocore."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "eu-west-1"
_TARGETS = {"kms": ("TrentService", "1.1"), "dynamodb": ("DynamoDB_20120810", "1.0")}


@dataclass(frozen=True)
class Reply:
    """A reply of KMS or DynamoDB."""

    status: int
    content: dict[str, Any]

    @property
    def code(self) -> str:
        """The error's code; empty for a success."""
        return str(self.content.get("__type", "")).rpartition("#")[2] if self.status != 200 else ""

    @property
    def message(self) -> str:
        """The error's message; empty for a success."""
        return str(self.content.get("message") or self.content.get("Message") or "")


class SignedClient:
    """Calls signed with one access key over one connection."""

    def __init__(self, host: str, settings: Mapping[str, str]) -> None:
        self._host = host
        self._credentials = Credentials(settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"])
        self._connection = HTTPConnection(host, timeout=60)

    def json(self, service: str, operation: str, **params: Any) -> Reply:
        """Call KMS or DynamoDB."""
        target, version = _TARGETS[service]
        headers = {
            "X-Amz-Target": f"{target}.{operation}",
            "Content-Type": f"application/x-amz-json-{version}",
        }
        status, body = self._send(service, headers, json.dumps(params).encode())
        return Reply(status, json.loads(body or b"{}"))

    def iam(self, action: str, **params: str) -> tuple[int, str]:
        """Call IAM and return the status and the XML."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        form = urlencode({"Action": action, "Version": "2010-05-08", **params}).encode()
        status, body = self._send("iam", headers, form)
        return status, body.decode()

    def close(self) -> None:
        self._connection.close()

    def _send(self, service: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        headers["Host"] = self._host
        request = AWSRequest("POST", f"http://{self._host}/", headers, body)
        SigV4Auth(self._credentials, service, REGION).add_auth(request)
        self._connection.request("POST", "/", body, dict(request.headers.items()))
        response = self._connection.getresponse()
        return response.status, response.read()
