"""Chromium for tests of pages: starting it, a visit that notes problems, and what axe-core finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Run Chromium if the machine has it; in CI its absence is a failure.

    A fixture for it has the scope "module", because an event loop runs in this thread as long as it is open.
    """
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("Chromium is not installed")
    with sync_playwright() as playwright:
        # Its sandbox needs a user namespace, which containers do not have; it opens our own pages only.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A page, with what it printed to the console and where it sent requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        self.hosts: set[str | None] = set()
        page.on("console", self._printed)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname))
        page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the person left the page before it was loaded
            self.problems.append(f"{request.url}: {request.failure}")

    def _printed(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)


def serious(page: Page) -> list[str]:
    """Return what axe-core finds that is serious or critical."""
    page.wait_for_load_state()  # without its style sheets a page has other colours
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
