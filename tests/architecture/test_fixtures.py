"""Fixtures that one process may make more than once.

pytest-xdist may give a process some tests of a module, then others, then the rest of the module, and the
module's fixtures are made again for these. A session's fixture, such as a lab, is still the same one, with
all that the first ones made in it: so what a module makes in a lab is in a new account.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
REPEATED = ("class", "module", "package")
"""The scopes that a process may enter more than once."""


def test_a_fixture_that_may_be_made_twice_takes_new_accounts_of_the_sessions_lab() -> None:
    repeated = [
        (path, fixture) for path in sorted(TESTS.rglob("*.py")) for fixture in repeated_fixtures(path)
    ]
    assert repeated
    assert [
        f"{path.relative_to(TESTS)}: {fixture.name}"
        for path, fixture in repeated
        if "lab" in {argument.arg for argument in fixture.args.args}
    ] == []


def repeated_fixtures(path: Path) -> Iterator[ast.FunctionDef]:
    """Yield the fixtures of a file that are made for each module, package or class."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(map(is_repeated, node.decorator_list)):
            yield node


def is_repeated(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and any(
        keyword.arg == "scope" and isinstance(keyword.value, ast.Constant) and keyword.value.value in REPEATED
        for keyword in decorator.keywords
    )
