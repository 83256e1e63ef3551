"""Copies of a botocore client, which share its connections and credentials and have events of their own."""

from copy import copy
from typing import Any
from weakref import proxy

from dynaseal.boto.interception.emitters import replace_handler

EVENTS = ("provide-client-params.dynamodb", "before-parameter-build.dynamodb", "after-call.dynamodb")
# The ids under which boto3's DynamoDB resource registers its conversions.
COPY_ID = "dynamodb-create-params-copy"
CONDITIONS_ID = "dynamodb-condition-expression"
INPUT_ID = "dynamodb-attr-value-input"
OUTPUT_ID = "dynamodb-attr-value-output"
_REQUEST_CREATED = "request-created.dynamodb"


def copied_client(client: Any) -> Any:
    """Return a client that shares another's connections and credentials; the other is unchanged.

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
    """
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
    return copied


def wire_copy(client: Any) -> Any:
    """Return a copy of a client that takes and returns wire values, also where the client does not.

    It has the client's other handlers, those that encrypt included.
    """
    copied = copied_client(client)
    provide, build, after = EVENTS
    for event, unique_id in (
        (provide, COPY_ID),
        (build, CONDITIONS_ID),
        (build, INPUT_ID),
        (after, OUTPUT_ID),
    ):
        copied.meta.events.unregister(event, unique_id=unique_id)
    return copied


def _with_emitter(emitting: Any, events: Any) -> Any:
    """Return a copy of one of a client's parts, which it may lack, that emits its events elsewhere."""
    if emitting is None:
        return None
    copied = copy(emitting)
    copied.__dict__["_event_emitter"] = events
    return copied
