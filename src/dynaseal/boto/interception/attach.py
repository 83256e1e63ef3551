"""Encryption on a botocore client, through its own events: every request of the client is seen here.

- The request is transformed when botocore is about to build it, after boto3's resources have turned Python
  values into wire values; the reply before they turn it back. So no value is converted twice, and paginators,
  waiters, resources, batch writers and libraries on top of the client need nothing of their own.
- A malformed request gets botocore's own ParamValidationError, without the values of encrypted attributes.
- A session passes its handlers on to each client that it makes.
- Nothing that is given to botocore shows plaintext in its `repr`: botocore logs handlers and contexts.

Source: botocore's `client.py` (`provide-client-params`, `before-parameter-build`, `after-call`),
`endpoint.py` (`request-created`, `before-parse`) and `session.py` (`create_client`).
"""

from collections.abc import Callable, Mapping
from inspect import iscoroutinefunction
from typing import Any, Protocol
from warnings import warn

import boto3
import botocore.session
from boto3.dynamodb.transform import TransformationInjector, copy_dynamodb_params
from botocore import UNSIGNED

from dynaseal.boto.interception.client_copies import (
    CONDITIONS_ID,
    COPY_ID,
    EVENTS,
    INPUT_ID,
    OUTPUT_ID,
)
from dynaseal.boto.interception.emitters import has_handler, register_in_place
from dynaseal.boto.interception.handlers import Handler, Handlers, convert_input
from dynaseal.boto.interception.paginators import add_result_key
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.reply_parser import OPERATIONS_WITH_ITEMS, parse_items
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.interception.unreadable import UNREADABLE_ITEMS
from dynaseal.config import TableConfig
from dynaseal.encryptor import python_deserializer
from dynaseal.errors import ConfigError

_BEFORE_CALL = "before-call.dynamodb"
# What encrypts has a handler with this id, for an event that botocore does not emit.
_IS_ENCRYPTING = "dynaseal-is-encrypting"


class Boto3Object(Protocol):
    """A botocore client, or a boto3 resource or Table, with or without the types of boto3-stubs."""

    @property
    def meta(self) -> Any:
        """The metadata that botocore and boto3 give every client and resource."""
        ...


def attach(
    client_or_resource_or_session: Boto3Object | boto3.Session | botocore.session.Session,
    configs: Mapping[str, TableConfig],
    *,
    plaintext_tables: PlaintextTables = (),
) -> None:
    """Make an existing client, resource or session encrypt and decrypt the items of the configured tables.

    Args:
        client_or_resource_or_session: A botocore client of DynamoDB, or a boto3 resource or Table that has
            one. Or a session of boto3 or botocore: every DynamoDB client and resource that it makes from now
            on encrypts; those that it has made already do not.
        configs: Table names (or ARNs) and the tables' configurations. Operations on items of any other table
            are refused.
        plaintext_tables: Names (or ARNs) of other tables that may be used, without encryption;
            `ALL_OTHER_TABLES` allows every one.

    Raises:
        ConfigError: it is none of these, it encrypts already, or the tables are not named as described above.

    Warns:
        UserWarning: the client has no credentials. Some libraries, PynamoDB among them, replace such a client
            later by one that does not encrypt.

    Example:
        >>> import boto3
        >>> from dynaseal import AttributeActions, RawAesKeyring, TableConfig
        >>> config = TableConfig(
        ...     "people", "pk",
        ...     attribute_actions=AttributeActions(),
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ... )
        >>> session = boto3.Session(region_name="us-west-2")
        >>> attach(session, {"people": config}, plaintext_tables=["audit"])
        >>> client = session.client("dynamodb")  # encrypts
    """
    attach_wrapped(client_or_resource_or_session, Requests(configs, plaintext_tables), unwrapped)


def attach_wrapped(subject: object, requests: Requests, wrap: Callable[[Handler], Handler]) -> None:
    """Make a client, resource or session encrypt.

    Args:
        subject: The client, resource or session.
        requests: Prepares its requests.
        wrap: Returns what is registered in place of a handler that may have to wait.
    """
    session = _botocore_session(subject)
    if session is not None:
        events = session.get_component("event_emitter")
        check_not_encrypting(events, "session")
        _attach_to_session(events, requests, wrap)
        return
    client = dynamodb_client(subject)
    check_not_encrypting(client.meta.events, "client")
    _warn_without_credentials(client)
    register(client, requests, wrap)


def unwrapped(handler: Handler) -> Handler:
    """Return a handler itself: where clients block, it can wait."""
    return handler


def register(client: Any, requests: Requests, wrap: Callable[[Handler], Handler] = unwrapped) -> None:
    """Register the handlers of encryption on a client.

    Args:
        client: The client.
        requests: Prepares its requests.
        wrap: Returns what is registered in place of a handler that may have to wait.

    Raises:
        ConfigError: the client's operations return something to await, and the handlers do not, or the other
            way round.
    """
    if is_asynchronous(client) is (wrap is unwrapped):
        raise ConfigError(
            "An asynchronous client is wrapped by dynaseal.aio, and a client of boto3 by dynaseal",
            hint="Import EncryptedTable, EncryptedClient, EncryptedResource or attach from the other module",
        )
    events = client.meta.events
    handlers = Handlers(client, requests, wrap)
    copy_request, prepare, finish = handlers.encrypting
    provide, build, after = EVENTS
    # Last before sending and first after: the conversions of boto3's resources, which are registered neither
    # first nor last, then turn Python values into wire values before these handlers, and back after them.
    # Wrapped although it does not wait: on an event loop, tasks take their turns before botocore's own work.
    events.register_first(provide, wrap(handlers.mark_exempt))
    events.register_last(provide, copy_request)
    events.register_last(build, prepare)
    events.register_last(_BEFORE_CALL, handlers.wrapped_answer)
    events.register_last("request-created.dynamodb", handlers.add_user_agent)
    for operation in OPERATIONS_WITH_ITEMS:
        events.register_last(f"before-parse.dynamodb.{operation}", parse_items)
    events.register_first(after, finish)
    mark_encrypting(events)
    if requests.reports_unreadable:
        add_result_key(client, ("Query", "Scan"), UNREADABLE_ITEMS)
    if has_handler(events, INPUT_ID):
        _replace_conversions(events)


