"""Clients of one AWS service, one per Region, made when they are first needed."""

from collections.abc import Callable, Mapping
from inspect import iscoroutine
from threading import Lock
from typing import Any, Protocol

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.session import Session

from dynaseal import drivers
from dynaseal.boto.keys.region import HINT, region_name
from dynaseal.boto.user_agent import user_agent_suffix
from dynaseal.core.arguments import check_callables, check_methods
from dynaseal.errors import ConfigError
from dynaseal.materials import forks


class UntypedClient(Protocol):
    """A botocore client whose operations a type checker does not know.

    That is what `boto3.client(...)` returns where boto3-stubs is not installed, and what botocore's Stubber
    has as `client`. A client of boto3-stubs does not match: its `get_paginator` accepts only the names of its
    own service's operations.
    """

    @property
    def meta(self) -> Any:
        """The client's metadata."""
        ...

    def get_paginator(self, operation_name: str) -> Any:
        """Return the paginator of an operation."""
        ...


class Clients:
    """A function from a Region's name (None for the session's Region) to a client of one service.

    Args:
        service: The service, such as `kms`.
        session: A botocore session; by default boto3's default session, looked up when it is first needed.
        clients: Clients by Region, which are used instead of making new ones.
        make_client: Makes a Region's client instead of the session; called once per Region.
    """

    def __init__(
        self,
        service: str,
        session: Session | None = None,
        clients: Mapping[str, Any] | None = None,
        make_client: Callable[[str], Any] | None = None,
    ) -> None:
        if make_client is not None:
            check_callables("A multi-keyring", clients=make_client)
        self._service = service
        self._session = session
        self._make_client = make_client
        self._given: dict[str | None, Any] = {}
        self._given.update(clients or {})
        self._clients = self._given.copy()
        self._lock = Lock()
        forks.register(self)

    def reset_after_fork(self) -> None:
        """Make new clients when they are needed: two processes must not share a client's connections."""
        self._clients = self._given.copy()
        self._lock = Lock()

    def __call__(self, region: str | None = None) -> Any:
        """Return the client for a Region; the same one each time.

        Raises:
            ConfigError: no Region is given, and neither session, environment nor profile has one; or
                `make_client` returned something else than a client.
        """
        client = self._clients.get(region)
        return drivers.call(self._make_once, region) if client is None else client

    def _make_once(self, region: str | None) -> Any:
        # Sessions are not safe for use by many threads; the clients that they make are.
        with self._lock:
            if (client := self._clients.get(region)) is None:
                client = self._clients[region] = self._make(region)
            return client

    def _make(self, region: str | None) -> Any:
        if self._make_client is not None and region is not None:
            return _checked(self._make_client(region), region)
        if region is None and (region := region_name(self._session)) is None:
            by_arn = f"Pass the key's ARN, or {HINT[0].lower()}{HINT[1:]}"
            hint = by_arn if self._service == "kms" else HINT
            raise ConfigError(f"No Region is set for {self._service}", hint=hint)
        # Any, because boto3's stubs have one overload for each service's name. The module `boto3` itself
        # makes clients of the default session, which a program may have set.
        maker: Any = boto3 if self._session is None else boto3.Session(botocore_session=self._session)
        config = Config(user_agent_extra=user_agent_suffix())
        return maker.client(self._service, region_name=region, config=config)


def check_kms_clients(owner: str, *, hint: str | None = None, **arguments: object) -> None:
    """Check that arguments are KMS clients.

    One that can only decrypt is accepted: it is enough to read.

    Args:
        owner: Whose arguments they are.
        hint: What to write.
        arguments: By name.

    Raises:
        ConfigError: one is not.
    """
    check_methods(owner, ("decrypt",), "a boto3 KMS client", hint=hint, **arguments)


def method_of(client: object, operation: str) -> Callable[..., Any]:
    """Return a client's method for an operation of AWS.

    A client that can only read is accepted where it is given, so a method can be missing when it is needed.

    Raises:
        ConfigError: the client does not have it.
    """
    name = xform_name(operation)
    method = getattr(client, name, None)
    if not callable(method):
        raise ConfigError(
            f"A client of the type {type(client).__name__} is used, and has no method {name}",
            hint="Pass a boto3 client, or an object with this method too",
        )
    return method


def _checked(client: Any, region: str) -> Any:
    """Check what a function of a multi-keyring returned before it is kept for every later call."""
    hint = 'Write clients=lambda region: boto3.client("kms", region_name=region), or leave it out'
    if iscoroutine(client):
        client.close()
        hint = "The function may not be a coroutine function: make asynchronous clients before the keyring"
    check_kms_clients("A multi-keyring", hint=hint, **{f"clients({region!r})": client})
    return client
