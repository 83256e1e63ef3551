"""Names in prose exist: commands, options, make targets, public names; and the prose is plain English."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import botocore.session
import click
import pytest

import dynaseal
import dynaseal.models
import dynaseal.testing
from docs.cli_reference import commands
from docs.errors import all_errors
from docs.pages import ROOT, Page, all_pages
from docs.plain_english import unclear_wordings
from dynaseal.boto.interception.unreadable import UNREADABLE_ITEMS
from dynaseal.cli.main import main

_PROSE_FOLDERS = {
    "terraform": {".tf", ".hcl", ".sh"},
    "interop": {".java"},
    "examples": {".py"},
    "tests/interop": {".py"},
}
_GENERATED = {".terraform", "target"}
_GLOSSARY = ROOT / "docs" / "glossary.md"
_PAGES = all_pages()
# Everything that is read as prose, or has comments and messages, outside `src`.
_PROSE = [page.path for page in _PAGES] + [
    path
    for folder, endings in _PROSE_FOLDERS.items()
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in endings and not _GENERATED & {*path.parts}
]
_ANY_PAGE = pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
_CAMEL = re.compile(r"\b(?:[A-Z]{3})?[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+\b")
# Names of Python and botocore, and names that an example defines.
_ELSEWHERE = frozenset(
    {"AccessDeniedException", "ClientError", "FullAWSAccess", "LookupError", "TypeError", "ValueError"}
)
_EXAMPLES = frozenset({"HsmKeyring"})
_SPELLINGS = {
    r"\bdynamodb\b(?!-)": "DynamoDB",
    r"\b[Bb]oto3\b": "boto3",
    r"\bDynaseal\b": "dynaseal",
    r"\bterraform\b": "Terraform",
    r"\bpython\b": "Python",
    r"\b[Kk]ey ring": "keyring",
    r"\b[Kk]eystore": "key store",
    r"\bcipher text\b": "ciphertext",
    r"\bplain text\b": "plaintext",
    r"\b(Json|json)\b": "JSON",
    r"\bPynamodb\b|\bpynamoDB\b": "PynamoDB",
}


@_ANY_PAGE
def test_every_target_of_make_that_a_page_names_exists(page: Page) -> None:
    targets = set(
        re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {name for line in page.commands for name in re.findall(r"(?:^|[$;&] ?)make ([a-z0-9-]+)", line)}
    assert named <= targets


@_ANY_PAGE
def test_every_command_that_a_page_names_exists_with_its_options(page: Page) -> None:
    known = {context.command_path: context.command for context in commands(main, "dynaseal")}
    for line in page.commands:
        for words in _dynaseal_commands(line):
            path = "dynaseal"
            while f"{path} {words[0] if words else ''}" in known:
                path += f" {words.pop(0)}"
            command = known[path]
            assert not isinstance(command, click.Group) or not words or words[0].startswith("-"), line
            options = {name for parameter in command.params for name in parameter.opts}
            used = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert used <= options | {"--help"}, line


@_ANY_PAGE
def test_every_name_in_code_is_a_name_of_dynaseal_or_of_aws(page: Page) -> None:
    errors = (error.__name__ for error in all_errors())
    ours = {*dynaseal.__all__, *dynaseal.models.__all__, *dynaseal.testing.__all__, *errors, UNREADABLE_ITEMS}
    named = {name for span in page.spans for name in _CAMEL.findall(_without_literals(span))}
    internal = set(_glossary_names()) if page.path == _GLOSSARY else set()
    known = ours | internal | _imported_names(page) | _aws_names() | _ELSEWHERE | _EXAMPLES
    assert named - known == set()


@_ANY_PAGE
def test_every_dotted_name_exists(page: Page) -> None:
    for span in page.spans:
        for dotted in re.findall(r"\b(?:dynaseal|dynaseal_lab)(?:\.\w+)+", span):
            assert dotted in _telemetry_names() or _resolve(dotted) is not None
        for owner, member in re.findall(r"^([A-Z]\w+)\.(\w+)", span):
            if owner in dynaseal.__all__ and member != "md":
                value = getattr(dynaseal, owner)
                assert hasattr(value, member) or member in getattr(value, "__annotations__", {}), span


@_ANY_PAGE
def test_words_are_spelled_in_one_way(page: Page) -> None:
    prose = re.sub(r"`[^`\n]*`|\]\([^)]*\)|^ {4}.*$|\w+://\S+", "", page.prose, flags=re.MULTILINE)
    found = {match.group() for wrong in _SPELLINGS for match in re.finditer(wrong, prose)}
    assert found - {"boto3"} == set()


def test_the_page_about_the_older_library_says_whether_its_items_can_be_read() -> None:
    page = ROOT / "docs" / "how-to" / "from-the-older-library.md"
    cannot = "cannot be read yet" in page.read_text(encoding="utf-8")
    assert cannot is (find_spec("dynaseal.legacy") is None)


@pytest.mark.parametrize("path", _PROSE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_prose_is_plain_english(path: Path) -> None:
    wordings = "\n".join(unclear_wordings(path.read_text(encoding="utf-8")))
    assert not wordings, wordings


def test_every_name_in_the_glossary_exists_in_the_code() -> None:
    names = _glossary_names()
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py")))
    assert 40 <= len(names) <= 60
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", code)] == []


def test_every_public_name_is_in_the_documentation() -> None:
    text = "".join(page.text for page in _PAGES)
    missing = [name for name in dynaseal.__all__ if not re.search(rf"\b{name}\b", text)]
    assert missing == []


def _glossary_names() -> list[str]:
    """Return the names in the last column of the glossary's tables."""
    return re.findall(r"\| `([^`]+)` \|$", _GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)


@cache
def _telemetry_names() -> frozenset[str]:
    """Return the names of metrics and of attributes of spans, which look like names of modules."""
    code = (ROOT / "src" / "dynaseal" / "otel" / "recording.py").read_text(encoding="utf-8")
    return frozenset(re.findall(r"\"(dynaseal\.[a-z_.]+)\"", code))


def _imported_names(page: Page) -> set[str]:
    """Return the names that the page's own code imports: running it shows that they exist."""
    trees = [ast.parse(block.text) for block in page.blocks if block.language == "python"]
    imports = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.name for node in imports for alias in node.names}


def _dynaseal_commands(line: str) -> Iterator[list[str]]:
    for part in re.split(r"&&|\||;|\$\(|\)|#", line):
        match = re.match(r"\s*(?:\$ |eval \"?)?(?:\.venv/bin/)?dynaseal((?: .*)?)$", part.rstrip('"'))
        if match:
            yield shlex.split(match[1].split(" -- ")[0])


def _without_literals(span: str) -> str:
    """Remove string literals, and IAM's actions and condition keys."""
    return re.sub(r"\"[^\"]*\"|'[^']*'|\b(?:aws|dynamodb|iam|kms|sts):\S+", "", span)


@cache
def _aws_names() -> frozenset[str]:
    """Return the names of operations, parameters and errors in botocore's models of the lab's services."""
    session = botocore.session.get_session()
    names: set[str] = set()
    for service in ("dynamodb", "iam", "kms", "sts"):
        model: Any = session.get_service_model(service)
        names.update(model.operation_names, model.shape_names)
        for name in model.shape_names:
            names.update(getattr(model.shape_for(name), "members", {}))
    return frozenset(names)


def _resolve(dotted: str) -> Any:
    module, *rest = dotted.split(".")
    value: Any = import_module(module)
    for name in rest:
        module += f".{name}"
        value = getattr(value, name, None) or import_module(module)
    return value
