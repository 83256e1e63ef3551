"""The handlers of botocore's events that encrypt requests and decrypt replies.

Each is called once per request. A malformed request gets botocore's own
ParamValidationError, without the values of encrypted attributes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from boto3.dynamodb.transform import TransformationInjector
from botocore.exceptions import ParamValidationError

from dynaseal import drivers
from dynaseal.boto.interception.client_copies import COPY_ID, EVENTS, OUTPUT_ID, wire_copy
from dynaseal.boto.interception.emitters import unique_ids
from dynaseal.boto.interception.exemptions import EXEMPT_KEY, EXEMPTION
from dynaseal.boto.interception.hidden_values import conversion_error, validation_error
from dynaseal.boto.interception.idempotency import GeneratedToken
from dynaseal.boto.interception.index_projections import IndexProjections
from dynaseal.boto.interception.key_rules import with_index_key_hint
from dynaseal.boto.interception.requests import (
    OPERATIONS,
    Call,
    MultipleTables,
    Requests,
    TransactionOperation,
)
from dynaseal.boto.interception.unreadable import UNREADABLE_ITEMS, with_converted_keys
from dynaseal.boto.interception.updates.driver import http_response, run_plan
from dynaseal.boto.user_agent import user_agent_suffix
from dynaseal.core.copies import copied
from dynaseal.core.operations import ABOUT_TABLES
from dynaseal.encryptor import python_deserializer
from dynaseal.errors import DecryptError, EncryptError, UnsupportedOperationError

Handler = Callable[..., Any]
"""A handler of one of botocore's events; one of an asynchronous client may be a coroutine function."""

_CONTEXT_KEY = "dynaseal"
_CALLERS_TOKEN_KEY = "dynaseal-callers-token"  # noqa: S105 a key of the context
"""In the context of a request: whether its ClientRequestToken is the caller's, and not botocore's."""
_TOKEN = "ClientRequestToken"  # noqa: S105 a parameter's name
_USER_AGENT = "User-Agent"
_ITEM_SHAPE = "PutItemInputAttributeMap"
_SHAPE_TYPES: Mapping[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "blob": (bytes, bytearray, str),
}


