"""An account of a lab for one test: its root, its users, keys and tables.

Rules:
- Every test has an account of its own: nothing that one makes is seen by another.
- A new user may do nothing; what they may is said in the test.

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
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from dynaseal_lab.client import LabClient
from dynaseal_lab.environment import environment, settings
from dynaseal_lab.server import RunningLab, running

_ONCE = Config(retries={"total_max_attempts": 1})
"""A lab on this machine answers, or is not there; a refusal is the same the second time."""


@dataclass(frozen=True, slots=True)
class LabPrincipal:
    """Somebody who signs: an account's root, or a user.

    `settings` are what AWS's tools need to act as them: endpoint, Region, access key.
    """

    arn: str
    settings: Mapping[str, str] = field(repr=False)

    @property
    def session(self) -> boto3.Session:
        """A boto3 session with their access key."""
        return boto3.Session(
            self.settings["AWS_ACCESS_KEY_ID"],
            self.settings["AWS_SECRET_ACCESS_KEY"],
            region_name=self.settings["AWS_REGION"],
        )

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a program that acts as them and sees nothing else of AWS."""
        return environment(os.environ, self.settings)

    def client(self, service: str) -> Any:
        """A boto3 client that signs as them; boto3 makes its class at run time, so it has no type."""
        session: Any = self.session
        return session.client(service, endpoint_url=self.settings["AWS_ENDPOINT_URL"], config=_ONCE)

    def resource(self, service: str) -> Any:
        """A boto3 resource that signs as them."""
        session: Any = self.session
        return session.resource(service, endpoint_url=self.settings["AWS_ENDPOINT_URL"], config=_ONCE)


@dataclass(frozen=True, slots=True)
class LabUser(LabPrincipal):
    """A user of an account, who may do what `may` said."""

    name: str
    account: "LabAccount" = field(repr=False)

    def may(self, *actions: str, resource: str = "*", **elements: Any) -> "LabUser":
        """Allow the user these actions, from now on.

        Args:
            actions: `kms:Decrypt`, `dynamodb:*`.
            resource: What on.
            elements: Further elements of the statement: `Condition`, `Sid`.
        """
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource, **elements}
        iam = self.account.client("iam")
        made = len(iam.list_user_policies(UserName=self.name)["PolicyNames"])
        iam.put_user_policy(UserName=self.name, PolicyName=f"may-{made}", PolicyDocument=policy(statement))
        return self


@dataclass(frozen=True, slots=True)
class LabAccount:
    """One account of a lab, as its root sees it."""

    number: str
    lab: RunningLab
    region: str

    @property
    def root(self) -> LabPrincipal:
        """The account's root user."""
        arn = f"arn:aws:iam::{self.number}:root"
        return LabPrincipal(arn, self._settings(self.number, self.lab.root_secret))

    def client(self, service: str) -> Any:
        """A boto3 client of the root's."""
        return self.root.client(service)

    def resource(self, service: str) -> Any:
        """A boto3 resource of the root's."""
        return self.root.resource(service)

    def user(self, name: str, *statements: Mapping[str, Any]) -> LabUser:
        """A new user with an access key, and with an inline policy of these statements, if there are any."""
        iam = self.client("iam")
        arn: str = iam.create_user(UserName=name)["User"]["Arn"]
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return LabUser(arn, self._settings(key["AccessKeyId"], key["SecretAccessKey"]), name, self)

    def key(self, *statements: Mapping[str, Any]) -> str:
        """The ARN of a new symmetric KMS key; with KMS's usual policy, or one of these statements."""
        given = {"Policy": policy(*statements)} if statements else {}
        arn: str = self.client("kms").create_key(**given)["KeyMetadata"]["Arn"]
        return arn

    def table(self, name: str, partition_key: str = "pk", sort_key: str | None = None) -> str:
        """The name of a new table whose keys are texts, paid by request."""
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
        """What was decided in the account so far, oldest first, as `dynaseal lab trail --json` prints it."""
        return LabClient.signing(self.lab.endpoint, self.number, self.lab.root_secret).trail()

    def _settings(self, key_id: str, secret: str) -> Mapping[str, str]:
        return settings(self.lab.endpoint, self.region, key_id, secret)


_KEY_KINDS = ("HASH", "RANGE")
_FIRST_ACCOUNT = 100_000_000_001


@dataclass(frozen=True, slots=True)
class LabServer:
    """A lab that runs, with accounts that nobody has used yet."""

    lab: RunningLab
    region: str
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(_FIRST_ACCOUNT), repr=False)

    def new_account(self) -> LabAccount:
        """An empty account."""
        return LabAccount(str(next(self._numbers)), self.lab, self.region)


@contextmanager
def served(region: str) -> Generator[LabServer]:
    """A lab in this process for the time of a `with` block.

    Args:
        region: The Region of its accounts' clients.
    """
    with running() as lab:
        yield LabServer(lab, region)


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy document of these statements.

    Example:
        >>> policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}'
    """
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
