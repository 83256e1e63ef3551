"""A client of a running lab for the command line, with the credentials that AWS's tools find."""

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

_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


class NotALabError(click.ClickException):
    """The endpoint is not a lab's, or the lab refuses to answer."""


@dataclass(frozen=True, slots=True)
class LabClient:
    """The requests that the commands send.

    `session` is a botocore session. botocore creates the classes of its clients at run time, so they have no
    types.
    """

    endpoint: str
    session: Any = field(repr=False)

    @classmethod
    def at(cls, endpoint: str) -> "LabClient":
        """Return a client of the lab at `endpoint`, in the Region that the environment names.

        Raises:
            NotALabError: The endpoint is not on this machine; labs serve only this machine.
        """
        if urlsplit(endpoint).hostname not in _LOOPBACK_HOSTS:
            raise NotALabError(
                f"{endpoint} is not on this machine, so it is not a lab; "
                "use the endpoint that `dynaseal lab serve` printed"
            )
        return cls(endpoint, get_session())

    @classmethod
    def signing(cls, endpoint: str, key_id: str, secret: str) -> "LabClient":
        """Return a client that signs with this access key instead of the one that AWS's tools find."""
        client = cls.at(endpoint)
        client.session.set_credentials(key_id, secret)
        return client

    def trail(self, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return the decisions in the caller's account, from after the event with a sequence number.

        Raises:
            NotALabError: The request is refused, or the endpoint is not a lab's.
        """
        content = self._send("GET", f"/_lab/trail?after={after}")
        if "events" not in content:
            raise self._not_a_lab(content)
        return content["events"]

    def clock(self) -> Mapping[str, Any]:
        """Return the lab's time: `now`, and how many `seconds_ahead` of the machine's clock that is.

        Raises:
            NotALabError: The request is refused, or the endpoint is not a lab's.
        """
        return self._clock(self._send("GET", "/_lab/clock"))

    def advance_clock(self, by: timedelta) -> Mapping[str, Any]:
        """Move the lab's time forward and return it as `clock` does.

        Raises:
            NotALabError: The request is refused, or the endpoint is not a lab's.
        """
        body = json.dumps({"advance_seconds": by.total_seconds()})
        return self._clock(self._send("POST", "/_lab/clock", body))

    def _clock(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        if "seconds_ahead" not in content:
            raise self._not_a_lab(content)
        return content

    def _not_a_lab(self, content: Mapping[str, Any]) -> NotALabError:
        return NotALabError(str(content.get("message", f"{self.endpoint} is not a lab")))

    def users(self) -> Sequence[Mapping[str, Any]]:
        """Return the users of the caller's account."""
        iam = self._iam()
        pages = iam.get_paginator("list_users").paginate()
        return [self._user(iam, user["UserName"], user["Arn"]) for page in pages for user in page["Users"]]

    def new_credentials(self, user_name: str) -> Mapping[str, str]:
        """Create an access key for a user, and return the environment variables of a program that uses it."""
        key = self._iam().create_access_key(UserName=user_name)["AccessKey"]
        return settings(self.endpoint, self._region(), key["AccessKeyId"], key["SecretAccessKey"])

    def delete_credentials(self, user_name: str, key_id: str) -> None:
        """Delete an access key of a user."""
        self._iam().delete_access_key(UserName=user_name, AccessKeyId=key_id)

    def _region(self) -> str:
        """Return the environment's Region; most SDKs read AWS_REGION, boto3 reads AWS_DEFAULT_REGION."""
        region = os.environ.get("AWS_REGION") or self.session.get_config_variable("region")
        return str(region or DEFAULT_REGION)

    def _iam(self) -> Any:
        """Return an IAM client without retries: a lab on this machine answers at once or is not running."""
        no_retries = Config(retries={"total_max_attempts": 1})
        return self.session.create_client(
            "iam", self._region(), endpoint_url=self.endpoint, config=no_retries
        )

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
            raise NotALabError(f"{self.endpoint} is not a lab") from error
        return cast("dict[str, Any]", content) if isinstance(content, dict) else {}
