"""A client of a running lab for the command line, with the credentials that AWS's tools find."""

import json
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from operator import itemgetter
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

import click
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.httpsession import URLLib3Session
from botocore.parsers import ResponseParserError
from botocore.session import get_session

from dynaseal_lab.environment import DEFAULT_REGION, settings
from dynaseal_lab.printing import CommandError, printable

_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_TIME_LIMIT = 10
"""Seconds for an answer; a lab on this machine takes milliseconds."""

_ENDPOINT_HINT = "Use the endpoint that `dynaseal lab serve` printed."
_EVENT_TYPES: Mapping[str, type] = {
    "time": str,
    "request_id": str,
    "outcome": str,
    "action": str,
    "resource": str,
    "principal": str,
    "reason": str,
    "source": str,
    "statements": list,
    "encryption_context": dict,
    "sequence": int,
}
"""What a command needs of an event of the trail."""

_LONGEST = timedelta(days=101 * 366).total_seconds()
"""The lab's clock moves at most 100 years."""


class NotALabError(CommandError):
    """The endpoint is not a lab's, or the lab refuses to answer."""


@contextmanager
def _answers_of_a_lab(endpoint: str) -> Generator[None]:
    """Explain the failure of requests that a lab would answer; a refusal and a closed port stay as they are.

    Raises:
        NotALabError: Whatever listens at the endpoint does not answer as a lab does.
    """
    try:
        yield
    except EndpointConnectionError:
        raise
    except (ConnectTimeoutError, ReadTimeoutError):
        message = f"{endpoint} did not answer within {_TIME_LIMIT} seconds"
        raise NotALabError(message, _ENDPOINT_HINT) from None
    except (BotoConnectionError, HTTPClientError, ResponseParserError, KeyError, TypeError):
        raise NotALabError(f"{endpoint} is not a lab: it does not answer as one", _ENDPOINT_HINT) from None


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
        """Return a client of the lab that runs at `endpoint`, in the Region that the environment names.

        Raises:
            click.BadParameter: The endpoint is not a URL.
            NotALabError: The endpoint is not on this machine, or what listens there is not a lab.
        """
        client = cls._on_this_machine(endpoint)
        client.check_health()
        return client

    @classmethod
    def _on_this_machine(cls, endpoint: str) -> "LabClient":
        if _host(endpoint) not in _LOOPBACK_HOSTS:
            raise NotALabError(
                f"{endpoint} is not on this machine, so it is not a lab; "
                "use the endpoint that `dynaseal lab serve` printed"
            )
        return cls(endpoint, get_session())

    @classmethod
    def signing(cls, endpoint: str, key_id: str, secret: str) -> "LabClient":
        """Return a client that signs with this access key instead of the one that AWS's tools find."""
        client = cls._on_this_machine(endpoint)
        client.session.set_credentials(key_id, secret)
        return client

    def trail(self, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return the decisions in the caller's account, from after the event with a sequence number.

        Raises:
            NotALabError: The request is refused, or the endpoint is not a lab's.
        """
        content = self._send("GET", f"/_lab/trail?after={after}")
        events = content.get("events")
        if not isinstance(events, list) or not all(map(_is_event, cast("list[object]", events))):
            raise self._not_a_lab(content)
        return cast("list[dict[str, Any]]", events)

    def who_can(self, action: str, resource: str, context: Sequence[str] = ()) -> Mapping[str, Any]:
        """Return what the lab decides about an action on a resource for every principal.

        Args:
            action: The action, such as `kms:Decrypt`.
            resource: The resource's ARN, or its name in the account.
            context: Condition keys, each written `KEY=VALUE`.

        Raises:
            NotALabError: The request is refused, or the endpoint is not a lab's.
        """
        parameters = [("action", action), ("resource", resource), *(("context", pair) for pair in context)]
        # Percent-encoded in full: `+` for a space would be signed in one way and read in another.
        content = self._send("GET", f"/_lab/who-can?{urlencode(parameters, quote_via=quote, safe='')}")
        if "principals" not in content:
            raise self._not_a_lab(content)
        return content

    def control_policies(self) -> Mapping[str, str] | None:
        """Return the documents of the account's service control policies by name; None if it has none.

        Raises:
            NotALabError: The request is refused, or the endpoint is not a lab's.
        """
        return self._control_policies(self._send("GET", "/_lab/scp"))

    def set_control_policies(self, documents: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """Replace the account's service control policies, and return them; None removes them.

        Raises:
            NotALabError: The request is refused, or the endpoint is not a lab's.
        """
        return self._control_policies(self._send("POST", "/_lab/scp", json.dumps({"policies": documents})))

    def _control_policies(self, content: Mapping[str, Any]) -> Mapping[str, str] | None:
        if "policies" not in content:
            raise self._not_a_lab(content)
        return content["policies"]

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
        ahead = content.get("seconds_ahead")
        is_time = isinstance(ahead, int | float) and not isinstance(ahead, bool) and 0 <= ahead <= _LONGEST
        if not (is_time and isinstance(content.get("now"), str)):
            raise self._not_a_lab(content)
        return content

    def _not_a_lab(self, content: Mapping[str, Any]) -> NotALabError:
        message = content.get("message")
        if isinstance(message, str):
            return NotALabError(message)
        return NotALabError(f"{self.endpoint} is not a lab: it does not answer as one", _ENDPOINT_HINT)

    def users(self) -> Sequence[Mapping[str, Any]]:
        """Return the users of the caller's account."""
        iam = self._iam()
        with _answers_of_a_lab(self.endpoint):
            pages = iam.get_paginator("list_users").paginate()
            return [
                self._user(iam, user["UserName"], user["Arn"]) for page in pages for user in page["Users"]
            ]

    def new_credentials(self, user_name: str) -> Mapping[str, str]:
        """Create an access key for a user, and return the environment variables of a program that uses it."""
        iam = self._iam()
        with _answers_of_a_lab(self.endpoint):
            try:
                key = iam.create_access_key(UserName=user_name)["AccessKey"]
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "LimitExceeded":
                    raise
                raise _too_many_keys(user_name, self.access_keys(user_name)) from None
            return settings(self.endpoint, self._region(), key["AccessKeyId"], key["SecretAccessKey"])

    def access_keys(self, user_name: str) -> Sequence[str]:
        """Return the ids of a user's access keys, oldest first."""
        iam = self._iam()
        with _answers_of_a_lab(self.endpoint):
            keys = iam.list_access_keys(UserName=user_name)["AccessKeyMetadata"]
            return [key["AccessKeyId"] for key in sorted(keys, key=itemgetter("CreateDate"))]

    def delete_credentials(self, user_name: str, key_id: str) -> None:
        """Delete an access key of a user."""
        iam = self._iam()
        with _answers_of_a_lab(self.endpoint):
            iam.delete_access_key(UserName=user_name, AccessKeyId=key_id)

    def _region(self) -> str:
        """Return the environment's Region; most SDKs read AWS_REGION, boto3 reads AWS_DEFAULT_REGION."""
        region = os.environ.get("AWS_REGION") or self.session.get_config_variable("region")
        return str(region or DEFAULT_REGION)

    def _iam(self) -> Any:
        """Return an IAM client without retries: a lab on this machine answers at once or is not running."""
        config = Config(
            retries={"total_max_attempts": 1},
            connect_timeout=_TIME_LIMIT,
            read_timeout=_TIME_LIMIT,
            proxies={},  # a proxy cannot reach this machine's loopback address
        )
        return self.session.create_client("iam", self._region(), endpoint_url=self.endpoint, config=config)

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
        return self._content(request)

    def check_health(self) -> None:
        """Check that a lab runs at the endpoint; this request needs no credentials.

        Raises:
            NotALabError: What listens there is not a lab.
        """
        content = self._content(AWSRequest(method="GET", url=self.endpoint.rstrip("/") + "/_lab/health"))
        if content.get("status") != "ok":
            raise self._not_a_lab({})

    def _content(self, request: AWSRequest) -> Mapping[str, Any]:
        """Send a request and return the JSON object of its response."""
        with _answers_of_a_lab(self.endpoint):
            response = URLLib3Session(timeout=_TIME_LIMIT).send(request.prepare())
            body = response.content
        try:
            content: Any = json.loads(body)
        except (ValueError, RecursionError):
            raise self._not_a_lab({}) from None
        return cast("dict[str, Any]", content) if isinstance(content, dict) else {}


def _too_many_keys(user_name: str, key_ids: Sequence[str]) -> CommandError:
    return CommandError(
        f"{user_name} has {len(key_ids)} access keys already, which is IAM's limit: {', '.join(key_ids)}",
        f"Replace the oldest: dynaseal lab credentials {user_name} --replace",
    )


def _host(endpoint: str) -> str | None:
    """Return the host of a URL.

    Raises:
        click.BadParameter: It is not a URL.
    """
    try:
        url = urlsplit(endpoint)
        host, _port = url.hostname, url.port
    except ValueError:
        url, host = None, None
    if url is None or url.scheme not in ("http", "https") or not host or not printable(endpoint) == endpoint:
        raise click.BadParameter(
            f"{printable(endpoint)!r} is not a URL; write http://127.0.0.1:8765", param_hint="--endpoint"
        )
    return host


def _is_event(event: object) -> bool:
    if not isinstance(event, dict):
        return False
    members = cast("dict[str, object]", event)
    return all(isinstance(members.get(name), kind) for name, kind in _EVENT_TYPES.items())
