"""`import dynaseal.aio` where its extra is not installed."""

from __future__ import annotations

import sys

import pytest


def test_a_missing_package_names_the_extra_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("dynaseal.aio")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "greenlet", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'dynaseal\[aio\]'"):
        import dynaseal.aio  # noqa: F401, PLC0415 - what is tested is the import
