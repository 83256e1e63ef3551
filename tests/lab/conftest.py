"""One lab a test process, over HTTP; every test has an account of its own in it."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config

from dynaseal_lab.server import RunningLab, running

REGION = "eu-west-1"
_ACCOUNTS = itertools.count(700_000_000_001)


@dataclass(frozen=True)
class Keys:
    """What a client signs with."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Account:
    """An account of the lab, as its root sees it and as its users do."""

    number: str
    lab: RunningLab

    @property
    def root(self) -> Keys:
        return Keys(self.number, self.lab.root_secret)

    def client(self, service: str, keys: Keys | None = None, region: str = REGION) -> Any:
        """A boto3 client; of root, where no keys are given."""
        keys = keys or self.root
        return boto3.client(
            service,
            endpoint_url=self.lab.endpoint,
            region_name=region,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret,
            aws_session_token=keys.token,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def user(self, name: str, *statements: dict[str, Any]) -> Keys:
        """A new user with an access key, and with an inline policy of these statements."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, name: str, trust: dict[str, Any], *statements: dict[str, Any], **params: Any) -> str:
        """A new role with one trusting statement; the answer is its ARN."""
        iam = self.client("iam")
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust), **params)["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        return role["Arn"]

    def assume(self, keys: Keys, arn: str, **params: Any) -> Keys:
        """The keys of a new session of a role."""
        given = {"RoleSessionName": "session", "RoleArn": arn} | params
        made = self.client("sts", keys).assume_role(**given)["Credentials"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource} | elements


def deny(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": resource} | elements


def trusts(principal: str, *actions: str, **elements: Any) -> dict[str, Any]:
    wanted = list(actions) or ["sts:AssumeRole"]
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": wanted} | elements


@pytest.fixture(scope="session")
def running_lab() -> Iterator[RunningLab]:
    with running() as lab:
        yield lab


@pytest.fixture
def account(running_lab: RunningLab) -> Account:
    return Account(str(next(_ACCOUNTS)), running_lab)


@pytest.fixture
def other_account(running_lab: RunningLab) -> Account:
    return Account(str(next(_ACCOUNTS)), running_lab)
