"""Standing in for the older library: `import dynamodb_encryption_sdk` gives dynaseal.legacy."""

from __future__ import annotations

import subprocess
import sys

import pytest

import dynaseal.legacy


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own, where nothing is imported yet."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def output_of(program: str) -> str:
    completed = run(program)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


def test_an_unchanged_program_gets_this_package() -> None:
    program = """
import dynaseal.legacy
dynaseal.legacy.install()
dynaseal.legacy.install()
import dynamodb_encryption_sdk
from dynamodb_encryption_sdk.encrypted.table import EncryptedTable
from dynamodb_encryption_sdk.material_providers.store.meta import MetaStore
import dynamodb_encryption_sdk.delegated_keys.jce as jce
assert dynamodb_encryption_sdk.EncryptedTable is EncryptedTable
assert dynamodb_encryption_sdk.exceptions is dynaseal.legacy.exceptions
print(EncryptedTable.__module__, MetaStore.__module__, jce.__name__)
"""
    assert output_of(program).split() == [
        "dynaseal.legacy.encrypted.table",
        "dynaseal.legacy.material_providers.store.meta",
        "dynaseal.legacy.delegated_keys.jce",
    ]


@pytest.mark.parametrize(
    "imported", ["dynamodb_encryption_sdk", "dynamodb_encryption_sdk.identifiers"], ids=str
)
def test_it_is_refused_once_the_older_library_is_imported(imported: str) -> None:
    completed = run(f"import {imported}, dynaseal.legacy\ndynaseal.legacy.install()")
    assert "dynaseal.errors.ConfigError: dynamodb_encryption_sdk is imported already" in completed.stderr


def test_a_module_that_the_older_library_does_not_have_is_not_found() -> None:
    completed = run(
        "import dynaseal.legacy\ndynaseal.legacy.install()\nimport dynamodb_encryption_sdk.nothing"
    )
    assert "ModuleNotFoundError" in completed.stderr


def test_dynaseal_does_not_import_it_and_items_need_no_aws_sdk() -> None:
    program = """
import sys, dynaseal
assert "dynaseal.legacy" not in sys.modules
import dynaseal.legacy
print({"boto3", "botocore"} & set(sys.modules) or "none")
"""
    assert output_of(program) == "none"


def test_modules_are_found_through_their_package() -> None:
    program = """
import dynaseal.legacy as sdk
print(sdk.encrypted.table.EncryptedTable is sdk.EncryptedTable, sdk.structures.TableInfo.__name__)
"""
    assert output_of(program) == "True TableInfo"


def test_only_the_older_librarys_names_are_exported() -> None:
    import dynamodb_encryption_sdk  # noqa: PLC0415 where nothing was installed

    assert sorted(dynaseal.legacy.__all__) == sorted(dynamodb_encryption_sdk.__all__)
    assert all(hasattr(dynaseal.legacy, name) for name in dynaseal.legacy.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        dynaseal.legacy.nothing  # noqa: B018
