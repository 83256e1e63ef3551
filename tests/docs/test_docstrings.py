"""Docstrings name the errors that a public function raises, and the members of a public enumeration."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from enum import Enum, EnumMeta
from pathlib import Path
from typing import Any

import pytest

import dynaseal
from docs.pages import ROOT

_LIBRARY = ROOT / "src" / "dynaseal"
# The docstring of a command is its help, and that of a rule is its line in a report.
_NOT_CHECKED = (_LIBRARY / "cli", _LIBRARY / "testing" / "rules.py")
_ERROR = re.compile(r"^ *(?:\w+\.)*(\w+): ", re.MULTILINE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(tree: ast.AST) -> Iterator[Function]:
    """Yield functions and methods that have a docstring and no underscore, but not what is inside them."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from public_functions(node)
        elif isinstance(node, Function) and not node.name.startswith("_") and ast.get_docstring(node):
            yield node


def raised_names(function: Function) -> set[str]:
    """The names of the errors that a function raises itself; an abstract method raises none."""
    names: set[str] = set()
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(error, ast.Name) and ast.unparse(node.exc) != "NotImplementedError":
                names.add(error.id)
        waiting.extend(ast.iter_child_nodes(node))
    return names


def documented(function: Function) -> set[str]:
    _, _, section = (ast.get_docstring(function) or "").partition("Raises:\n")
    return {*_ERROR.findall(section)}


def names_of(error: type[BaseException]) -> set[str]:
    """The names by which an error may be documented: its own, and those of its bases that say something."""
    bases = {base.__name__ for base in error.__mro__} - {"Exception", "BaseException", "object"}
    return bases | {error.__name__}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(_LIBRARY.rglob("*.py"))
        if not any(path.is_relative_to(excluded) for excluded in _NOT_CHECKED)
        and "raise " in path.read_text()
    ],
    ids=lambda path: str(path.relative_to(_LIBRARY)),
)
def test_a_docstring_names_the_errors_that_its_function_raises(path: Path) -> None:
    tree = ast.parse(path.read_text())
    missing: list[str] = []
    for function in public_functions(tree):
        for name in raised_names(function):
            error = _class(path, name)
            if error is not None and not names_of(error) & documented(function):
                missing.append(f"{function.name}: {name}")
    assert missing == []


# Their members have the names of standards.
_STANDARD_NAMES = (dynaseal.Curve, dynaseal.RsaPadding)


@pytest.mark.parametrize(
    "enumeration",
    [
        public
        for public in (getattr(dynaseal, name) for name in dynaseal.__all__)
        if isinstance(public, EnumMeta) and public not in _STANDARD_NAMES
    ],
    ids=lambda enumeration: enumeration.__name__,
)
def test_help_explains_each_member_of_an_enumeration(enumeration: type[Enum]) -> None:
    explained = {*re.findall(r"^ +(\w+): ", enumeration.__doc__ or "", re.MULTILINE)}
    assert {member.name for member in enumeration} <= explained


def _class(path: Path, name: str) -> type[BaseException] | None:
    """The error class that a module has under a name; None for a variable or parameter of a function."""
    module: Any = importlib.import_module(
        ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
    )
    builtins = vars(importlib.import_module("builtins"))
    error = vars(module).get(name, builtins.get(name))
    return error if isinstance(error, type) and issubclass(error, BaseException) else None
