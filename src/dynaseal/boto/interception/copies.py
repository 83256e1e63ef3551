"""A copy of a client that encrypts and shares the original's connections and credentials."""

from copy import copy
from typing import Any
from weakref import proxy

from dynaseal.boto.interception.attach import check_not_encrypting, register
from dynaseal.boto.interception.emitters import replace_handler
from dynaseal.boto.interception.requests import Requests

_REQUEST_CREATED = "request-created.dynamodb"


def encrypting_copy(client: Any, requests: Requests) -> Any:
    """Return a client that encrypts and shares another's connections and credentials; the other is unchanged.

    The copy has the event handlers that the client has now; ones registered on it later are not seen. All
    events of the copy's calls are emitted on the copy's emitter, `copy.meta.events`.

    It relies on these internals of botocore:

    - A client is a plain object: its whole state is in its `__dict__`, and its operations are methods of its
      class that go through `self._make_api_call`, so those of the copy go through the copy.
    - Four objects emit events: the client on `self.meta.events`; its `_endpoint`, `_request_signer` and
      `_ruleset_resolver` on their `_event_emitter`. `meta` is a plain ClientMeta, whose other members never
      change.
    - `_cache` holds definitions of paginators; `add_result_key` gives the copy another one.
    - The signer's `handler` is registered for `request-created`, and signs with the credentials that the
      signer has. Its emitter is a weak reference.
    - `copy(events)` copies the registered handlers (`EventAliaser.__copy__`, `HierarchicalEmitter.__copy__`),
      so what is registered on the copy is not registered on the original. The two share a cache of looked-up
      handlers until `replace_handler` or the first registration replaces the copy's.

    Sharing the rest is safe: a client may be used by many threads, so its connections and credentials may
    serve two clients; `_cache` holds the service's paginator and waiter definitions.

    Raises:
        ConfigError: the client encrypts already.
    """
    check_not_encrypting(client.meta.events, "client")
    # copy.copy(client) would recurse without end: BaseClient.__getattr__ reads `meta`, which an object that
    # is not filled yet does not have.
    copied: Any = object.__new__(client.__class__)
    state: dict[str, Any] = copied.__dict__
    state.update(client.__dict__)
    events = copy(client.meta.events)
    copied.meta = copy(client.meta)
    copied.meta.events = events
    state["_endpoint"] = _with_emitter(state["_endpoint"], events)
    state["_ruleset_resolver"] = _with_emitter(state["_ruleset_resolver"], events)
    original_signer = state["_request_signer"]
    signer = state["_request_signer"] = _with_emitter(original_signer, proxy(events))
    replace_handler(events, _REQUEST_CREATED, original_signer.handler, signer.handler)
    register(copied, requests)
    return copied


def _with_emitter(emitting: Any, events: Any) -> Any:
    """Return a copy of one of a client's parts, which it may lack, that emits its events elsewhere."""
    if emitting is None:
        return None
    copied = copy(emitting)
    copied.__dict__["_event_emitter"] = events
    return copied
