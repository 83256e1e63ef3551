"""The site in Chromium: readable at any width, in light and dark, by keyboard alone, without other hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from support.browser import Visit, serious

_PAGES = (
    "",
    "tutorial/",
    "api/dynaseal.models/",
    "reference/errors/",
    "reference/item-format/",
    "how-to/models/",
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Print nothing about requests."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(params=[(1280, "light"), (360, "light"), (360, "dark")], ids=["wide", "narrow", "dark"])
def visit(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A browser of some width and colours; afterwards, no error and no request elsewhere."""
    width, scheme = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    visit = Visit(context.new_page())
    yield visit
    context.close()
    assert visit.problems == []
    assert visit.hosts == {"127.0.0.1"}


def test_pages_fit_the_window_and_have_no_barrier(visit: Visit, address: str) -> None:
    page = visit.page
    found: dict[str, list[str]] = {}
    for name in _PAGES:
        page.goto(address + name)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        found[name] = serious(page)
    assert found == {name: [] for name in _PAGES}


def test_a_search_leads_to_the_page(visit: Visit, address: str) -> None:
    page = visit.page
    page.goto(address)
    page.get_by_role("searchbox").fill("surrogate")
    page.keyboard.press("Enter")
    result = page.locator("#mkdocs-search-results").get_by_role("link").first
    expect(result).to_be_visible()
    result.click()
    expect(page.locator("main")).to_contain_text("urrogate")


def test_the_keyboard_skips_to_the_content_and_reaches_every_page(visit: Visit, address: str) -> None:
    page = visit.page
    page.goto(address + "tutorial/")
    page.keyboard.press("Tab")
    assert _focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#content$"))
    page.locator("#pages summary").filter(has_text="Reference").press("Enter")
    page.locator("#pages").get_by_role("link", name="Errors").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Errors")


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))
