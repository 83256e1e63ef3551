"""Encryption on a botocore client, through its own events: every request of the client is seen here.

- The request is transformed when botocore is about to build it, after boto3's resources have turned Python
  values into wire values; the reply before they turn it back. So no value is converted twice, and paginators,
  waiters, resources, batch writers and libraries on top of the client need nothing of their own.
- A malformed request gets botocore's own ParamValidationError.
- `encrypting_copy` does not change the client that it copies.

Source: botocore's `client.py` (`provide-client-params`, `before-parameter-build`, `after-call`).
"""

from collections.abc import Mapping
from copy import copy
from typing import Any, Protocol

from boto3.dynamodb.transform import TransformationInjector, copy_dynamodb_params
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from dynaseal.boto.interception.index_projections import IndexProjections
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.requests import Call, Requests
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError, EncryptError

_CONTEXT_KEY = "dynaseal"
_EVENTS = ("provide-client-params.dynamodb", "before-parameter-build.dynamodb", "after-call.dynamodb")


class Boto3Object(Protocol):
    """A botocore client, or a boto3 resource or Table, with or without the types of boto3-stubs."""

    @property
    def meta(self) -> Any:
        """The metadata that botocore and boto3 give every client and resource."""
        ...


def attach(
    client_or_resource: Boto3Object,
    configs: Mapping[str, TableConfig],
    *,
    plaintext_tables: PlaintextTables = (),
) -> None:
    """Make an existing DynamoDB client or resource encrypt and decrypt the items of the configured tables.

    Args:
        client_or_resource: A botocore client of DynamoDB, or a boto3 resource or Table that has one.
        configs: Table names (or ARNs) and the tables' configurations. Operations on items of any other table
            are refused.
        plaintext_tables: Names (or ARNs) of other tables that may be used, without encryption;
            `ALL_OTHER_TABLES` allows every one.

    Raises:
        ConfigError: it is not a client of DynamoDB, or the tables are not named as described above.

    Example:
        >>> import boto3
        >>> from dynaseal import AttributeActions, RawAesKeyring, TableConfig
        >>> config = TableConfig(
        ...     "people", "pk",
        ...     attribute_actions=AttributeActions(),
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ... )
        >>> client = boto3.client("dynamodb", region_name="us-west-2")
        >>> attach(client, {"people": config}, plaintext_tables=["audit"])
    """
    register(dynamodb_client(client_or_resource), Requests(configs, plaintext_tables))


def register(client: Any, requests: Requests) -> None:
    """Register the handlers of encryption on a client."""
    handlers = _Handlers(client, requests)
    provide, build, after = _EVENTS
    # Last before sending and first after: the conversions of boto3's resources, which are registered neither
    # first nor last, then turn Python values into wire values before these handlers, and back after them.
    client.meta.events.register_last(provide, handlers.copy_request)
    client.meta.events.register_last(build, handlers.prepare)
    client.meta.events.register_first(after, handlers.finish)


def dynamodb_client(client_or_resource: Boto3Object) -> Any:
    """Return the DynamoDB client itself, or the one that a boto3 resource or Table has.

    Raises:
        ConfigError: it is neither.
    """
    meta = getattr(client_or_resource, "meta", None)
    client = getattr(meta, "client", client_or_resource)
    model = getattr(getattr(client, "meta", None), "service_model", None)
    if model is None or model.service_name != "dynamodb":
        raise ConfigError(
            f"{type(client_or_resource).__name__} is neither a botocore client of DynamoDB nor a boto3 "
            "resource of DynamoDB",
            hint='Pass boto3.client("dynamodb"), boto3.resource("dynamodb") or a Table of that resource',
        )
    return client


