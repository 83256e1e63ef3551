"""What prose names exists: commands, options, make's targets, public names; and words have one spelling."""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import botocore.session
import click
import pytest

import dynaseal
import dynaseal.testing
from docs.cli_reference import commands
from docs.errors import all_errors
from docs.pages import ROOT, Page, all_pages
from dynaseal.cli.main import main

_PAGES = all_pages()
_ANY_PAGE = pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
_CAMEL = re.compile(r"\b(?:[A-Z]{3})?[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+\b")
# Names of Python's, boto3's and IAM's own, and those that a page's example defines.
_ELSEWHERE = frozenset({"AccessDeniedException", "ClientError", "LookupError", "TypeError", "ValueError"})
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
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for line in page.commands for name in re.findall(r"(?:^|[$;&] ?)make ([a-z-]+)", line)}
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
            given = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert given <= options | {"--help"}, line


@_ANY_PAGE
def test_every_name_in_code_is_a_name_of_dynaseal_or_of_aws(page: Page) -> None:
    ours = {*dynaseal.__all__, *dynaseal.testing.__all__, *(error.__name__ for error in all_errors())}
    named = {name for span in page.spans for name in _CAMEL.findall(_without_texts(span))}
    assert named - ours - _aws_names() - _ELSEWHERE - _EXAMPLES == set()


@_ANY_PAGE
def test_every_dotted_name_leads_somewhere(page: Page) -> None:
    for span in page.spans:
        for dotted in re.findall(r"\b(?:dynaseal|dynaseal_lab)(?:\.\w+)+", span):
            assert _resolve(dotted) is not None
        for owner, member in re.findall(r"^([A-Z]\w+)\.(\w+)", span):
            if owner in dynaseal.__all__ and member != "md":
                value = getattr(dynaseal, owner)
                assert hasattr(value, member) or member in getattr(value, "__annotations__", {}), span


@_ANY_PAGE
def test_words_are_spelled_in_one_way(page: Page) -> None:
    prose = re.sub(r"`[^`\n]*`|\]\([^)]*\)|^ {4}.*$|\w+://\S+", "", page.prose, flags=re.MULTILINE)
    found = {match.group() for wrong in _SPELLINGS for match in re.finditer(wrong, prose)}
    assert found - {"boto3"} == set()


def test_what_is_said_of_the_older_librarys_items_is_so() -> None:
    page = ROOT / "docs" / "how-to" / "from-the-older-library.md"
    cannot = "cannot be read yet" in page.read_text(encoding="utf-8")
    assert cannot is (find_spec("dynaseal.legacy") is None)


def test_every_public_name_is_in_the_documentation() -> None:
    text = "".join(page.text for page in _PAGES)
    missing = [name for name in dynaseal.__all__ if not re.search(rf"\b{name}\b", text)]
    assert missing == []


def _dynaseal_commands(line: str) -> Iterator[list[str]]:
    for part in re.split(r"&&|\||;|\$\(|\)|#", line):
        match = re.match(r"\s*(?:\$ |eval \"?)?(?:\.venv/bin/)?dynaseal((?: .*)?)$", part.rstrip('"'))
        if match:
            yield shlex.split(match[1].split(" -- ")[0])


def _without_texts(span: str) -> str:
    """Leave out string literals and IAM's actions and condition keys."""
    return re.sub(r"\"[^\"]*\"|'[^']*'|\b(?:aws|dynamodb|iam|kms|sts):\S+", "", span)


@cache
def _aws_names() -> frozenset[str]:
    """Operations, parameters and errors of the services that the lab has, as botocore knows them."""
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
