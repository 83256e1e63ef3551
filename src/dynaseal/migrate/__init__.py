"""Moving a table from one configuration to another: encrypt it, change its keys or actions, or decrypt it.

`transform` takes one item and has no I/O of its own; `Migration` applies it to a live table. What needs boto3
is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dynaseal.migrate.forms import ItemForm
from dynaseal.migrate.transforming import PLAINTEXT, Outcome, OutcomeState, Plaintext, transform

if TYPE_CHECKING:
    from dynaseal.migrate.migration import Migration
    from dynaseal.migrate.reports import Estimate, Failure, MigrationReport, Progress

_MODULES_THAT_NEED_BOTO3 = {
    "Estimate": "dynaseal.migrate.reports",
    "Failure": "dynaseal.migrate.reports",
    "Migration": "dynaseal.migrate.migration",
    "MigrationReport": "dynaseal.migrate.reports",
    "Progress": "dynaseal.migrate.reports",
}

__all__ = [
    "PLAINTEXT",
    "Estimate",
    "Failure",
    "ItemForm",
    "Migration",
    "MigrationReport",
    "Outcome",
    "OutcomeState",
    "Plaintext",
    "Progress",
    "transform",
]


def __getattr__(name: str) -> Any:
    module = _MODULES_THAT_NEED_BOTO3.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(module), name)
