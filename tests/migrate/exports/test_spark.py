"""dynaseal.spark on a real local Spark: its result is that of `dynaseal transform`."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    ConfigError,
    ItemEncryptor,
    RawAesKeyring,
    TableConfig,
    from_stream_image,
)
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.spark import Configs, transform_lines


def config(key: int) -> TableConfig:
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(),
        keyring=RawAesKeyring("tests", f"key {key}", bytes([key]) * 32),
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
    )


def configs() -> tuple[TableConfig, TableConfig]:
    return config(1), config(2)


NUMBERS = (1, 2)


def configs_of_numbers() -> tuple[TableConfig, TableConfig]:
    old, new = NUMBERS
    return config(old), config(new)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    missing = "PySpark" if find_spec("pyspark") is None else "Java" if shutil.which("java") is None else None
    if missing is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing} is not installed")
        pytest.skip(f"{missing} is not installed")
    logging.getLogger("py4j").setLevel(logging.CRITICAL)  # it logs when pytest has closed its output
    builder: Any = import_module("pyspark.sql").SparkSession.builder
    with pytest.MonkeyPatch.context() as patched:
        # The executors' Python is this one, and finds the functions of this module.
        patched.setenv("PYSPARK_PYTHON", sys.executable)
        patched.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
        patched.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .getOrCreate()
        )
        yield session
        session.stop()


OLD, NEW = ItemEncryptor(config(1)), ItemEncryptor(config(2))


def as_line(item: dict[str, Any]) -> str:
    encoded = {
        name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()
    }
    return json.dumps({"Item": encoded})


def stored_items(lines: list[str]) -> dict[str, Any]:
    items = [NEW.decrypt_item(from_stream_image(json.loads(line)["Item"])) for line in lines]
    return {item["pk"]["S"]: item for item in items}


def test_the_result_is_that_of_the_filter(spark: Any) -> None:
    plain = [{"pk": {"S": f"p{number}"}, "name": {"S": "Ann" * number}} for number in range(60)]
    lines = [
        as_line((NEW if number % 5 == 0 else OLD).encrypt_item(item)) for number, item in enumerate(plain)
    ]
    damaged = as_line({**OLD.encrypt_item(plain[0]), "name": {"B": b"changed"}})
    lines += [damaged, "not JSON", ""]

    result = transform_lines(spark.createDataFrame([(line,) for line in lines], "value string"), configs)
    found = [row.value for row in result.items.collect()]
    failed = {row.line: (row.key, row.reason) for row in result.failures.collect()}

    filtered = [LineTransformer(OLD, NEW).transform(line.encode()) for line in lines]
    assert stored_items(found) == stored_items([each.line.decode() for each in filtered if each.line])
    assert stored_items(found) == {item["pk"]["S"]: item for item in plain}
    assert failed == {
        line: (each.key and each.key.decode(), each.reason)
        for line, each in zip(lines, filtered, strict=True)
        if each.state == "failed"
    }
    assert set(failed) == {damaged, "not JSON"}
    result.outcomes.unpersist()


def test_the_executors_import_the_function_and_get_no_key_of_this_process(
    spark: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudpickle, this_module = import_module("pyspark.cloudpickle"), sys.modules[__name__]
    monkeypatch.setitem(globals(), "NUMBERS", (1, 3))
    cloudpickle.register_pickle_by_value(this_module)  # otherwise Spark itself sends the name alone
    try:
        frame = spark.createDataFrame([(as_line(OLD.encrypt_item({"pk": {"S": "ann"}})),)], "value string")
        result = transform_lines(frame, configs_of_numbers)
        lines = [row.value for row in result.items.collect()]
    finally:
        cloudpickle.unregister_pickle_by_value(this_module)
    assert stored_items(lines) == {"ann": {"pk": {"S": "ann"}}}


class Environment:
    """A user's class with one configuration for each environment."""

    number = 1

    @classmethod
    def configs(cls) -> tuple[TableConfig, TableConfig]:
        return config(1), config(cls.number)

    def of_object(self) -> tuple[TableConfig, TableConfig]:
        return config(1), config(self.number)

    __call__ = of_object

    @staticmethod
    def static() -> tuple[TableConfig, TableConfig]:
        return configs()


class Production(Environment):
    """Another one, whose inherited method has the same name."""

    number = 2


def closure(number: int) -> Configs:
    def configs() -> tuple[TableConfig, TableConfig]:
        return config(1), config(number)

    return configs


def function_of_module(name: str) -> Configs:
    """Return a function as the module of that name would define it."""
    namespace: dict[str, Any] = {"__name__": name, "made": configs}
    exec("def configs(): return made()", namespace)
    return namespace["configs"]


@pytest.mark.parametrize(
    "refused",
    [
        Production.configs,
        Environment().of_object,
        Environment(),
        Environment.static,
        closure(2),
        lambda: configs(),  # noqa: PLW0108 a lambda on purpose
        partial(configs),
        function_of_module("__main__"),
        function_of_module("a_module_that_nobody_imported"),
        function_of_module(__name__),  # this module has another function of that name
    ],
    ids=(
        "class method",
        "method",
        "object",
        "static method",
        "closure",
        "lambda",
        "partial",
        "main module",
        "module that is not imported",
        "other function of the name",
    ),
)
def test_a_function_that_executors_cannot_import_by_its_name_is_refused(refused: Configs) -> None:
    with pytest.raises(ConfigError, match=r"at the top level of a module.*into a module of its own"):
        transform_lines(None, refused)


def test_a_function_of_the_program_that_is_run_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    function = function_of_module("__main__")
    monkeypatch.setattr(sys.modules["__main__"], "configs", function, raising=False)
    with pytest.raises(ConfigError, match="into a module of its own"):
        transform_lines(None, function)


def test_a_column_that_is_not_there_is_refused(spark: Any) -> None:
    frame = spark.createDataFrame([("{}",)], "value string")
    with pytest.raises(ConfigError, match="no column 'line'"):
        transform_lines(frame, configs, column="line")
