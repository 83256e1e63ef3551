"""The fixture of these tests: a lab and AWS's Java library. Without java and mvn the tests are skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from interop.environment import Environment, running
from interop.java import NoJavaError


@pytest.fixture(scope="session")
def environment() -> Iterator[Environment]:
    try:
        with running() as environment:
            yield environment
    except NoJavaError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
