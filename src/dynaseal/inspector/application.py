"""The addresses of the inspector, and which page answers each."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dynaseal.config import TableConfig
from dynaseal.inspector.accounts import Account
from dynaseal.inspector.item_pages import ItemPages
from dynaseal.inspector.lab_pages import LabPages, RecentEvents
from dynaseal.inspector.readers import Readers
from dynaseal.inspector.site import Handler, Site
from dynaseal.inspector.table_pages import TablePages


def application(account: Account, configs: Sequence[TableConfig], path: str) -> Starlette:
    """Return the application.

    Args:
        account: Whose tables are shown.
        configs: The configurations that were given.
        path: The first part of every path.
    """
    site, readers = Site(account, path, configs), Readers(configs)
    tables, items = TablePages(site, readers), ItemPages(site, readers)
    lab = LabPages(site, RecentEvents(account.ambient.arn))

    def get(address: str, handler: Handler) -> Route:
        return Route(address, site.answering(handler))

    def post(address: str, handler: Handler) -> Route:
        return Route(address, site.answering(handler), methods=["POST"])

    routes = [
        get("/", tables.list_tables),
        get("/tables/{table}", tables.show_table),
        get("/tables/{table}/item", items.show_item),
        get("/tables/{table}/item/reading", items.show_reading),
        post("/tables/{table}/item/reveal", items.reveal),
        get("/tables/{table}/item/access", items.show_access),
        get("/policies", lab.show_policies),
        post("/policies/save", lab.save_policy),
        get("/trail", lab.show_trail),
        get("/trail/events", lab.show_events),
        Mount("/static", StaticFiles(packages=[("dynaseal.inspector", "static")])),
    ]
    return Starlette(routes=[Mount(path, routes=routes)])
