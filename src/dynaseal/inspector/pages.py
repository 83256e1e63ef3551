"""Answers requests: tables, items, who may decrypt one, policies and the trail.

Decrypted values are sent only in the reply to a request that asks for them; every other page says whether the
item can be decrypted, and not to what.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from botocore.exceptions import BotoCoreError, ClientError
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dynaseal.config import TableConfig
from dynaseal.core.quoting import escaped
from dynaseal.inspection.item import (
    ExplainedItem,
    describe_key_attributes,
    explain_item,
)
from dynaseal.inspection.tables import (
    ItemPage,
    KeyInputError,
    KeyQuery,
    TableFacts,
    describe_table,
    get_item,
    key_value,
    query_page,
    scan_page,
)
from dynaseal.inspector import policies
from dynaseal.inspector.accounts import Account, Actor
from dynaseal.inspector.labs import LabError, reason_in_words
from dynaseal.inspector.readers import Readers
from dynaseal.inspector.rendering import decode_key, encode_key, environment
from dynaseal.inspector.who_can import Principals, who_can_read

PAGE_SIZE = 25
MAX_PAGE_SIZE = 100
_MAX_TABLES = 500
_TRAIL_EVENTS = 50
_AWS_ERRORS = (BotoCoreError, ClientError)


class NotFoundError(Exception):
    """There is no such page, table or item; the message says which."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a request: those of its address, and those of its body."""

    fields: Mapping[str, Sequence[str]]

    def get(self, name: str) -> str:
        """Return a field's value; empty if it is missing."""
        return next(iter(self.fields.get(name, ())), "")


Handler = Callable[[Request, Form], Response]


