"""People of a lab's accounts, what they sign with, and what AWS says to them when it refuses."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from dynaseal_lab.server import RunningLab
from dynaseal_lab.stack.provision import access_key


@dataclass(frozen=True)
class Person:
    """A principal in one Region of a lab."""

    endpoint: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.key_id,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=Config(retries={"total_max_attempts": 1}),
        )

    @property
    def arn(self) -> str:
        return self.client("sts").get_caller_identity()["Arn"]

    def signing_with(self, key_id: str, secret: str, token: str | None = None) -> "Person":
        return Person(self.endpoint, self.region, key_id, secret, token)

    def key_of(self, user: str) -> "Person":
        """The user of that name, by a new access key."""
        key = access_key(self.client("iam"), user)
        return self.signing_with(key.id, key.secret)

    def new_user(self, name: str, *actions: str) -> "Person":
        """A new user whom an IAM policy allows these actions on everything."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName=name, PolicyName="wide", PolicyDocument=document)
        return self.key_of(name)

    def remove_user(self, name: str) -> None:
        iam = self.client("iam")
        iam.delete_user_policy(UserName=name, PolicyName="wide")
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)

    def assume(self, role_arn: str) -> "Person":
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="session")["Credentials"]
        return self.signing_with(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def root(lab: RunningLab, account: str, region: str) -> Person:
    """The root of an account."""
    return Person(lab.endpoint, region, account, lab.root_secret)


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """AWS's message for a call that must end in AccessDeniedException."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    return refused.value.response["Error"]["Message"]
