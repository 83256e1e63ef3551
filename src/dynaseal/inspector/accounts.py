"""The AWS clients of the principals that a person looks with: the ambient one, and in a lab any of its users.

A lab's user gets a new access key when it is first chosen, and the key is deleted at the end.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from dynaseal.boto.keys.region import HINT, region_name
from dynaseal.errors import ConfigError
from dynaseal.inspector.labs import Lab, is_lab

_TIME_LIMIT = 10
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Actor:
    """A principal, with its clients.

    Attributes:
        user: The lab user's name; empty for the ambient principal.
        arn: The principal's ARN, or what is known instead.
        clients: Its clients by service.
    """

    user: str
    arn: str
    clients: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """What the principal is called: the last part of its ARN."""
        return self.user or self.arn.rpartition("/")[2].rpartition(":")[2]

    @property
    def dynamodb(self) -> Any:
        """Its DynamoDB client, which does not decrypt."""
        return self.clients["dynamodb"]

    @property
    def kms(self) -> Any:
        """Its KMS client."""
        return self.clients["kms"]

    @property
    def iam(self) -> Any:
        """Its IAM client."""
        return self.clients["iam"]


class Account:
    """The account that is looked at. Safe for many threads.

    Raises:
        ConfigError: no Region is set.
        BotoCoreError: there are no credentials, or the endpoint does not answer.

    Attributes:
        ambient: The principal that the environment's credentials are of.
        lab: The lab's control API; None if this is not a lab, or the ambient principal is not root in it.
        is_lab: Whether the endpoint of every client is the same lab's.
    """

    def __init__(self) -> None:
        region = region_name(None)
        if region is None:
            raise ConfigError("No Region is set", hint=HINT)
        self._region: str = region
        self._actors: dict[str, Actor] = {}
        self._key_ids: dict[str, str] = {}
        self._lock = Lock()
        session = boto3.Session(region_name=region)
        clients = _clients(session)
        self.ambient = Actor("", _caller(clients["sts"]), clients)
        self.endpoint: str = clients["dynamodb"].meta.endpoint_url
        # Policies are changed by the clients of KMS and IAM: where one of them calls AWS, all of it is AWS.
        endpoints = {client.meta.endpoint_url for client in clients.values()}
        self.is_lab = len(endpoints) == 1 and is_lab(self.endpoint)
        is_root = self.is_lab and self.ambient.arn.endswith(":root")
        self.lab = Lab(self.endpoint, session.get_credentials(), region) if is_root else None

    def users(self) -> Sequence[str]:
        """Return the names of the users that can be chosen: a lab's, if the ambient principal is its root."""
        if self.lab is None:
            return ()
        pages = self.ambient.iam.get_paginator("list_users").paginate()
        return [user["UserName"] for page in pages for user in page["Users"]]

    def actor(self, user: str) -> Actor:
        """Return a principal by its user's name; the ambient one for an empty name.

        Raises:
            LookupError: there is no such user, or this is not a lab.
            ConfigError: the user has two access keys already.
            botocore.exceptions.ClientError: IAM refuses an access key.
        """
        if not user:
            return self.ambient
        with self._lock:
            if user not in self._actors or not self._has_key(user):
                self._actors.pop(user, None)
                if user not in self.users():
                    raise LookupError(user)
                self._actors[user] = self._new_actor(user)
            return self._actors[user]

    def close(self) -> None:
        """Delete the access keys that were made, and close the connections."""
        for user, key_id in self._key_ids.items():
            with suppress(BotoCoreError, ClientError):  # the lab may have stopped, or the user is gone
                self.ambient.iam.delete_access_key(UserName=user, AccessKeyId=key_id)
        for actor in (self.ambient, *self._actors.values()):
            for client in actor.clients.values():
                client.close()
        self._key_ids.clear()
        self._actors.clear()

    def _has_key(self, user: str) -> bool:
        """Return whether a user's access key still exists; with it, or the user, it may have been deleted."""
        try:
            keys = self.ambient.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        except ClientError:
            return False
        return any(key["AccessKeyId"] == self._key_ids.get(user) for key in keys)

    def _new_actor(self, user: str) -> Actor:
        try:
            key = self.ambient.iam.create_access_key(UserName=user)["AccessKey"]
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "LimitExceeded":
                raise
            raise ConfigError(
                f"{user} has two access keys already, which is IAM's limit; to look as {user} needs another",
                hint="Delete one: `dynaseal lab users` lists them, `aws iam delete-access-key` deletes one",
            ) from None
        self._key_ids[user] = key["AccessKeyId"]
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=self._region)
        clients = _clients(session, self.endpoint)
        return Actor(user, _caller(clients["sts"]), clients)


def _clients(session: Any, endpoint: str | None = None) -> Mapping[str, Any]:
    """Return a session's clients; an endpoint is a lab's, which no proxy reaches."""
    config = Config(
        retries={"total_max_attempts": _ATTEMPTS},
        connect_timeout=_TIME_LIMIT,
        read_timeout=_TIME_LIMIT,
        proxies={} if endpoint else None,
    )
    return {
        service: session.client(service, endpoint_url=endpoint, config=config)
        for service in ("dynamodb", "iam", "kms", "sts")
    }


def _caller(sts: Any) -> str:
    """Return the ARN of a session's principal; an endpoint without STS, as DynamoDB Local's, says nothing."""
    try:
        return sts.get_caller_identity()["Arn"]
    except (ClientError, ResponseParserError):
        return "an unknown principal"
