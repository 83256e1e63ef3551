"""The sessions of a lab's principals: whatever is done with them, no connection leaves this machine."""

import os
import socket
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import HTTPClientError

from dynaseal_lab.testing import LabAccount, LabPrincipal


class LeftTheMachineError(Exception):
    """A connection or a name lookup that is not about this machine."""


@pytest.fixture(autouse=True)
def _guard(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            raise LeftTheMachineError(address)
        connect(self, address)

    def guarded_look_up(host: Any, *args: Any, **parameters: Any) -> Any:
        if host not in ("127.0.0.1", "::1", "localhost", None):
            raise LeftTheMachineError(host)
        return look_up(host, *args, **parameters)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


def test_the_guard_sees_a_client_of_aws() -> None:
    config = Config(retries={"total_max_attempts": 1})
    keys: dict[str, Any] = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    with pytest.raises(HTTPClientError, match=r"kms\.eu-west-1\.amazonaws\.com"):
        boto3.client("kms", "eu-west-1", endpoint_url=AWS, config=config, **keys).list_keys()


AWS = "https://kms.eu-west-1.amazonaws.com"
PRINCIPALS: dict[str, Callable[[LabAccount], LabPrincipal]] = {
    "root": lambda account: account.root,
    "user": lambda account: account.user("ann", {"Effect": "Allow", "Action": "*", "Resource": "*"}),
    "role": lambda account: account.user(
        "bob", {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    ).assume_role(
        account.role(
            "reader", {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account.root.arn}}
        )
    ),
}
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "nothing set": {},
    "configured endpoints ignored": {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    "another endpoint": {"AWS_ENDPOINT_URL": "https://aws.example"},
    "another endpoint for KMS": {"AWS_ENDPOINT_URL_KMS": "https://kms.example"},
    "a proxy": {"HTTP_PROXY": "http://proxy.example:1", "http_proxy": "http://proxy.example:1"},
    "a profile that does not exist": {"AWS_PROFILE": "none"},
    "another Region": {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2"},
    "a session token": {"AWS_SESSION_TOKEN": "token"},
}
# The stubs of botocore's Config lack this option.
OPTIONS: dict[str, Any] = {"ignore_configured_endpoint_urls": True}
IGNORING_ENDPOINTS = Config(**OPTIONS)


def list_keys(client: Any) -> Any:
    """Call KMS through a client that botocore's stubs do not know as one of KMS."""
    return client.list_keys()


USES: dict[str, Callable[[boto3.Session], Any]] = {
    "client": lambda session: session.client("kms").list_keys(),
    "another Region": lambda session: session.client("kms", region_name="ap-south-1").list_keys(),
    "no endpoint": lambda session: session.client("kms", endpoint_url=None).list_keys(),
    "ignoring endpoints": lambda session: session.client("kms", config=IGNORING_ENDPOINTS).list_keys(),
    "sts": lambda session: session.client("sts").get_caller_identity(),
    "iam": lambda session: session.client("iam").list_users(),
    "table": lambda session: list(session.resource("dynamodb").tables.all()),
    "streams": lambda session: session.client("dynamodbstreams").list_streams(),
    "botocore": lambda session: list_keys(session._session.create_client("kms")),
    "botocore, positional": lambda session: list_keys(
        session._session.create_client("kms", "eu-west-1", None, True, None, None)
    ),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_session_calls_the_lab(
    account: LabAccount, environment: str, use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ENVIRONMENTS[environment].items():
        monkeypatch.setenv(name, value)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    USES[use](account.root.session)


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_a_session_signs_as_its_principal_in_its_region(account: LabAccount, principal: str) -> None:
    expected = PRINCIPALS[principal](account)
    session = expected.session
    assert session.client("sts").get_caller_identity()["Arn"] == expected.arn
    assert session.region_name == session.client("kms").meta.region_name == expected.settings["AWS_REGION"]


@pytest.mark.parametrize("service", ["s3", "secretsmanager", "lambda"])
def test_a_service_that_the_lab_does_not_have_is_refused_by_the_lab(
    account: LabAccount, service: str
) -> None:
    session: Any = account.root.session
    client = session.client(service, config=Config(retries={"total_max_attempts": 1}))
    operation = {"s3": "list_buckets", "secretsmanager": "list_secrets", "lambda": "list_functions"}[service]
    with pytest.raises(client.exceptions.ClientError):
        getattr(client, operation)()


def test_another_endpoint_is_used_where_it_is_named(account: LabAccount) -> None:
    client = account.root.session.client("kms", endpoint_url="http://127.0.0.1:1")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
