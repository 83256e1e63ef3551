"""Users' own functions: their names in messages, what they returned, and whether their code was run."""

from collections.abc import Callable
from inspect import (
    isasyncgen,
    isasyncgenfunction,
    isawaitable,
    iscoroutine,
    iscoroutinefunction,
    isgenerator,
    isgeneratorfunction,
)
from typing import Any


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function, or the class of another object that can be called."""
    return getattr(function, "__qualname__", type(function).__name__)


def type_of_result(result: object) -> str:
    """Return the name of a result's type, for the message that refuses it.

    A coroutine or generator is closed.
    """
    close_unrun(result)
    return type(result).__name__


def close_unrun(result: object) -> None:
    """Close a result if it is a coroutine or generator: nobody will run it, and Python would warn of that."""
    if iscoroutine(result) or isgenerator(result):
        result.close()


def runs_later(function: Callable[..., Any]) -> bool:
    """Return whether calling a function only makes a coroutine or a generator, and runs none of its code."""
    # An object that can be called has its code in the method of its class.
    return any(
        iscoroutinefunction(code) or isgeneratorfunction(code) or isasyncgenfunction(code)
        for code in (function, type(function).__call__)
    )


def check_has_run(function: Callable[..., Any], result: object) -> None:
    """Check that a function has done its work when it returns.

    Args:
        function: The function.
        result: What it returned.

    Raises:
        TypeError: that is a coroutine, a generator or another object that somebody has yet to run.
    """
    if isawaitable(result) or isgenerator(result) or isasyncgen(result):
        raise TypeError(f"{name_of(function)} returned an object that nobody runs: {type_of_result(result)}")
