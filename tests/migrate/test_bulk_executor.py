"""The functions that AWS's Bulk Executor calls, called as it calls them."""

from __future__ import annotations

import importlib
import pickle
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from boto3.dynamodb.types import Binary

from dynaseal.migrate import PLAINTEXT
from dynaseal.migrate.bulk_executor import BulkExecutorError, BulkExecutorHooks
from support.exports import NEW, OLD, new, old, plain

MODULE = """
from dynaseal.migrate.bulk_executor import BulkExecutorHooks
from support.exports import new, old

hooks = BulkExecutorHooks(old, new)


def transform_full_record(record):
    return hooks.transform_full_record(record)


def transform_incremental_record(record):
    return hooks.transform_incremental_record(record)


def generate(item):
    return hooks.generate(item)
"""
PERSON: dict[str, Any] = {"pk": "ann", "city": "Bern", "photo": Binary(b"\x01"), "salary": 9100}
SCHEMA = {"pk": {"name": "pk", "type": "S"}}


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A user's module, in the package where the Bulk Executor looks for it."""
    package = tmp_path / "python_modules" / "load_export" / "transform"
    package.mkdir(parents=True)
    (package / "to_new_key.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    loaded = importlib.import_module("python_modules.load_export.transform.to_new_key")
    for name in [name for name in sys.modules if name.startswith("python_modules")]:
        monkeypatch.setitem(sys.modules, name, sys.modules[name])
    return loaded


def test_the_functions_are_sent_to_other_processes_by_reference(module: ModuleType) -> None:
    for function in (module.transform_full_record, module.transform_incremental_record, module.generate):
        assert pickle.loads(pickle.dumps(function)) is function


def test_the_item_of_a_full_record_is_transformed(module: ModuleType) -> None:
    record = SimpleNamespace(item=OLD.encrypt_python_item(PERSON), table_key_schema=SCHEMA)
    (result,) = module.transform_full_record(record)
    assert NEW.decrypt_python_item(result.item) == PERSON
    assert result.table_key_schema == SCHEMA


@pytest.mark.parametrize("deleted", [True, False])
def test_the_images_of_an_incremental_record_are_transformed(module: ModuleType, deleted: bool) -> None:
    record = SimpleNamespace(
        keys={"pk": "ann"},
        new_image=None if deleted else OLD.encrypt_python_item(PERSON),
        old_image=OLD.encrypt_python_item(PERSON),
        table_key_schema=SCHEMA,
        write_timestamp_micros="1700000000000000",
    )
    (result,) = module.transform_incremental_record(record)
    assert NEW.decrypt_python_item(result.old_image) == PERSON
    assert result.new_image is None if deleted else NEW.decrypt_python_item(result.new_image) == PERSON
    assert result.keys == {"pk": "ann"}


def test_an_item_that_cannot_be_transformed_names_its_key_and_shows_no_value(module: ModuleType) -> None:
    changed = {**OLD.encrypt_python_item(PERSON), "city": "Thun"}
    with pytest.raises(BulkExecutorError, match=r"^The item pk=.*ann.*does not verify") as raised:
        module.transform_full_record(SimpleNamespace(item=changed))
    assert "Thun" not in str(raised.value)


def test_an_update_transforms_an_item_in_place_on_condition_that_nothing_changed(module: ModuleType) -> None:
    item = OLD.encrypt_python_item(PERSON)
    arguments = module.generate(item)
    assert arguments["Key"] == {"pk": "ann"}
    names, values = arguments["ExpressionAttributeNames"], arguments["ExpressionAttributeValues"]
    for condition in arguments["ConditionExpression"].split(" AND "):
        name, value = condition.split(" = ")
        assert values[value] == item[names[name]]
    updated = updated_by(arguments, item)
    assert NEW.decrypt_python_item(updated) == PERSON
    assert module.generate(updated) == {}


@pytest.mark.parametrize(("source", "target"), [(plain, new), (old, PLAINTEXT)])
def test_an_update_encrypts_and_decrypts(source: Any, target: Any) -> None:
    item = PERSON if source is plain else OLD.encrypt_python_item(PERSON)
    updated = updated_by(BulkExecutorHooks(source, target).generate(item), item)
    assert (NEW.decrypt_python_item(updated) if target is new else updated) == PERSON


def test_numbers_of_more_than_38_digits_are_decrypted() -> None:
    person = {**PERSON, "salary": Decimal("9.1E+40")}
    hooks = BulkExecutorHooks(old, PLAINTEXT)
    record: Any = SimpleNamespace(item=OLD.encrypt_python_item(person))
    assert hooks.transform_full_record(record)[0].item == person


def updated_by(arguments: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """What an item is after `update_item` with these arguments; only SET and REMOVE of whole attributes."""
    names, values = arguments["ExpressionAttributeNames"], arguments["ExpressionAttributeValues"]
    sets, _, removed = arguments["UpdateExpression"].removeprefix("SET ").partition(" REMOVE ")
    updated = {**item}
    for assignment in sets.split(", "):
        name, value = assignment.split(" = ")
        updated[names[name]] = values[value]
    for name in removed.split(", ") if removed else []:
        del updated[names[name]]
    return updated
