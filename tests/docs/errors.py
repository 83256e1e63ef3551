"""Every class of error that the library has."""

import pkgutil
from collections.abc import Iterator, Sequence
from importlib import import_module

import dynaseal
from dynaseal import DynasealError


def all_errors() -> Sequence[type[DynasealError]]:
    """Give the classes, `DynasealError` first, after loading every module that could have one."""
    for module in pkgutil.walk_packages(dynaseal.__path__, "dynaseal."):
        import_module(module.name)
    return [DynasealError, *dict.fromkeys(_below(DynasealError))]


def _below(base: type[DynasealError]) -> Iterator[type[DynasealError]]:
    for each in base.__subclasses__():
        if each.__module__.startswith("dynaseal."):
            yield each
            yield from _below(each)