def encrypting_copy(client: Any, requests: Requests) -> Any:
    """Return a client that encrypts and shares another's connections and credentials; the other is unchanged.

    The copy has the event handlers that the client has now; ones registered on it later are not seen.

    It relies on these internals of botocore:

    - A client is a plain object: its whole state is in its `__dict__`, and its operations are methods of its
      class that go through `self._make_api_call`, so those of the copy go through the copy.
    - `_make_api_call` emits `provide-client-params`, `before-parameter-build` and `after-call` on
      `self.meta.events`. `meta` is a plain ClientMeta, whose other members never change.
    - `copy(events)` copies the registered handlers (`EventAliaser.__copy__`, `HierarchicalEmitter.__copy__`),
      so what is registered on the copy is not registered on the original. The two share a cache of looked-up
      handlers until the first registration on the copy, which `register` makes, replaces the copy's.

    Sharing the rest is safe: a client may be used by many threads, so its `_endpoint` (connections) and
    `_request_signer` (credentials) may serve two clients; `_cache` holds the service's paginator and waiter
    definitions. The endpoint and the signer keep the original's emitter, so the events that follow
    (`request-created`, `before-sign`, `before-send`, `needs-retry`) are emitted there; the handlers of
    encryption listen to none of them.
    """
    # copy.copy(client) would recurse without end: BaseClient.__getattr__ reads `meta`, which an object that
    # is not filled yet does not have.
    copied: Any = object.__new__(client.__class__)
    copied.__dict__.update(client.__dict__)
    copied.meta = copy(client.meta)
    copied.meta.events = copy(client.meta.events)
    register(copied, requests)
    return copied


def convert_python_values(client: Any, *, enabled: bool) -> None:
    """Make a client take and return Python values, as the client of a boto3 resource does, or wire values."""
    injector = TransformationInjector()
    provide, build, after = _EVENTS
    # boto3's DynamoDB resource registers the same handlers under the same ids. botocore registers a handler
    # once per id, so a client of a resource, which has them already, does not convert twice.
    conversions = (
        (provide, copy_dynamodb_params, "dynamodb-create-params-copy"),
        (build, injector.inject_condition_expressions, "dynamodb-condition-expression"),
        (build, injector.inject_attribute_value_input, "dynamodb-attr-value-input"),
        (after, injector.inject_attribute_value_output, "dynamodb-attr-value-output"),
    )
    for event, handler, unique_id in conversions:
        if enabled:
            client.meta.events.register(event, handler, unique_id=unique_id)
        else:
            client.meta.events.unregister(event, unique_id=unique_id)


class _Handlers:
    """The handlers of one client."""

    def __init__(self, client: Any, requests: Requests) -> None:
        self._requests = requests
        # Through the client itself, on which DescribeTable passes through these handlers.
        self._indexes = IndexProjections(lambda table: client.describe_table(TableName=table))

    def copy_request(self, params: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Return a copy of the caller's request, which botocore then builds the request from.

        `prepare` can only replace a request by changing the dict that it gets, and that may be the caller's.
        The values in it are never changed, so a shallow copy is enough.
        """
        return dict(params)

    def prepare(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if _CONTEXT_KEY in context:
            raise ConfigError(
                "This client encrypts already: its requests would be encrypted twice",
                hint="Attach once, with the configurations of all tables",
            )
        try:
            call = self._requests.prepare(model.name, dict(params), self._indexes)
        except (AttributeError, EncryptError, KeyError, TypeError):
            _validate(params, model)
            raise
        context[_CONTEXT_KEY] = call
        if call.sent_request is not call.caller_request:
            params.clear()
            params.update(call.sent_request)

    def finish(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        call: Call | None = context.get(_CONTEXT_KEY)
        if call is None:
            return
        reply = call.finish(parsed)
        if reply is not parsed:
            finished = dict(reply)
            parsed.clear()
            parsed.update(finished)


def _validate(params: Mapping[str, Any], model: Any) -> None:
    """Have botocore report what is wrong with a request.

    Raises:
        ParamValidationError: the request does not fit the operation's model.
    """
    report = ParamValidator().validate(params, model.input_shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
