"""Clients made from a session, one a Region, when they are first needed."""

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError
from botocore.session import Session

from dynaseal.errors import ConfigError

USER_AGENT = "dynaseal"


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
    """Makes one service's clients: a function from a Region's name (None: the session's own) to a client.

    Args:
        service: Such as `kms`.
        session: A botocore session; left out, the default session of boto3, looked up when first needed.
        given: Clients to use instead of making one, by Region.
        make: Makes a Region's client, instead of the session; called once a Region.
    """

    def __init__(
        self,
        service: str,
        session: Session | None = None,
        given: Mapping[str, Any] | None = None,
        make: Callable[[str], Any] | None = None,
    ) -> None:
        self._service = service
        self._session = session
        self._make_given = make
        self._clients: dict[str | None, Any] = {}
        self._clients.update(given or {})
        self._lock = Lock()

    def __call__(self, region: str | None = None) -> Any:
        """Give the client for a Region; the same one each time.

        Raises:
            ConfigError: no Region is given and the session has none either.
        """
        client = self._clients.get(region)
        if client is None:
            # Sessions are not safe for use by many threads; their clients are.
            with self._lock:
                client = self._clients.get(region) or self._make(region)
                self._clients[region] = client
        return client

    def _make(self, region: str | None) -> Any:
        if self._make_given is not None and region is not None:
            return self._make_given(region)
        # boto3's stubs have an overload for each service by name; here it is any. `boto3.client` is the
        # default session's, which a program may have set.
        maker: Any = boto3.Session(botocore_session=self._session) if self._session else boto3
        config = Config(user_agent_extra=USER_AGENT)
        try:
            return maker.client(self._service, region_name=region, config=config)
        except NoRegionError:
            raise ConfigError(
                f"No Region is set for {self._service}",
                hint="Give the key's ARN, or set AWS_REGION",
            ) from None
