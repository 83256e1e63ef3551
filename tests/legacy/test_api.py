"""What the older library's classes do, call by call (`vectors/legacy-api.json`), and the same here.

A step or expression with `may_differ` records a flaw of the older library; those are left to other tests.
"""

from __future__ import annotations

import inspect
import json
import sys
from base64 import b64decode, b64encode
from decimal import Decimal
from importlib import import_module
from typing import Any, cast

import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.awsrequest import AWSResponse

from support.dynamodb import client_of, resource_of
from support.legacy import DYNASEAL, actions, response, static_provider
from support.vectors import VECTORS, read

API = read(VECTORS / "legacy-api.json")
PACKAGE = "dynaseal.legacy"
ENGINE = "ministack"
RESERVED = ("*amzn-ddb-map-desc*", "*amzn-ddb-map-sig*")
LEFT_OUT = ("ResponseMetadata", "ConsumedCapacity", "ItemCollectionMetrics")
OWN_ERRORS = ("DynamodbEncryptionSdkError", "NotImplementedError")
"""Errors whose words are the library's; those of others are AWS's, Python's or boto3's."""


def given(value: Any) -> Any:  # noqa: PLR0911 one for each form
    """A value of the file as Python has it."""
    match value:
        case {"$dec": text}:
            return Decimal(text)
        case {"$float": text}:
            return float(text)
        case {"$bin": data}:
            return Binary(b64decode(data))
        case {"$bytes": data}:
            return b64decode(data)
        case {"$set": members}:
            return {given(member) for member in members}
        case {"$key": [name, content]}:
            return Key(name).eq(given(content))
        case {"$attr": [name, content]}:
            return Attr(name).eq(given(content))
        case dict():
            return {name: given(member) for name, member in value.items()}
        case list():
            return [given(member) for member in value]
    return value


