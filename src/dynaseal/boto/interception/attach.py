"""Encryption on a botocore client, through its own events: every way into the client passes here.

- The request is transformed when botocore is about to build it, after boto3's resources have turned Python
  values into wire values; the reply before they turn it back. So no value is converted twice, and paginators,
  waiters, resources, batch writers and libraries on top of the client need nothing of their own.
- A malformed request gets botocore's own ParamValidationError.
- `encrypting_twin` leaves the client that it is given alone.

Source: botocore's `client.py` (`provide-client-params`, `before-parameter-build`, `after-call`).
"""

from collections.abc import Mapping
from copy import copy
from typing import Any

from boto3.dynamodb.transform import TransformationInjector, copy_dynamodb_params
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator

from dynaseal.boto.interception.requests import Call, Requests
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError, EncryptError

_CONTEXT_KEY = "dynaseal"
_EVENTS = ("provide-client-params.dynamodb", "before-parameter-build.dynamodb", "after-call.dynamodb")


def attach(client_or_resource: Any, configs: Mapping[str, TableConfig]) -> None:
    """Make an existing DynamoDB client or resource encrypt and decrypt the items of the configured tables.

    Args:
        client_or_resource: A botocore client of DynamoDB, or a boto3 resource or Table that has one.
        configs: Table names (or ARNs) and the tables' configurations.

    Raises:
        ConfigError: it is no client of DynamoDB, or two entries of `configs` mean one table.

    Example:
        >>> import boto3
        >>> client = boto3.client("dynamodb", region_name="us-west-2")
        >>> attach(client, {})
    """
    client = client_of(client_or_resource)
    handlers = _Handlers(Requests(configs))
    provide, build, after = _EVENTS
    client.meta.events.register_last(provide, handlers.copy_request)
    client.meta.events.register_last(build, handlers.seal)
    client.meta.events.register_first(after, handlers.open)


def client_of(client_or_resource: Any) -> Any:
    """Give the DynamoDB client itself, or the one that a boto3 resource or Table has.

    Raises:
        ConfigError: it is neither.
    """
    meta = getattr(client_or_resource, "meta", None)
    client = getattr(meta, "client", client_or_resource)
    model = getattr(getattr(client, "meta", None), "service_model", None)
    if model is None or model.service_name != "dynamodb":
        raise ConfigError(
            f"{type(client_or_resource).__name__} is neither a botocore client of DynamoDB nor a boto3 "
            "resource of one",
            hint='Give boto3.client("dynamodb"), boto3.resource("dynamodb") or a Table of the latter',
        )
    return client


def encrypting_twin(client: Any, configs: Mapping[str, TableConfig]) -> Any:
    """Give a client that encrypts and shares another's connections and credentials; the other stays as it is.

    The twin has the event handlers that the client has now; ones registered on it later are not seen.
    """
    twin: Any = object.__new__(client.__class__)
    twin.__dict__.update(client.__dict__)
    twin.meta = copy(client.meta)
    twin.meta.events = copy(client.meta.events)
    attach(twin, configs)
    return twin


def speak_python(client: Any, *, wanted: bool) -> None:
    """Make a client take Python values, as the client of a boto3 resource does, or wire values."""
    injector = TransformationInjector()
    provide, build, after = _EVENTS
    # The ids are those under which boto3's DynamoDB resource registers the same handlers: there once at most.
    conversions = (
        (provide, copy_dynamodb_params, "dynamodb-create-params-copy"),
        (build, injector.inject_condition_expressions, "dynamodb-condition-expression"),
        (build, injector.inject_attribute_value_input, "dynamodb-attr-value-input"),
        (after, injector.inject_attribute_value_output, "dynamodb-attr-value-output"),
    )
    for event, handler, unique_id in conversions:
        if wanted:
            client.meta.events.register(event, handler, unique_id=unique_id)
        else:
            client.meta.events.unregister(event, unique_id=unique_id)


class _Handlers:
    """The handlers of one client."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def copy_request(self, params: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        """Give botocore a request of its own to change; the members are never changed."""
        return dict(params)

    def seal(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if _CONTEXT_KEY in context:
            raise ConfigError(
                "This client encrypts already: its requests would be encrypted twice",
                hint="Attach once, with every table's configuration",
            )
        try:
            call = self._requests.prepare(model.name, dict(params))
        except (AttributeError, EncryptError, KeyError, TypeError):
            _validate(params, model)
            raise
        context[_CONTEXT_KEY] = call
        if call.sent_request is not call.caller_request:
            params.clear()
            params.update(call.sent_request)

    def open(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        call: Call | None = context.get(_CONTEXT_KEY)
        if call is None:
            return
        reply = self._requests.finish(call, parsed)
        if reply is not parsed:
            opened = dict(reply)
            parsed.clear()
            parsed.update(opened)


def _validate(params: Mapping[str, Any], model: Any) -> None:
    """Let botocore say what is wrong with a request.

    Raises:
        ParamValidationError: the request does not fit the operation's model.
    """
    report = ParamValidator().validate(params, model.input_shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
