"""Accounts of a lab for tests: each with its root, users, roles, keys and tables.

Rules:
- Every test has an account of its own, so no test sees what another one created.
- A new user may do nothing; the test allows what the user needs.

Example:
    >>> from dynaseal_lab.server import running
    >>> with running() as lab:
    ...     account = LabAccount("111122223333", lab, "eu-west-1")
    ...     account.user("ann").client("sts").get_caller_identity()["Arn"]
    'arn:aws:iam::111122223333:user/ann'
"""

import itertools
import json
import os
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
import botocore.session
from botocore.config import Config

from dynaseal_lab.client import LabClient
from dynaseal_lab.environment import environment, settings
from dynaseal_lab.server import RunningLab, running

_WITHOUT_PROXY = Config(proxies={})
"""A proxy cannot reach this machine's loopback address, and must not see what is meant for a lab."""

_NO_RETRIES = Config(retries={"total_max_attempts": 1}, proxies={})
"""A lab on this machine answers at once or is not running, and it refuses a call the same way twice."""


class _LabSession(botocore.session.Session):
    """A botocore session whose clients, of whatever service, call the lab unless they name another endpoint.

    The configuration's `endpoint_url` alone is not enough: a client and the environment can have botocore
    ignore it (`ignore_configured_endpoint_urls`), and then the client would call AWS.
    """

    def __init__(self, principal: "LabPrincipal") -> None:
        # Without a profile, because the user's own has nothing to do with a lab, and may not exist.
        super().__init__(session_vars={"profile": (None, None, None, None)})
        self._lab_endpoint = principal.settings["AWS_ENDPOINT_URL"]
        self.set_config_variable("region", principal.settings["AWS_REGION"])
        self.set_config_variable("endpoint_url", self._lab_endpoint)
        self.set_credentials(
            principal.access_key_id,
            principal.secret_access_key,
            principal.settings.get("AWS_SESSION_TOKEN"),
        )
        self.set_default_client_config(_WITHOUT_PROXY)

    def create_client(  # noqa: PLR0917 - botocore's positional arguments
        self,
        service_name: str,
        region_name: str | None = None,
        api_version: str | None = None,
        use_ssl: bool | None = True,
        verify: bool | str | None = None,
        endpoint_url: str | None = None,
        *args: Any,
        **parameters: Any,
    ) -> Any:
        """Create a client for the lab; boto3's sessions create theirs by this method too."""
        create: Any = super().create_client
        endpoint = endpoint_url or self._lab_endpoint
        return create(service_name, region_name, api_version, use_ssl, verify, endpoint, *args, **parameters)


class _PerThread(threading.local):
    """One boto3 session per thread, without a profile, for the clients of every principal.

    A new session reads the services' models again, which takes 40 ms; and a session is not thread-safe.
    """

    def __init__(self) -> None:
        without_profile = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        self.session = boto3.Session(botocore_session=without_profile)


_PER_THREAD = _PerThread()


