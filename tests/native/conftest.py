"""The native engine, which these tests need; where cargo is, `make native` builds it."""

from __future__ import annotations

import os
import shutil

import pytest

from dynaseal.native import NativeEngine, native_engine


@pytest.fixture(scope="session")
def engine() -> NativeEngine:
    found = native_engine()
    if found is None:
        message = "the native engine is not installed, or refused: make native"
        if os.environ.get("CI") == "true" and shutil.which("cargo"):
            pytest.fail(message)
        pytest.skip(message)
    return found
