"""The site that `make docs` builds, and a browser where Chromium is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from docs.pages import ROOT
from support.browser import running_chromium

_BUILD = ROOT / "docs" / "website" / "build.py"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site; a broken link in it would have been an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, _BUILD, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser
