"""The pages of tables: which there are, and the items of one, by page, by key and by query."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import RedirectResponse, Response

from dynaseal.inspection.item import describe_key_attributes, explain_item
from dynaseal.inspection.tables import (
    ItemPage,
    KeyInputError,
    KeyQuery,
    TableFacts,
    key_value,
    query_page,
    scan_page,
)
from dynaseal.inspector.accounts import Actor
from dynaseal.inspector.readers import Readers
from dynaseal.inspector.rendering import decode_key, encode_key, encode_name
from dynaseal.inspector.site import AWS_ERRORS, Site, Visit, in_words

PAGE_SIZE = 25
MAX_PAGE_SIZE = 100
_MAX_TABLES = 500
_KEPT = ("as", "index", "partition", "sort", "match", "limit")


@dataclass(frozen=True, slots=True)
class TablePages:
    """Answers requests about tables."""

    site: Site
    readers: Readers

    def list_tables(self, visit: Visit) -> Response:
        """Return the list of tables, or lead to the table that was named."""
        name = visit.get("table")
        if name:
            return RedirectResponse(visit.link(f"{self.site.path}/tables/{quote(name, safe='')}"), 303)
        names, refusal = self._table_names(visit.actor)
        return self.site.page("tables.html", visit, tables=names, refusal=refusal)

    def show_table(self, visit: Visit) -> Response:
        """Return a page of a table's items, or lead to the item whose key was given."""
        facts = self.site.facts(visit)
        written = {name: visit.get(f"key.{encode_name(name)}") for name in facts.key_names}
        if any(written.values()):
            key = {name: key_value(facts, name, value) for name, value in written.items()}
            stored = self.readers.stored_key(facts, key)
            return RedirectResponse(visit.link(f"{visit.request.url.path}/item", k=encode_key(stored)), 303)
        page, refusal = self._items(visit, facts)
        config = self.readers.config(visit.actor, facts)
        rows = [
            (encode_key({name: item[name] for name in facts.key_names if name in item}), item, explained)
            for item in page.items
            for explained in [explain_item(item, config)]
        ]
        return self.site.page(
            "table.html",
            visit,
            facts=facts,
            rows=rows,
            refusal=refusal,
            describe_key=describe_key_attributes,
            next_page=page.next_key and _next_page(visit, page.next_key),
            form=visit,
            limit=_limit(visit),
        )

    def _table_names(self, actor: Actor) -> tuple[list[str], str | None]:
        """Return the tables' names; in a lab those of its root, if the principal may not list them."""
        try:
            return _list_tables(actor), None
        except AWS_ERRORS as error:
            refusal = in_words(error)
        account = self.site.account
        if account.lab is None or actor is account.ambient:
            return [], refusal
        return _list_tables(account.ambient), refusal

    def _items(self, visit: Visit, facts: TableFacts) -> tuple[ItemPage, str | None]:
        """Return one page of items, or why there is none."""
        client, limit = visit.actor.dynamodb, _limit(visit)
        start = decode_key(visit.get("start")) if visit.get("start") else None
        try:
            if not visit.get("partition"):
                return scan_page(client, facts, limit, start), None
            query = KeyQuery(
                index=visit.get("index") or None,
                partition=visit.get("partition"),
                sort=visit.get("sort"),
                begins_with=visit.get("match") == "begins",
            )
            return query_page(client, facts, query, limit, start), None
        except KeyInputError as error:
            return ItemPage((), None), f"{error}."
        except AWS_ERRORS as error:
            return ItemPage((), None), in_words(error)


def _next_page(visit: Visit, next_key: Mapping[str, Any]) -> str:
    kept_fields = {name: visit.get(name) for name in _KEPT if visit.get(name)}
    return urlencode({**kept_fields, "start": encode_key(next_key)})


def _list_tables(actor: Actor) -> list[str]:
    pages = actor.dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"MaxItems": _MAX_TABLES})
    return [name for page in pages for name in page["TableNames"]]


def _limit(visit: Visit) -> int:
    written = visit.get("limit")
    is_number = written.isascii() and written.isdigit() and len(written) < 10
    return min(MAX_PAGE_SIZE, max(1, int(written))) if is_number else PAGE_SIZE
