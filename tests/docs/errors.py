"""Finds every error class of the library."""

import pkgutil
from collections.abc import Iterator, Sequence
from importlib import import_module

import dynaseal
from dynaseal import DynasealError


def all_errors() -> Sequence[type[DynasealError]]:
    """Import every module of the library and return its error classes, `DynasealError` first."""
    for module in pkgutil.walk_packages(dynaseal.__path__, "dynaseal."):
        import_module(module.name)
    return [DynasealError, *dict.fromkeys(_subclasses(DynasealError))]


def _subclasses(base: type[DynasealError]) -> Iterator[type[DynasealError]]:
    for error in base.__subclasses__():
        if error.__module__.startswith("dynaseal."):
            yield error
            yield from _subclasses(error)