class Observer:
    """Writes values as the file has them; ciphertext, which is never the same, as such."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self._secret = {*scenario.get("cipher", ()), *RESERVED}

    def seen(self, value: Any, name: str | None = None) -> Any:  # noqa: PLR0911 one for each form
        match value:
            case Binary() | bytes() | bytearray():
                data = bytes(cast("bytes", value))
                kind = "$bin" if isinstance(value, Binary) else "$bytes"
                return {"$cipher": True} if name in self._secret else {kind: b64encode(data).decode()}
            case Decimal():
                return {"$dec": str(value)}
            case set():
                return {"$set": sorted((self.seen(each, name) for each in value), key=json.dumps)}
            case {"B": bytes()} if name in self._secret and len(value) == 1:
                return {"B": {"$cipher": True}}
            case {"SS": members} | {"NS": members} if len(value) == 1:
                return {next(iter(value)): sorted(members)}
            case dict():
                compared = {key: member for key, member in value.items() if key not in LEFT_OUT}
                return {key: self.seen(member, key) for key, member in compared.items()}
            case list() | tuple():
                return [self.seen(member, name) for member in value]
            case None | str() | bool() | int():
                return value
        if isinstance(value, type({}.keys())):
            return sorted(key for key in value if key != "ResponseMetadata")
        return {"$type": type(value).__name__}


class Scenario:
    """A scenario's tables, plain clients, and the operations that they send."""

    def __init__(self, endpoint: str, scenario: dict[str, Any]) -> None:
        self.client, self.resource = client_of(endpoint), resource_of(endpoint)
        self.sent: list[str] = []
        self.unprocessed: str | None = None
        self.encrypted: Any = None
        self._scenario = scenario
        for client in (self.client, self.resource.meta.client):
            client.meta.events.register("before-call.dynamodb", self._note)
            client.meta.events.register_first("before-send.dynamodb", self._refuse_to_process)
        for name in self.client.list_tables()["TableNames"]:
            self.client.delete_table(TableName=name)
        for table in scenario["tables"]:
            self._create(table)
        self.table = self.resource.Table(scenario["tables"][0]["name"])

    def _note(self, model: Any, **_: Any) -> None:
        self.sent.append(model.name)

    def _refuse_to_process(self, request: Any, **_: Any) -> AWSResponse | None:
        if not self.unprocessed or not request.headers["X-Amz-Target"].endswith(b"BatchWriteItem"):
            return None
        if self.unprocessed == "unprocessed-once":
            self.unprocessed = None
        body = {"UnprocessedItems": json.loads(request.body)["RequestItems"]}
        return response(request.url, 200, body)

    def _create(self, table: dict[str, Any]) -> None:
        more: dict[str, Any] = {}
        if "gsi_key" in table:
            more["GlobalSecondaryIndexes"] = [
                {
                    "IndexName": table["gsi"],
                    "KeySchema": schema(table["gsi_key"]),
                    "Projection": {"ProjectionType": table.get("projection", "ALL")},
                }
            ]
        self.client.create_table(
            TableName=table["name"],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=schema(table["key"]),
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": kind}
                for name, _, kind in table["key"] + table.get("gsi_key", [])
            ],
            **more,
        )

    def build(self) -> None:
        spec = self._scenario["build"]
        more = {
            name: spec[name]
            for name in ("auto_refresh_table_indexes", "expect_standard_dictionaries")
            if name in spec
        }
        if "table_info" in spec:
            info = spec["table_info"]
            index = DYNASEAL("structures", "TableIndex")(info["partition"], info.get("sort"))
            more["table_info"] = DYNASEAL("structures", "TableInfo")(info["name"], index)
        if "actions" in self._scenario:
            more["attribute_actions"] = actions(DYNASEAL, self._scenario["actions"])
        kind = spec["class"]
        wrapped = {"EncryptedTable": self.table, "EncryptedResource": self.resource}.get(kind, self.client)
        if more.get("expect_standard_dictionaries"):
            wrapped = self.resource.meta.client
        self.encrypted = DYNASEAL("", kind)(wrapped, static_provider(DYNASEAL), **more)

    def take(self, step: dict[str, Any]) -> Any:
        kwargs, args = given(step.get("kwargs", {})), given(step.get("args", []))
        if "crypto_config" in step:
            spec = step["crypto_config"]
            kwargs["crypto_config"] = DYNASEAL("encrypted", "CryptoConfig")(
                static_provider(DYNASEAL),
                DYNASEAL("structures", "EncryptionContext")(**spec["context"]),
                actions(DYNASEAL, spec["actions"]),
            )
        target: Any = self.encrypted if step["on"] == "enc" else getattr(self, step["on"])
        for part in step["call"].split("."):
            target = getattr(target, part)
        return self._use(step, target, args, kwargs)

    def _use(self, step: dict[str, Any], target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:  # noqa: PLR0911 one for each way
        match step.get("how", "call"):
            case "get":
                return target
            case "batch_writer":
                with target(**kwargs) as writer:
                    for method, item in step["writes"]:
                        parameter = "Item" if method == "put_item" else "Key"
                        getattr(writer, method)(**{parameter: given(item)})
                return None
            case "paginate":
                pages = list(target(*args).paginate(**given(step["paginate"])))
                self.sent[:] = sorted(set(self.sent))
                return [
                    {name: member for name, member in page.items() if name != "LastEvaluatedKey"}
                    for page in pages
                    if page["Items"]
                ]
            case "list-types":
                return sorted(f"{type(each).__name__}:{each.name}" for each in target(*args, **kwargs))
            case "then":
                result: Any = target(*args, **kwargs)
                if step["then"] == "keys":
                    return result.keys()
                return getattr(result, step["then"])(**given(step.get("then_kwargs", {})))
        result = target(*args, **kwargs)
        return {"result": result, "argument": kwargs} if step.get("argument_after") else result


def schema(keys: list[list[str]]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind, _ in keys]


def outcome_of(scenario_run: Scenario, observer: Observer, action: Any) -> dict[str, Any]:
    scenario_run.sent.clear()
    outcome: dict[str, Any]
    try:
        outcome = {"returns": observer.seen(action())}
    except Exception as error:  # noqa: BLE001 whatever comes is compared
        outcome = {"raises": raised(error)}
    return {**outcome, "ops": list(scenario_run.sent)}


def raised(error: Exception) -> dict[str, Any]:
    bases = [kind.__name__ for kind in type(error).__mro__[1:-2]]
    return {"class": type(error).__name__, "message": str(error).split(" at 0x")[0], "bases": bases}


def comparable(outcome: dict[str, Any]) -> dict[str, Any]:
    """An outcome without what two runs do not share: the words of errors that are not the library's own."""
    error = outcome.get("raises")
    if error and not {error["class"], *error["bases"]}.intersection(OWN_ERRORS):
        return {**outcome, "raises": {**error, "message": ""}}
    return outcome


SCENARIOS = API["scenarios"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario["id"] for scenario in SCENARIOS])
def test_a_scenario_goes_as_with_the_older_library(endpoint: str, scenario: dict[str, Any]) -> None:
    scenario_run, observer = Scenario(endpoint, scenario), Observer(scenario)
    built = outcome_of(scenario_run, observer, scenario_run.build)
    assert comparable(built) == comparable(scenario["build"]["observed"])
    for number, step in enumerate(scenario["steps"]):
        scenario_run.unprocessed = step.get(
            "inject", scenario_run.unprocessed if step.get("keep_inject") else None
        )
        outcome = outcome_of(scenario_run, observer, lambda step=step: scenario_run.take(step))
        if "may_differ" not in step and ENGINE not in step.get("skip_on", ()):
            assert comparable(outcome) == comparable(step["observed"]), f"step {number}"