@dataclass(frozen=True, slots=True)
class _Context:
    """What every page needs of a request."""

    request: Request
    actor: Actor
    form: Form


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one account.

    Args:
        account: Whose tables are shown.
        configs: The configurations that were given.
        path: The first part of every path.
    """

    account: Account
    configs: Sequence[TableConfig]
    path: str = field(repr=False)
    templates: Environment = field(default_factory=environment)
    readers: Readers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "readers", Readers(self.configs))

    def application(self) -> Starlette:
        """Return the application, whose paths begin with the given path."""
        routes = [
            Route("/", self._answering(self._tables)),
            Route("/tables/{table}", self._answering(self._table)),
            Route("/tables/{table}/item", self._answering(self._item)),
            Route("/tables/{table}/item/reading", self._answering(self._reading)),
            Route("/tables/{table}/item/reveal", self._answering(self._reveal), methods=["POST"]),
            Route("/tables/{table}/item/access", self._answering(self._access)),
            Route("/policies", self._answering(self._policies)),
            Route("/policies/save", self._answering(self._save_policy), methods=["POST"]),
            Route("/trail", self._answering(self._trail)),
            Route("/trail/events", self._answering(self._events)),
            Mount("/static", StaticFiles(packages=[("dynaseal.inspector", "static")])),
        ]
        return Starlette(routes=[Mount(self.path, routes=routes)])

    def _answering(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that calls a handler in a thread, because boto3 waits for its replies."""

        async def answer(request: Request) -> Response:
            try:
                body = (await request.body()).decode("utf-8", "replace")
            except ClientDisconnect:
                return Response(status_code=413)
            fields = parse_qs(body, keep_blank_values=True, max_num_fields=100) if body else {}
            fields |= parse_qs(request.url.query, keep_blank_values=True, max_num_fields=100)
            return await run_in_threadpool(self._handle, handler, request, Form(fields))

        return answer

    def _handle(self, handler: Handler, request: Request, form: Form) -> Response:
        try:
            return handler(request, form)
        except NotFoundError as error:
            return self._error(request, str(error), 404)
        except (KeyInputError, ValueError) as error:
            return self._error(request, str(error), 400)
        except LabError as error:
            return self._error(request, str(error), 502)
        except _AWS_ERRORS as error:
            return self._error(request, in_words(error), 200)

    def _error(self, request: Request, message: str, status: int) -> Response:
        """Return a page with an error; it needs no call of AWS."""
        name = "_error.html" if _is_partial(request) else "error.html"
        return self._html(name, status, message=message, actor=self.account.ambient, users=(), as_user="")

    def _html(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        shared = {
            "root": self.path,
            "account": self.account,
            "has_lab": self.account.lab is not None,
            "reason_in_words": reason_in_words,
        }
        html = self.templates.get_template(template).render(**shared, **values)
        # An item of a lab can have a lone surrogate, which UTF-8 does not have.
        return HTMLResponse(html.encode("utf-8", "replace"), status)

    def _page(self, template: str, context: _Context, **values: Any) -> HTMLResponse:
        return self._html(
            template,
            actor=context.actor,
            as_user=context.actor.user,
            users=self.account.users(),
            here=context.request.url.path,
            **values,
        )

    def _context(self, request: Request, form: Form) -> _Context:
        user = form.get("as")
        try:
            return _Context(request, self.account.actor(user), form)
        except LookupError:
            raise NotFoundError(f"There is no user {escaped(user)} to look with") from None

    def _tables(self, request: Request, form: Form) -> Response:
        name = form.get("table")
        if name:
            query = urlencode({"as": form.get("as")}) if form.get("as") else ""
            return RedirectResponse(f"{self.path}/tables/{name}?{query}", 303)
        context = self._context(request, form)
        names, refusal = self._table_names(context.actor)
        return self._page("tables.html", context, tables=names, refusal=refusal)

    def _table_names(self, actor: Actor) -> tuple[list[str], str | None]:
        """Return the tables' names; in a lab those of its root, if the principal may not list them."""
        try:
            return _list_tables(actor), None
        except _AWS_ERRORS as error:
            refusal = in_words(error)
        if self.account.lab is None or actor is self.account.ambient:
            return [], refusal
        return _list_tables(self.account.ambient), refusal

    def _table(self, request: Request, form: Form) -> Response:
        context = self._context(request, form)
        facts = self._facts(context)
        refusal: str | None = None
        page = ItemPage((), None)
        written = {name: form.get(f"key.{name}") for name in facts.key_names}
        if any(written.values()):
            key = {name: key_value(facts, name, value) for name, value in written.items()}
            query = urlencode({"k": encode_key(key), **_as(context.actor)})
            return RedirectResponse(f"{request.url.path}/item?{query}", 303)
        try:
            page = self._items(context, facts)
        except KeyInputError as error:
            refusal = f"{error}."
        except _AWS_ERRORS as error:
            refusal = in_words(error)
        config = self.readers.config(context.actor, facts)
        rows = [
            (encode_key({name: item[name] for name in facts.key_names if name in item}), item, report)
            for item in page.items
            for report in [explain_item(item, config)]
        ]
        return self._page(
            "table.html",
            context,
            facts=facts,
            rows=rows,
            refusal=refusal,
            describe_key=describe_key_attributes,
            next_page=page.next_key and self._next_page(form, page.next_key),
            form=form,
            limit=_limit(form),
        )

    def _facts(self, context: _Context) -> TableFacts:
        name = context.request.path_params["table"]
        try:
            return describe_table(context.actor.dynamodb, name)
        except ClientError as error:
            if _code(error) == "ResourceNotFoundException":
                raise NotFoundError(in_words(error)) from None
            if self.account.lab is None or context.actor is self.account.ambient:
                raise
        return describe_table(self.account.ambient.dynamodb, name)

    def _items(self, context: _Context, facts: TableFacts) -> ItemPage:
        form, client = context.form, context.actor.dynamodb
        start = decode_key(form.get("start")) if form.get("start") else None
        if not form.get("partition"):
            return scan_page(client, facts, _limit(form), start)
        query = KeyQuery(
            index=form.get("index") or None,
            partition=form.get("partition"),
            sort=form.get("sort"),
            begins_with=form.get("match") == "begins",
        )
        return query_page(client, facts, query, _limit(form), start)

    def _next_page(self, form: Form, next_key: Mapping[str, Any]) -> str:
        kept = {
            name: form.get(name)
            for name in ("as", "index", "partition", "sort", "match", "limit")
            if form.get(name)
        }
        return urlencode({**kept, "start": encode_key(next_key)})

    def _item(self, request: Request, form: Form) -> Response:
        return self._item_page(self._context(request, form), frozenset())

    def _item_page(self, context: _Context, revealed: frozenset[str] | None) -> Response:
        facts = self._facts(context)
        key = decode_key(context.form.get("k"))
        explained, refusal = self._explained(context, facts, key)
        return self._page(
            "item.html",
            context,
            facts=facts,
            k=encode_key(key),
            title=describe_key_attributes(key, tuple(key)),
            explained=explained,
            refusal=refusal,
            revealed=revealed,
            access=self._principals(facts, key),
            policies=self._policies_of(context.actor, explained, facts),
            new_document=policies.new_policy_document(),
        )

    def _explained(
        self, context: _Context, facts: TableFacts, key: Mapping[str, Any]
    ) -> tuple[ExplainedItem | None, str | None]:
        """Return the item explained, or why the principal cannot even read what is stored."""
        try:
            item = get_item(context.actor.dynamodb, facts, key)
        except _AWS_ERRORS as error:
            return None, in_words(error)
        if item is None:
            raise NotFoundError(f"The table has no item {describe_key_attributes(key, tuple(key))}")
        return self.readers.explain(context.actor, facts, item, _AWS_ERRORS), None

    def _reading(self, request: Request, form: Form) -> Response:
        return self._fragment(self._context(request, form), frozenset())

    def _reveal(self, request: Request, form: Form) -> Response:
        context = self._context(request, form)
        name = form.get("attribute")
        revealed = frozenset({name}) if name else None
        if not _is_partial(request):
            return self._item_page(context, revealed)
        return self._fragment(context, revealed)

    def _fragment(self, context: _Context, revealed: frozenset[str] | None) -> Response:
        facts = self._facts(context)
        key = decode_key(context.form.get("k"))
        explained, refusal = self._explained(context, facts, key)
        return self._html(
            "_reading.html",
            actor=context.actor,
            as_user=context.actor.user,
            facts=facts,
            k=encode_key(key),
            explained=explained,
            refusal=refusal,
            revealed=revealed,
        )

    def _access(self, request: Request, form: Form) -> Response:
        context = self._context(request, form)
        key = decode_key(form.get("k"))
        principals = self._principals(self._facts(context), key)
        return self._html("_access.html", access=principals, as_user=context.actor.user)

    def _principals(self, facts: TableFacts, key: Mapping[str, Any]) -> Principals | None:
        """Return who may read an item in a lab; its root reads the item to see which keys it names."""
        lab = self.account.lab
        if lab is None:
            return None
        item = get_item(self.account.ambient.dynamodb, facts, key)
        if item is None:
            return None
        return who_can_read(lab, facts, explain_item(item, self.readers.config(self.account.ambient, facts)))

    def _policies_of(
        self, actor: Actor, explained: ExplainedItem | None, facts: TableFacts
    ) -> Sequence[policies.Policy]:
        """Return the policies that decide about an item: those of its keys, and the principal's."""
        if self.account.lab is None:
            return ()
        root = self.account.ambient
        arns = [key.key for key in explained.wrapped_keys if key.key] if explained else []
        found: list[policies.Policy] = []
        for arn in dict.fromkeys(arns):
            if arn.startswith("arn:") and f":{facts.account}:key/" in arn:
                try:
                    found.append(policies.key_policy(root.kms, arn))
                except ClientError:
                    continue  # the key that the item names does not exist here
        if actor.user:
            found += policies.user_policies(root.iam, actor.user)
        return found

    def _policies(self, request: Request, form: Form) -> Response:
        context = self._context(request, form)
        self._needs_lab()
        root = self.account.ambient
        users = [(user, list(policies.user_policies(root.iam, user))) for user in self.account.users()]
        return self._page(
            "policies.html",
            context,
            key_policies=list(policies.key_policies(root.kms)),
            user_policies=users,
            new_document=policies.new_policy_document(),
        )

    def _save_policy(self, request: Request, form: Form) -> Response:
        """Write a policy, in a lab only, and let the page load what depends on it again."""
        self._needs_lab()
        kind = form.get("kind")
        if kind not in ("key", "user", "managed") or not form.get("owner"):
            raise ValueError("The form does not name a policy")
        try:
            policies.save(
                self.account.ambient,
                kind,
                form.get("owner"),
                form.get("name"),
                form.get("document"),
            )
        except _AWS_ERRORS as error:
            response = self._html("_saved.html", error=in_words(error))
        else:
            response = self._html("_saved.html", error=None)
            response.headers["HX-Trigger"] = "policies-changed"
        if _is_partial(request):
            return response
        return RedirectResponse(f"{self.path}/policies", 303)

    def _needs_lab(self) -> None:
        if self.account.lab is None:
            raise NotFoundError("Policies can be edited in a lab only, by its root")

    def _trail(self, request: Request, form: Form) -> Response:
        context = self._context(request, form)
        return self._page("trail.html", context, **self._newest(form))

    def _events(self, _request: Request, form: Form) -> Response:
        after = form.get("after")
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise ValueError("The address does not name an event")
        newest = self._newest(form)
        if newest["last"] <= int(after):
            return Response(status_code=204)  # htmx leaves the page as it is
        return self._html("_events.html", **newest)

    def _newest(self, form: Form) -> dict[str, Any]:
        """Return the newest events, newest first, and the number of the newest of them.

        The ambient principal's calls are left out unless they are asked for: most of them are this program's.
        """
        lab = self.account.lab
        if lab is None:
            raise NotFoundError("Only a lab has a trail, for its root")
        with_ambient = form.get("all") == "yes"
        events = [
            event for event in lab.trail() if with_ambient or event["principal"] != self.account.ambient.arn
        ]
        last = events[-1]["sequence"] if events else 0
        return {"events": events[: -_TRAIL_EVENTS - 1 : -1], "last": last, "with_ambient": with_ambient}


def in_words(error: Exception) -> str:
    """Return an AWS error in AWS's own words, escaped."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        message = f"{details.get('Code', 'Unknown')}: {details.get('Message', '')}"
        return escaped(f"{error.operation_name} was refused: {message}", 2048)
    return escaped(str(error), 2048)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def _list_tables(actor: Actor) -> list[str]:
    pages = actor.dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"MaxItems": _MAX_TABLES})
    return [name for page in pages for name in page["TableNames"]]


def _as(actor: Actor) -> dict[str, str]:
    return {"as": actor.user} if actor.user else {}


def _limit(form: Form) -> int:
    written = form.get("limit")
    is_number = written.isascii() and written.isdigit() and len(written) < 10
    return min(MAX_PAGE_SIZE, max(1, int(written))) if is_number else PAGE_SIZE


def _is_partial(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
