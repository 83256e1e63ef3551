"""The world of these tests: a lab and AWS's Java library; without java and mvn they are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from interop import world as worlds
from interop.java import NoJavaError
from interop.world import World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    try:
        with worlds.running() as running:
            yield running
    except NoJavaError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
