"""A lab with a table, two users and the inspector; and a browser where Chromium is installed."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import httpx
import pytest
from playwright.sync_api import Browser

from dynaseal import AttributeActions, AwsKmsKeyring, CryptoAction, EncryptedTable
from dynaseal.inspector.serving import running as running_inspector
from dynaseal_lab.server import running
from support.browser import running_chromium

REGION = "eu-west-1"
SECRET = "behind the third stone"
ACTIONS = AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN})
MAY_READ = ["dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]


@dataclass(frozen=True)
class Site:
    """An inspector, and the stack that it shows."""

    url: str
    key_arn: str
    endpoint: str

    @property
    def origin(self) -> str:
        return self.url.partition("/?")[0]


def new_table(key_arn: str, name: str = "people") -> EncryptedTable:
    table = boto3.resource("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return EncryptedTable(table, AwsKmsKeyring(key_arn), attribute_actions=ACTIONS)


def allow(user: str, *actions: str) -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
    boto3.client("iam").put_user_policy(UserName=user, PolicyName="read", PolicyDocument=json.dumps(document))


# One per module, because it sets the environment, which the tests of other packages must not see.
@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """An inspector as a lab's root, with the users `full`, `limited` and `stranger`."""
    with running() as lab, pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setattr(boto3, "DEFAULT_SESSION", None)
        environment.setenv("AWS_ENDPOINT_URL", lab.endpoint)
        environment.setenv("AWS_DEFAULT_REGION", REGION)
        environment.setenv("AWS_ACCESS_KEY_ID", str(10**11 + secrets.randbelow(9 * 10**11)))
        environment.setenv("AWS_SECRET_ACCESS_KEY", lab.root_secret)
        key_arn = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        people = new_table(key_arn)
        people.put_item(Item={"pk": "ann", "plan": "gold", "secret": SECRET})
        for user in ("full", "limited", "stranger"):
            boto3.client("iam").create_user(UserName=user)
        allow("full", *MAY_READ, "kms:Decrypt")
        allow("limited", *MAY_READ)
        with running_inspector() as url:
            yield Site(url, key_arn, lab.endpoint)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """A browser without JavaScript that has opened the printed URL."""
    with httpx.Client(follow_redirects=True) as client:
        client.base_url = client.get(site.url).url
        yield client