@dataclass(frozen=True, slots=True)
class LabPrincipal:
    """Someone who signs requests to a lab: an account's root, a user, or a session.

    `settings` are the environment variables that AWS's tools need to act as this principal: endpoint, Region
    and access key.
    """

    arn: str
    settings: Mapping[str, str] = field(repr=False)

    @property
    def access_key_id(self) -> str:
        """The id of the access key that this principal signs with."""
        return self.settings["AWS_ACCESS_KEY_ID"]

    @property
    def secret_access_key(self) -> str:
        """The secret of that access key."""
        return self.settings["AWS_SECRET_ACCESS_KEY"]

    @property
    def session(self) -> boto3.Session:
        """A boto3 session that signs as this principal, and whose clients call the lab and never AWS."""
        return boto3.Session(botocore_session=_LabSession(self))

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a program that acts as this principal and sees nothing else of AWS."""
        return environment(os.environ, self.settings)

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Return a boto3 client that signs as this principal.

        Args:
            service: `kms`, `dynamodb`, `iam` or `sts`.
            region: Another Region than the account's.
        """
        return self._boto("client", service, region)

    def resource(self, service: str, *, region: str | None = None) -> Any:
        """Return a boto3 resource that signs as this principal."""
        return self._boto("resource", service, region)

    def assume_role(self, role_arn: str, **parameters: Any) -> "LabPrincipal":
        """Return a new session of a role.

        Args:
            role_arn: The role.
            parameters: Further parameters of AssumeRole, such as `Policy` or `Tags`.
        """
        request = {"RoleSessionName": "session", "RoleArn": role_arn, **parameters}
        reply = self.client("sts").assume_role(**request)
        return self.with_credentials(reply["Credentials"], arn=reply["AssumedRoleUser"]["Arn"])

    def with_credentials(self, credentials: Mapping[str, Any], *, arn: str | None = None) -> "LabPrincipal":
        """Return a principal of the same lab and Region that signs with other credentials.

        Args:
            credentials: As AWS returns them: `AccessKeyId`, `SecretAccessKey` and perhaps `SessionToken`.
            arn: Whose credentials they are, where it is not this principal.
        """
        other = settings(
            self.settings["AWS_ENDPOINT_URL"],
            self.settings["AWS_REGION"],
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials.get("SessionToken"),
        )
        return LabPrincipal(arn or self.arn, other)

    def _boto(self, kind: Literal["client", "resource"], service: str, region: str | None) -> Any:
        # boto3 creates the classes of clients and resources at run time, so they have no types.
        session: Any = _PER_THREAD.session
        return getattr(session, kind)(
            service,
            region or self.settings["AWS_REGION"],
            endpoint_url=self.settings["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.settings["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.settings["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=self.settings.get("AWS_SESSION_TOKEN"),
            config=_NO_RETRIES,
        )


@dataclass(frozen=True, slots=True)
class LabUser(LabPrincipal):
    """A user of an account; `may` allows actions."""

    name: str
    account: "LabAccount" = field(repr=False)

    def may(self, *actions: str, resource: str = "*", **elements: Any) -> "LabUser":
        """Allow the user these actions from now on.

        Args:
            actions: The actions, such as `kms:Decrypt` or `dynamodb:*`.
            resource: The resource on which they are allowed.
            elements: Further elements of the statement, such as `Condition` or `Sid`.
        """
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource, **elements}
        iam = self.account.client("iam")
        number = len(iam.list_user_policies(UserName=self.name)["PolicyNames"])
        iam.put_user_policy(UserName=self.name, PolicyName=f"may-{number}", PolicyDocument=policy(statement))
        return self


@dataclass(frozen=True, slots=True)
class LabAccount:
    """One account of a lab, seen by its root."""

    number: str
    lab: RunningLab
    region: str

    @property
    def root(self) -> LabPrincipal:
        """The account's root user."""
        arn = f"arn:aws:iam::{self.number}:root"
        return LabPrincipal(arn, self._settings(self.number, self.lab.root_secret))

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Return a boto3 client that signs as the account's root."""
        return self.root.client(service, region=region)

    def resource(self, service: str, *, region: str | None = None) -> Any:
        """Return a boto3 resource that signs as the account's root."""
        return self.root.resource(service, region=region)

    def user(self, name: str, *statements: Mapping[str, Any]) -> LabUser:
        """Create a user with an access key; the statements, if any, become the user's inline policy."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        return self.existing_user(name)

    def existing_user(self, name: str) -> LabUser:
        """Return a user that exists already, with a new access key."""
        iam = self.client("iam")
        arn: str = iam.get_user(UserName=name)["User"]["Arn"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return LabUser(arn, self._settings(key["AccessKeyId"], key["SecretAccessKey"]), name, self)

    def role(
        self, name: str, trust: Mapping[str, Any], *statements: Mapping[str, Any], **parameters: Any
    ) -> str:
        """Create a role and return its ARN.

        Args:
            name: The role's name.
            trust: The statement of its trust policy.
            statements: The statements of its inline policy, if there are any.
            parameters: Further parameters of CreateRole, such as `MaxSessionDuration`.
        """
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust), **parameters)["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        arn: str = role["Arn"]
        return arn

    def key(self, *statements: Mapping[str, Any]) -> str:
        """Create a symmetric KMS key and return its ARN.

        Its key policy has these statements, or else is KMS's default policy.
        """
        parameters = {"Policy": policy(*statements)} if statements else {}
        arn: str = self.client("kms").create_key(**parameters)["KeyMetadata"]["Arn"]
        return arn

    def table(self, name: str, partition_key: str = "pk", sort_key: str | None = None) -> str:
        """Create an on-demand table whose key attributes are strings, and return its name."""
        names = [partition_key] if sort_key is None else [partition_key, sort_key]
        self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(names, _KEY_KINDS, strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in names],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def trail(self) -> Sequence[Mapping[str, Any]]:
        """Return the account's decisions so far, oldest first, as `dynaseal lab trail --json` prints them."""
        return LabClient.signing(self.lab.endpoint, self.number, self.lab.root_secret).trail()

    def _settings(self, key_id: str, secret: str) -> Mapping[str, str]:
        return settings(self.lab.endpoint, self.region, key_id, secret)


_KEY_KINDS = ("HASH", "RANGE")
_FIRST_ACCOUNT = 100_000_000_001


@dataclass(frozen=True, slots=True)
class LabServer:
    """A running lab with accounts that nobody has used yet."""

    lab: RunningLab
    region: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(_FIRST_ACCOUNT), repr=False)

    def new_account(self, region: str | None = None) -> LabAccount:
        """Return an empty account.

        Args:
            region: The Region of its clients, if not the server's.
        """
        return LabAccount(str(next(self._numbers)), self.lab, region or self.region)


@contextmanager
def served(region: str) -> Generator[LabServer]:
    """Run a lab in this process during a `with` block.

    Args:
        region: The Region of the accounts' clients.
    """
    with running() as lab:
        yield LabServer(lab, region)


def policy(*statements: Mapping[str, Any]) -> str:
    """Return a policy document with these statements.

    Example:
        >>> policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}'
    """
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