def convert_input(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Convert a request's Python values as boto3 does; an error about one does not show it."""
    try:
        injector = TransformationInjector()
        # boto3 may register its conversion of condition objects after this handler. Their values must be in
        # the request before values are converted; a second time it finds nothing to do.
        injector.inject_condition_expressions(params, model)
        injector.inject_attribute_value_input(params, model)
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
        problem = conversion_error(error)
    else:
        return
    # Raised outside the handler: boto3's error, which shows the value, would become the context of this one.
    raise problem


class Handlers:
    """The handlers of one client.

    Args:
        client: The client, through which DescribeTable and the calls of plans are made.
        requests: Prepares the requests.
        wrap: Returns what is registered in place of a handler that may have to wait.
    """

    def __init__(self, client: Any, requests: Requests, wrap: Callable[[Handler], Handler]) -> None:
        self._client = client
        self._handler_ids = unique_ids(client.meta.events)
        self._requests = requests
        self.wrapped_prepare = wrap(self.prepare)
        self.wrapped_answer = wrap(self.answer)
        self.wrapped_finish = wrap(self.finish)
        self._user_agent_suffix = user_agent_suffix()
        # Through the client itself, on which DescribeTable passes through these handlers.
        self._indexes = IndexProjections(lambda table: drivers.call(client.describe_table, TableName=table))

    @property
    def encrypting(self) -> tuple[Handler, Handler, Handler]:
        """The handlers of `EVENTS` that encrypt and decrypt."""
        return self.copy_request, self.wrapped_prepare, self.wrapped_finish

    def mark_exempt(self, params: Mapping[str, Any], model: Any, context: Any, **_: Any) -> None:
        """Mark the one request that is to be sent without encryption, before other handlers change it."""
        exemption = EXEMPTION.get()
        if exemption is not None and exemption.take(model.name, params):
            context[EXEMPT_KEY] = True

    def copy_request(self, params: Mapping[str, Any], context: Any, **_: Any) -> dict[str, Any]:
        """Return a copy of the caller's request, which botocore then builds the request from.

        `prepare` can only replace a request by changing the dict that it gets, and that may be the caller's.
        It is copied at every depth: what another thread or task changed after it was signed would be sent,
        and the stored item would never verify. Where boto3's own handler has copied it, as for resources,
        botocore uses that copy.
        """
        context[_CALLERS_TOKEN_KEY] = _TOKEN in params
        copy_of_params = dict(params)
        return copy_of_params if COPY_ID in self._handler_ids else copied(copy_of_params)

    def prepare(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        """Replace the request by the one to send.

        Raises:
            UnsupportedOperationError: it cannot be made safe.
            EncryptError: an item cannot be encrypted.
            ParamValidationError: it is malformed.
        """
        if context.get(EXEMPT_KEY):
            return
        if context.get("is_presign_request") and model.name not in ABOUT_TABLES:
            raise UnsupportedOperationError(
                f"generate_presigned_url is not supported for {model.name}: the reply to such a URL would "
                "not be decrypted",
                hint="Make the call itself with this client",
            )
        if isinstance(params.get(_TOKEN), str) and not context.get(_CALLERS_TOKEN_KEY, True):
            params[_TOKEN] = GeneratedToken(params[_TOKEN])
        is_well_formed = self._is_well_formed(params, model, context)
        call = self._prepared(params, model)
        is_changed = call.sent_request is not call.caller_request
        # A request on a plaintext table goes on unchanged, and gets botocore's own error.
        if not is_well_formed and (
            is_changed or isinstance(OPERATIONS.get(model.name), MultipleTables | TransactionOperation)
        ):
            error = self._validation_error(params, model)
            if error is not None:
                raise error
        if is_changed:
            params.clear()
            params.update(call.sent_request)
        context[_CONTEXT_KEY] = call

    def _prepared(self, params: dict[str, Any], model: Any) -> Call:
        try:
            return self._requests.prepare(model.name, dict(params), self._indexes)
        except (AttributeError, EncryptError, KeyError, TypeError) as error:
            problem = error
        # Raised outside the handler, so that what was found first does not become the context.
        raise self._validation_error(params, model) or problem

    def _is_well_formed(self, params: dict[str, Any], model: Any, context: Mapping[str, Any]) -> bool:
        """Return whether botocore would accept a request. If not, its own error would show a value."""
        is_validated = getattr(context.get("client_config"), "parameter_validation", True)
        if model.name in ABOUT_TABLES or not is_validated:
            return True
        return _fits(params, model.input_shape, with_items=self._requests.writes_plaintext)

    def _validation_error(self, params: Mapping[str, Any], model: Any) -> ParamValidationError | None:
        return validation_error(params, model, self._requests.value_policy)

    def answer(self, context: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        """Answer a call that has a plan: make the plan's calls instead. botocore then sends nothing.

        Raises:
            DynasealError: the update cannot be made.
        """
        call: Call | None = context.get(_CONTEXT_KEY)
        if call is None or call.plan is None:
            return None
        # A copy for each plan: it then has every handler that the client has now.
        client = wire_copy(self._client)
        for event, handler in zip(EVENTS, self.encrypting, strict=True):
            client.meta.events.unregister(event, handler)
        reply = run_plan(call.plan(), client)
        return http_response(reply), reply

    def add_user_agent(self, request: Any, **_: Any) -> None:
        """Add this library's name to the user agent of a request that was created.

        botocore's own last handler of this event writes the header again, so an earlier event would be too
        early. Signatures do not cover this header.
        """
        user_agent = request.headers.get(_USER_AGENT, "")
        if self._user_agent_suffix not in user_agent:
            del request.headers[_USER_AGENT]
            request.headers[_USER_AGENT] = f"{user_agent} {self._user_agent_suffix}".strip()

    def finish(self, parsed: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        """Replace the reply by the caller's.

        Raises:
            DecryptError: one of its items does not verify, and is not to be reported.
        """
        call: Call | None = context.get(_CONTEXT_KEY)
        if call is None:
            return
        try:
            reply = call.finish(parsed)
        except DecryptError as error:
            if error.last_evaluated_key is not None and self._takes_python_values():
                error.last_evaluated_key = _python_values(error.last_evaluated_key)
            raise
        if "Error" in reply and call.sent_request is not call.caller_request:
            reply = with_index_key_hint(reply)
        if UNREADABLE_ITEMS in reply and self._takes_python_values():
            # boto3 converts the members that the operation's definition has, and this is not one of them.
            reply = with_converted_keys(reply, _python_values)
        if reply is not parsed:
            finished = dict(reply)
            parsed.clear()
            parsed.update(finished)

    def _takes_python_values(self) -> bool:
        return OUTPUT_ID in self._handler_ids


def _python_values(item: Mapping[str, Any]) -> dict[str, Any]:
    deserializer = python_deserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}


def _fits(value: Any, shape: Any, *, with_items: bool) -> bool:
    """Return whether botocore would accept a value, as far as its error would show a value.

    Args:
        value: A request, or a part of it.
        shape: Its shape in botocore's model.
        with_items: Whether items are looked at. Where they are encrypted, that is not needed: encryption
            looks at each of their values that must not be shown.
    """
    kind: str = shape.type_name
    if kind == "structure":
        return isinstance(value, dict) and _members_fit(
            cast("dict[Any, Any]", value), shape, with_items=with_items
        )
    if kind == "map":
        return isinstance(value, dict) and _entries_fit(
            cast("dict[Any, Any]", value), shape, with_items=with_items
        )
    if kind == "list":
        return isinstance(value, list | tuple) and all(
            _fits(entry, shape.member, with_items=with_items) for entry in cast("Iterable[Any]", value)
        )
    return isinstance(value, _SHAPE_TYPES.get(kind, object)) or (kind == "blob" and hasattr(value, "read"))


def _members_fit(value: dict[Any, Any], shape: Any, *, with_items: bool) -> bool:
    members = shape.members
    return all(
        name in members and _fits(member, members[name], with_items=with_items)
        for name, member in value.items()
    )


def _entries_fit(value: dict[Any, Any], shape: Any, *, with_items: bool) -> bool:
    if not all(isinstance(key, str) for key in value):
        return False
    if shape.name == _ITEM_SHAPE and not with_items:
        return True
    return all(_fits(entry, shape.value, with_items=with_items) for entry in value.values())
