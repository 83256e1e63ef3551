"""A lab as the command line sees it: over HTTP, with the credentials that AWS's tools find."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import click
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import URLLib3Session
from botocore.session import get_session

from dynaseal_lab.environment import DEFAULT_REGION, settings

_HERE = ("127.0.0.1", "localhost", "::1")


class NotALabError(click.ClickException):
    """What answers is no lab, or refuses to answer."""


@dataclass(frozen=True, slots=True)
class LabClient:
    """The few questions that the commands ask.

    `session` is a botocore session; its clients are made at run time, so they have no types.
    """

    endpoint: str
    session: Any = field(repr=False)

    @classmethod
    def at(cls, endpoint: str) -> "LabClient":
        """A client of the lab at `endpoint`, in the Region of the environment.

        Raises:
            NotALabError: The endpoint is not on this machine: a lab never is elsewhere.
        """
        if urlsplit(endpoint).hostname not in _HERE:
            raise NotALabError(f"{endpoint} is not on this machine, so it is no lab")
        return cls(endpoint, get_session())

    @classmethod
    def signing(cls, endpoint: str, key_id: str, secret: str) -> "LabClient":
        """A client that signs with a given access key instead of what AWS's tools find."""
        client = cls.at(endpoint)
        client.session.set_credentials(key_id, secret)
        return client

    def trail(self, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """What was decided in the caller's account, after the event of a sequence number.

        Raises:
            NotALabError: The answer is a refusal, or no lab's.
        """
        content = self._send("GET", f"/_lab/trail?after={after}")
        if "events" not in content:
            raise NotALabError(str(content.get("message", f"{self.endpoint} is no lab")))
        return content["events"]

    def clock(self) -> Mapping[str, Any]:
        """The lab's time: `now`, and `seconds_ahead` of the machine's.

        Raises:
            NotALabError: The answer is a refusal, or no lab's.
        """
        return self._clock(self._send("GET", "/_lab/clock"))

    def advance_clock(self, by: timedelta) -> Mapping[str, Any]:
        """Move the lab's time forward; what it is then.

        Raises:
            NotALabError: The answer is a refusal, or no lab's.
        """
        body = json.dumps({"advance_seconds": by.total_seconds()})
        return self._clock(self._send("POST", "/_lab/clock", body))

    def _clock(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        if "seconds_ahead" not in content:
            raise NotALabError(str(content.get("message", f"{self.endpoint} is no lab")))
        return content

    def users(self) -> Sequence[Mapping[str, Any]]:
        """The users of the caller's account."""
        iam = self._iam()
        pages = iam.get_paginator("list_users").paginate()
        return [self._user(iam, user["UserName"], user["Arn"]) for page in pages for user in page["Users"]]

    def new_credentials(self, user_name: str) -> Mapping[str, str]:
        """A new access key of a user, as the environment of a program that shall act as them."""
        key = self._iam().create_access_key(UserName=user_name)["AccessKey"]
        return settings(self.endpoint, self._region(), key["AccessKeyId"], key["SecretAccessKey"])

    def delete_credentials(self, user_name: str, key_id: str) -> None:
        """Take an access key back."""
        self._iam().delete_access_key(UserName=user_name, AccessKeyId=key_id)

    def _region(self) -> str:
        """The environment's Region by either of its names: most SDKs read the first, boto3 the second."""
        named = os.environ.get("AWS_REGION") or self.session.get_config_variable("region")
        return str(named or DEFAULT_REGION)

    def _iam(self) -> Any:
        """An IAM client that asks once: a lab on this machine answers, or is not there."""
        once = Config(retries={"total_max_attempts": 1})
        return self.session.create_client("iam", self._region(), endpoint_url=self.endpoint, config=once)

    def _user(self, iam: Any, name: str, arn: str) -> Mapping[str, Any]:
        attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
        keys = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
        return {
            "name": name,
            "arn": arn,
            "groups": [group["GroupName"] for group in iam.list_groups_for_user(UserName=name)["Groups"]],
            "policies": [
                *iam.list_user_policies(UserName=name)["PolicyNames"],
                *(policy["PolicyName"] for policy in attached),
            ],
            "access_keys": [f"{key['AccessKeyId']} ({key['Status'].lower()})" for key in keys],
        }

    def _send(self, method: str, path: str, body: str = "") -> Mapping[str, Any]:
        credentials = self.session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        request = AWSRequest(method=method, url=self.endpoint.rstrip("/") + path, data=body)
        SigV4Auth(credentials.get_frozen_credentials(), "lab", self._region()).add_auth(request)
        response = URLLib3Session().send(request.prepare())
        try:
            content: Any = json.loads(response.content)
        except ValueError as error:
            raise NotALabError(f"{self.endpoint} is no lab") from error
        return cast("dict[str, Any]", content) if isinstance(content, dict) else {}