EXPRESSIONS = [entry for entry in API["expressions"] if "may_differ" not in entry]


@pytest.mark.parametrize("entry", EXPRESSIONS, ids=[entry["expr"][:60] for entry in EXPRESSIONS])
def test_an_expression_has_the_older_librarys_value(entry: dict[str, Any]) -> None:
    names: dict[str, Any] = {}
    exec(API["prelude"].replace("dynamodb_encryption_sdk", PACKAGE), names)
    exec(entry.get("setup", ""), names)
    outcome: dict[str, Any]
    try:
        value = eval(entry["expr"], names)
    except Exception as error:  # noqa: BLE001 whatever comes is compared
        outcome = {"raises": raised(error)}
    else:
        plain = isinstance(value, str | int | bool | type(None))
        outcome = {"value": value if plain else repr(value)}
    assert comparable(outcome) == comparable(entry["observed"])


NAMES = [
    (module.replace("dynamodb_encryption_sdk", PACKAGE), name, entry)
    for module, entries in API["surface"].items()
    for name, entry in entries.items()
]


@pytest.mark.parametrize(("module", "name", "entry"), NAMES, ids=[f"{m}.{n}" for m, n, _ in NAMES])
def test_a_name_is_there_with_its_arguments(module: str, name: str, entry: dict[str, Any]) -> None:
    found = getattr(import_module(module), name)
    match entry["kind"]:
        case "constant":
            assert found == entry["value"]
        case "enum":
            assert {member.name: member.value for member in found} == entry["members"]
        case "exception":
            assert [kind.__name__ for kind in found.__mro__[1:-1]] == entry["bases"]
        case "class":
            assert set(entry["members"]) <= set(dir(found))
            assert arguments(found) == written_arguments(entry["signature"])
            for member, description in entry["members"].items():
                check_member(inspect.getattr_static(found, member), getattr(found, member), description)
        case "function":
            assert arguments(found) == written_arguments(entry["signature"])


def check_member(member: Any, bound: Any, description: str) -> None:
    if description == "property":
        assert isinstance(member, property)
    elif description.startswith("classmethod"):
        assert arguments(bound) == written_arguments(description.removeprefix("classmethod "))
    else:
        assert arguments(bound) == written_arguments(description)


def arguments(function: Any) -> list[str]:
    """The names of a function's arguments, with a mark at those that may be left out."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return []
    return [f"{each.kind.name[0]}:{each.name}:{each.default is not each.empty}" for each in parameters]


def written_arguments(signature: str) -> list[str]:
    namespace: dict[str, Any] = {}
    source = signature.replace("CryptoAction.ENCRYPT_AND_SIGN", "None")
    exec(f"def function{source}: pass", namespace)
    return arguments(namespace["function"])


def test_the_older_library_was_left_as_it_is() -> None:
    assert "dynamodb_encryption_sdk" not in {
        module.__name__ for name, module in sys.modules.items() if name.startswith("dynaseal.legacy")
    }
