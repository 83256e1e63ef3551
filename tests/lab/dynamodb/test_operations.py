"""The table of operations: complete, true to AWS's model of the API, and the only one."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.model import OperationModel, ServiceModel
from botocore.session import get_session

import dynaseal_lab
from dynaseal_lab.dynamodb.operations import OPERATIONS
from dynaseal_lab.dynamodb.request_parts import Statements, TablesOfItems, Transaction, WholeRequest

SERVICES = ("dynamodb", "dynamodbstreams")
LEFT_OUT = {
    "CancelBulkOperation",
    "DescribeBulkOperation",
    "ListBulkOperations",
    "SearchVectors",
    "StartBulkPutItems",
}
ITEM_PARAMETERS = {
    "Item",
    "Key",
    "KeyConditionExpression",
    "RequestItems",
    "ScanFilter",
    "Statement",
    "Statements",
    "TransactItems",
    "TransactStatements",
}


@cache
def service_model(service: str) -> ServiceModel:
    return get_session().get_service_model(service)


def model_of(operation: str) -> OperationModel:
    return service_model(OPERATIONS[operation].service).operation_model(operation)


def parameters_of(operation: str) -> set[str]:
    shape = model_of(operation).input_shape
    return set(shape.members) if shape is not None else set()


def test_every_operation_of_the_api_is_in_the_table_or_known_to_be_left_out() -> None:
    known = {name for service in SERVICES for name in service_model(service).operation_names}
    assert known - OPERATIONS.keys() <= LEFT_OUT
    assert OPERATIONS.keys() <= known


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_belongs_to_the_service_that_has_it(operation: str) -> None:
    assert operation in service_model(OPERATIONS[operation].service).operation_names


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_about_items_where_its_request_holds_items_or_keys(operation: str) -> None:
    assert (OPERATIONS[operation].items is not None) == bool(parameters_of(operation) & ITEM_PARAMETERS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_on_items_unlocks_the_storage_key(operation: str) -> None:
    assert OPERATIONS[operation].unlocks or OPERATIONS[operation].items is None


@pytest.mark.parametrize("operation", OPERATIONS)
def test_return_values_and_tags_are_where_the_request_has_them(operation: str) -> None:
    entry, parameters = OPERATIONS[operation], parameters_of(operation)
    assert entry.return_values == ("ReturnValues" in parameters)
    tags = {"adds": "Tags", "removes": "TagKeys"}
    assert entry.tags is None or tags[entry.tags] in parameters


@pytest.mark.parametrize("operation", [name for name, entry in OPERATIONS.items() if entry.items is not None])
def test_the_form_of_a_request_is_that_of_the_model(operation: str) -> None:
    form, parameters = OPERATIONS[operation].form, parameters_of(operation)
    if isinstance(form, WholeRequest):
        assert "TableName" in parameters
    elif isinstance(form, TablesOfItems):
        assert "RequestItems" in parameters
    elif isinstance(form, Transaction):
        shape: Any = model_of(operation).input_shape
        entries = shape.members["TransactItems"].member
        assert entries.members.keys() <= form.actions.keys()
    elif isinstance(form, Statements):
        assert form.parameter in parameters
    else:
        assert "Statement" in parameters


@pytest.mark.parametrize(
    "operation", [name for name, entry in OPERATIONS.items() if entry.defines is not None]
)
def test_the_table_that_an_operation_defines_is_found_in_its_request(operation: str) -> None:
    name = "arn:aws:dynamodb:us-west-2:111122223333:table/items"
    parameters = dict.fromkeys(parameters_of(operation), name)
    request = {**parameters, "TableCreationParameters": {"TableName": name}}
    find = OPERATIONS[operation].defines
    assert find is not None
    assert find(request) == name


def compared_or_listed(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Each string in a collection or a comparison, and its line."""
    for node in ast.walk(module):
        strings: list[ast.expr | None] = []
        if isinstance(node, ast.Set | ast.List | ast.Tuple):
            strings = [*node.elts]
        elif isinstance(node, ast.Dict):
            strings = [*node.keys, *node.values]
        elif isinstance(node, ast.Compare):
            strings = [node.left, *node.comparators]
        for string in strings:
            if isinstance(string, ast.Constant) and isinstance(string.value, str):
                yield string.lineno, string.value


def test_no_other_module_tells_operations_apart_by_their_names() -> None:
    root = Path(dynaseal_lab.__file__).parent
    found = [
        f"{path.relative_to(root)}:{line}: {string}"
        for folder in ("dynamodb", "state")
        for path in sorted((root / folder).glob("**/*.py"))
        if path.name != "operations.py"
        for line, string in compared_or_listed(ast.parse(path.read_text()))
        if string in OPERATIONS
    ]
    assert found == []