def _attach_to_session(events: Any, requests: Requests, wrap: Callable[[Handler], Handler]) -> None:
    """Make each DynamoDB client of a session register the handlers when it has been made.

    botocore makes a class for each client, and boto3 for each resource and Table, and lets handlers add base
    classes to it.
    """

    class EncryptingClient:
        """A base class of the clients of an attached session."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            register(self, requests, wrap)

    def add_to_client(base_classes: list[type], **_: Any) -> None:
        base_classes.insert(0, EncryptingClient)

    def add_to_resource(base_classes: list[type], **_: Any) -> None:
        base_classes.insert(0, _ResourceWithReplacedConversions)

    events.register("creating-client-class.dynamodb", add_to_client)
    events.register("creating-resource-class.dynamodb", add_to_resource)
    mark_encrypting(events)


def mark_encrypting(events: Any) -> None:
    """Mark a client or a session as one that encrypts."""
    events.register(f"{_IS_ENCRYPTING}.dynamodb", _do_nothing, unique_id=_IS_ENCRYPTING)


def _do_nothing(**_: Any) -> None:
    pass


def check_not_encrypting(events: Any, kind: str) -> None:
    """Check that a client or a session does not encrypt yet.

    Raises:
        ConfigError: it does, or it is one of this library's wrappers.
    """
    if has_handler(events, _IS_ENCRYPTING):
        raise ConfigError(
            f"This {kind} encrypts already: its requests would be encrypted twice",
            hint="Attach or wrap once, with the configurations of all tables, and pass boto3's own objects",
        )


def _botocore_session(candidate: object) -> botocore.session.Session | None:
    # A session of boto3 or aioboto3 has a session of botocore or aiobotocore in this attribute.
    session = getattr(candidate, "_session", candidate)
    return session if isinstance(session, botocore.session.Session) else None


def is_asynchronous(client: object) -> bool:
    """Return whether the operations of a client return something to await, as those of aiobotocore do."""
    return iscoroutinefunction(getattr(client, "_make_api_call", None))


def dynamodb_client(client_or_resource: object) -> Any:
    """Return the DynamoDB client itself, or the one that a boto3 resource or Table has.

    Raises:
        ConfigError: it is neither.
    """
    meta = getattr(client_or_resource, "meta", None)
    client = getattr(meta, "client", client_or_resource)
    model = getattr(getattr(client, "meta", None), "service_model", None)
    if model is None or model.service_name != "dynamodb":
        kind = type(client_or_resource).__name__
        is_session = _botocore_session(client_or_resource) is not None
        raise ConfigError(
            f"An object of the type {kind} is neither a botocore client of DynamoDB nor a boto3 resource of "
            "DynamoDB",
            hint='Pass session.client("dynamodb"), or use attach(session, configs)'
            if is_session
            else 'Pass boto3.client("dynamodb"), boto3.resource("dynamodb") or a Table of that resource',
        )
    return client


def _warn_without_credentials(client: Any) -> None:
    # PynamoDB looks at the same attributes (`Connection.client`).
    signer: Any = getattr(client, "_request_signer", None)
    if signer is None or signer.signature_version is UNSIGNED:
        return
    credentials: Any = getattr(signer, "_credentials", None)
    if credentials is None:
        warn(
            "attach: this client was made without credentials, so it cannot send requests. Code that "
            "replaces it when credentials appear, as PynamoDB does, gets a new client, which does not "
            "encrypt. Attach to the session that makes the clients, or to every session with "
            "botocore.register_initializer",
            stacklevel=4,
        )


def convert_python_values(client: Any, *, enabled: bool) -> None:
    """Make a client take and return Python values, as the client of a boto3 resource does, or wire values."""
    injector = TransformationInjector()
    provide, build, after = EVENTS
    # boto3's DynamoDB resource registers the same handlers under the same ids. botocore registers a handler
    # once per id, so a client of a resource, which has them already, does not convert twice.
    conversions = (
        (provide, copy_dynamodb_params, COPY_ID),
        (build, injector.inject_condition_expressions, CONDITIONS_ID),
        (build, injector.inject_attribute_value_input, INPUT_ID),
        (after, injector.inject_attribute_value_output, OUTPUT_ID),
    )
    for event, handler, unique_id in conversions:
        if enabled:
            client.meta.events.register(event, handler, unique_id=unique_id)
        else:
            client.meta.events.unregister(event, unique_id=unique_id)
    if enabled:
        _replace_conversions(client.meta.events)


def _replace_conversions(events: Any) -> None:
    """Replace boto3's conversions: of requests, so that errors show no values; of replies, for large numbers.

    boto3 registers its conversions again for each Table that it makes; botocore ignores a second registration
    under an id.
    """
    _, build, after = EVENTS
    convert_output = TransformationInjector(deserializer=python_deserializer()).inject_attribute_value_output
    register_in_place(events, build, convert_input, INPUT_ID)
    register_in_place(events, after, convert_output, OUTPUT_ID)


class _ResourceWithReplacedConversions:
    """A base class of the resources that an attached session makes."""

    meta: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # boto3's own base class may be initialised after this one. It then leaves them as they are.
        _replace_conversions(self.meta.client.meta.events)
