"""Item encryptors with the Python engine and, where it is installed, with the native one."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from benchmarks.rows import Column
from dynaseal.native import VARIABLE, native_engine

Made = TypeVar("Made")


@contextmanager
def engine(name: str) -> Iterator[None]:
    """Choose the engine of what is made within a `with` block: `python` or `native`."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = name
    native_engine.cache_clear()
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
        native_engine.cache_clear()


def is_native_installed() -> bool:
    """Return whether the native engine can be used."""
    native_engine.cache_clear()
    return native_engine() is not None


def with_each_engine(make: Callable[[], Made]) -> Mapping[Column, Made]:
    """Make something once with each engine that is installed."""
    made: dict[Column, Made] = {}
    with engine("python"):
        made[Column.PURE] = make()
    if is_native_installed():
        with engine("native"):
            made[Column.NATIVE] = make()
    return made
