"""Modules that are imported when they are first used, so that a program's first call comes early.

A module that imports another one for a rare case writes:

    if TYPE_CHECKING:
        from dynaseal.expressions import tree
    else:
        tree = LazyModule("dynaseal.expressions.tree")

and uses it as `tree.Path`. Type checkers and import-linter see an ordinary import.
"""

from importlib import import_module
from typing import Any


class LazyModule:
    """Stands in for a module, and imports it when one of its names is first used.

    Args:
        name: The module's full name.

    Example:
        >>> quoting = LazyModule("dynaseal.core.quoting")
        >>> quoting.quoted("x")
        "'x'"
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """Import the module and return one of its names, which is found without this call from then on."""
        value = getattr(import_module(self._name), name)
        setattr(self, name, value)
        return value
