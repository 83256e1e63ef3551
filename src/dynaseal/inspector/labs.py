"""A lab's control API, called over HTTP: whether it is a lab, who may do what there, and its trail.

Only an account's root may call it. The library does not import the lab; they meet here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_TIME_LIMIT = 10


class LabError(Exception):
    """The lab refused a request, or did not answer as a lab does; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Whether a principal may do an action, under the lab's policies as they are now.

    Attributes:
        principal: The principal's ARN.
        may: Whether it may.
        reason: Why, in words.
        statements: The statements that decided, or why those that allow the action do not apply.
    """

    principal: str
    may: bool
    reason: str
    statements: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lab:
    """The control API of a running lab.

    Args:
        endpoint: The lab's endpoint.
        credentials: botocore's credentials of an account's root.
        region: The Region in which requests are signed.
    """

    endpoint: str
    credentials: Any = field(repr=False)
    region: str

    def who_can(self, action: str, resource: str, context: Iterable[tuple[str, str]] = ()) -> list[Access]:
        """Return what the lab decides about an action on a resource for every principal of the account.

        Raises:
            LabError: the lab refuses.
        """
        pairs = [f"{name}={value}" for name, value in context]
        parameters = [("action", action), ("resource", resource), *(("context", pair) for pair in pairs)]
        # Percent-encoded in full: `+` for a space would be signed in one way and read in another.
        content = self._get(f"/_lab/who-can?{urlencode(parameters, quote_via=quote, safe='')}")
        return [
            Access(
                principal=str(entry["principal"]),
                may=entry["may"] is True,
                reason=str(entry["reason_in_words"]),
                statements=[*map(str, entry["statements"])],
            )
            for entry in content["principals"]
        ]

    def trail(self, after: int = 0) -> Sequence[Mapping[str, Any]]:
        """Return the decisions in the account, from after the event with a sequence number.

        Raises:
            LabError: the lab refuses.
        """
        return cast("list[Mapping[str, Any]]", self._get(f"/_lab/trail?after={after}")["events"])

    def _get(self, path: str) -> Mapping[str, Any]:
        request = AWSRequest(method="GET", url=self.endpoint.rstrip("/") + path)
        SigV4Auth(self.credentials.get_frozen_credentials(), "lab", self.region).add_auth(request)
        content = _content(request)
        if "message" in content:
            raise LabError(str(content["message"]))
        return content


def is_lab(endpoint: str) -> bool:
    """Return whether a lab answers at an endpoint on this machine; nothing is sent to another machine."""
    if urlsplit(endpoint).hostname not in _LOOPBACK_HOSTS:
        return False
    try:
        health = _content(AWSRequest(method="GET", url=endpoint.rstrip("/") + "/_lab/health"))
    except LabError:
        return False
    return health.get("status") == "ok"


def _content(request: AWSRequest) -> Mapping[str, Any]:
    session = URLLib3Session(timeout=_TIME_LIMIT, proxies={})
    try:
        content: Any = json.loads(session.send(request.prepare()).content)
    except (BotoCoreError, ValueError) as error:
        raise LabError(f"The lab does not answer: {error}") from None
    finally:
        session.close()
    return cast("Mapping[str, Any]", content) if isinstance(content, dict) else {}
