"""Which engines the tests of the lab can use on this machine."""

import os
import shutil

import pytest

from dynaseal_lab.dynamodb.native import is_installed


def require_native_engine() -> None:
    """Skip a test where the native engine is not installed; in CI, fail where it could have been built."""
    if not is_installed():
        if os.environ.get("CI") == "true" and shutil.which("cargo"):
            pytest.fail("the native engine is not installed: make native")
        pytest.skip("the native engine is not installed: make native")
