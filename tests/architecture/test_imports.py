"""What the design promises about imports and public names."""

import subprocess
import sys
from importlib.metadata import version

import pytest

import dynaseal


def loaded_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a statement."""
    program = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, text=True
        ).stdout.split()
    )


def test_importing_dynaseal_imports_neither_boto3_nor_the_lab() -> None:
    assert loaded_after("import dynaseal").isdisjoint({"boto3", "botocore", "dynaseal_lab", "awscrt"})


def test_importing_dynaseal_loads_what_few_programs_use_only_when_it_is_used() -> None:
    loaded = loaded_after("import dynaseal")
    parts = ("beacons.compiled", "beacons.requests", "expressions", "models", "otel", "report")
    rare = tuple(f"dynaseal.{part}" for part in parts)
    assert not [name for name in loaded if name.startswith(rare)]


def test_a_table_s_first_calls_load_neither_beacons_nor_expressions_nor_plans() -> None:
    loaded = loaded_after(
        """
from io import BytesIO
import boto3
from botocore.awsrequest import AWSResponse
from dynaseal import AttributeActions, EncryptedTable, RawAesKeyring, TableConfig

class Reply(BytesIO):
    def stream(self):
        yield self.read()

def answer(request, **_):
    return AWSResponse(request.url, 200, {}, Reply(b"{}"))

table = boto3.resource(
    "dynamodb", region_name="eu-west-1", aws_access_key_id="id", aws_secret_access_key="secret"
).Table("people")
table.meta.client.meta.events.register("before-send.dynamodb", answer)
config = TableConfig(
    "people", "pk", attribute_actions=AttributeActions(), keyring=RawAesKeyring("n", "k", bytes(32))
)
people = EncryptedTable(table, config=config)
people.put_item(Item={"pk": "ann", "salary": 1000})
people.get_item(Key={"pk": "ann"})
people.delete_item(Key={"pk": "ann"})
"""
    )
    parts = (
        "beacons.",
        "boto.interception.older_refusals",
        "boto.interception.statements",
        "boto.interception.table_operations",
        "boto.interception.updates.plan",
        "boto.interception.updates.transaction",
        "boto.keys",
        "expressions",
        "legacy",
        "materials.keyrings.hierarchical",
        "materials.key_store",
        "report",
        "search",
    )
    unneeded = tuple(f"dynaseal.{part}" for part in parts)
    assert not [name for name in loaded if name.startswith(unneeded)]


def test_signatures_are_loaded_only_for_a_suite_that_has_them() -> None:
    program = """
from dynaseal import AlgorithmSuite, AttributeActions, ItemEncryptor, RawAesKeyring, TableConfig
suite = AlgorithmSuite.COMMIT_KEY_SYMSIG
keyring = RawAesKeyring("n", "k", bytes(32))
actions = AttributeActions()
config = TableConfig("t", "pk", attribute_actions=actions, keyring=keyring, algorithm_suite=suite)
encryptor = ItemEncryptor(config)
encryptor.decrypt_item(encryptor.encrypt_item({"pk": {"S": "x"}}))
"""
    unneeded = {"cryptography.hazmat.primitives.asymmetric.ec", "dynaseal.core.signatures"}
    assert loaded_after(program).isdisjoint(unneeded)


def test_encrypting_under_a_raw_key_needs_no_aws_sdk() -> None:
    program = """
from dynaseal import AttributeActions, ItemEncryptor, RawAesKeyring, TableConfig
keyring = RawAesKeyring("n", "k", bytes(32))
encryptor = ItemEncryptor(TableConfig("t", "pk", attribute_actions=AttributeActions(), keyring=keyring))
encryptor.decrypt_item(encryptor.encrypt_item({"pk": {"S": "x"}}))
"""
    assert loaded_after(program).isdisjoint({"boto3", "botocore"})


@pytest.mark.parametrize("name", sorted(dynaseal.__all__))
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    assert getattr(dynaseal, name).__doc__


def test_public_names_are_sorted() -> None:
    assert dynaseal.__all__ == sorted(dynaseal.__all__)


def test_the_encrypted_client_table_and_resource_need_no_stubs_at_run_time() -> None:
    loaded = loaded_after("from dynaseal import EncryptedClient, EncryptedResource, EncryptedTable")
    assert not [name for name in loaded if name.startswith("mypy_boto3")]


def test_dir_lists_every_public_name_before_it_is_used() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", "import dynaseal; print('\\n'.join(dir(dynaseal)))"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert {*dynaseal.__all__, "__version__"} <= set(printed)


def test_the_version_is_the_installed_distributions() -> None:
    assert dynaseal.__version__ == version("dynaseal")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(dynaseal, "nothing")  # noqa: B009 a type checker knows that there is no such name
