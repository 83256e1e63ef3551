"""What every page needs: the fields of a request, the principal that looks, HTML, and errors in words."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from botocore.exceptions import BotoCoreError, ClientError
from jinja2 import Environment
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from dynaseal.boto.table_facts import find_table_facts
from dynaseal.config import TableConfig
from dynaseal.core.quoting import escaped
from dynaseal.errors import DynasealError
from dynaseal.inspection.tables import KeyInputError, TableFacts, describe_table
from dynaseal.inspector.accounts import Account, Actor
from dynaseal.inspector.labs import LabError
from dynaseal.inspector.rendering import environment

AWS_ERRORS = (BotoCoreError, ClientError)
_MAX_FIELDS = 100
_MAX_WORDS = 2048


class NotFoundError(Exception):
    """There is no such page, table or item; the message says which."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: what was asked for, and by which principal.

    Attributes:
        request: The request.
        fields: The fields of its address and its body.
        actor: The principal that looks.
    """

    request: Request
    fields: Mapping[str, Sequence[str]]
    actor: Actor

    def get(self, name: str) -> str:
        """Return a field's value; empty if it is missing."""
        return next(iter(self.fields.get(name, ())), "")

    @property
    def is_partial(self) -> bool:
        """Whether htmx wants a part of a page."""
        return _is_partial(self.request)

    def link(self, path: str, **fields: str) -> str:
        """Return an address for the same principal."""
        actor_field = {"as": self.actor.user} if self.actor.user else {}
        query = urlencode({**fields, **actor_field})
        return f"{path}?{query}" if query else path


Handler = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class Site:
    """Answers requests with pages.

    Args:
        account: Whose tables are shown.
        path: The first part of every path.
        configs: The configurations that were given.
    """

    account: Account
    path: str = field(repr=False)
    configs: Sequence[TableConfig] = ()
    templates: Environment = field(default_factory=environment, repr=False)

    def answering(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that calls a handler in a thread, because boto3 waits for its replies."""

        async def answer(request: Request) -> Response:
            try:
                body = (await request.body()).decode("utf-8", "replace")
            except ClientDisconnect:
                return Response(status_code=413)
            return await run_in_threadpool(self.answer, handler, request, body)

        return answer

    def answer(self, handler: Handler, request: Request, body: str = "") -> Response:
        """Return a handler's response, or a page with the error in words."""
        try:
            fields = parse_qs(body, keep_blank_values=True, max_num_fields=_MAX_FIELDS) if body else {}
            fields |= parse_qs(request.url.query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
            return handler(Visit(request, fields, self._actor(next(iter(fields.get("as", ())), ""))))
        except NotFoundError as error:
            return self.error(request, str(error), 404)
        except (KeyInputError, ValueError) as error:
            return self.error(request, str(error), 400)
        except LabError as error:
            return self.error(request, str(error), 502)
        except DynasealError as error:
            return self.error(request, str(error), 200)
        except AWS_ERRORS as error:
            return self.error(request, in_words(error), 200)

    def page(self, template: str, visit: Visit, **values: Any) -> HTMLResponse:
        """Return a whole page."""
        return self.html(
            template,
            actor=visit.actor,
            as_user=visit.actor.user,
            users=self.account.users(),
            here=visit.request.url.path,
            **values,
        )

    def html(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a template's HTML."""
        shared = {
            "root": self.path,
            "account": self.account,
            "has_lab": self.account.lab is not None,
        }
        html = self.templates.get_template(template).render(**shared, **values)
        # An item of a lab can have a lone surrogate, which UTF-8 does not have.
        return HTMLResponse(html.encode("utf-8", "replace"), status)

    def facts(self, visit: Visit) -> TableFacts:
        """Return what is known of the table that the address names.

        In a lab its root describes it where the principal may not, so that the page can say so.

        Raises:
            NotFoundError: there is no such table.
        """
        name = visit.request.path_params["table"]
        try:
            return find_table_facts(visit.actor.dynamodb, name, self._config_named(name))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
                raise NotFoundError(in_words(error)) from None
            if self.account.lab is None or visit.actor is self.account.ambient:
                raise
        return describe_table(self.account.ambient.dynamodb, name)

    def _config_named(self, table: str) -> TableConfig | None:
        """Return the configuration of a table that cannot be described; in a lab its root describes it."""
        if self.account.lab is not None:
            return None
        by_name = [config for config in self.configs if config.logical_table_name == table]
        return next(iter(by_name or (self.configs if len(self.configs) == 1 else ())), None)

    def error(self, request: Request, message: str, status: int) -> Response:
        """Return a page, or a part of one, with an error; it needs no call of AWS."""
        name = "_error.html" if _is_partial(request) else "error.html"
        return self.html(name, status, message=message, actor=self.account.ambient, users=(), as_user="")

    def _actor(self, user: str) -> Actor:
        try:
            return self.account.actor(user)
        except LookupError:
            raise NotFoundError(f"There is no user {escaped(user)} to look as") from None


def in_words(error: Exception) -> str:
    """Return an error of botocore's; what AWS said is in AWS's own words, escaped."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        said = f"{details.get('Code', 'Unknown')}: {details.get('Message', '')}"
        return escaped(f"{error.operation_name} was refused: {said}", _MAX_WORDS)
    return escaped(str(error), _MAX_WORDS)


def _is_partial(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"
