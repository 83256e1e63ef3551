"""Re-encrypting DynamoDB JSON with PySpark: a DataFrame of lines in, one out, and the lines that failed.

Keys stay out of Spark's plans and shuffles: what is sent to the executors is the name of a function that
makes the configurations there, once for each Python worker process. Each line becomes what `dynaseal
transform` would make of it.

PySpark is not imported here: the DataFrame brings it along.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

from dynaseal.config import TableConfig
from dynaseal.core.arguments import check_callables, check_strings
from dynaseal.errors import ConfigError
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.migrate.transforming import Plaintext, make_encryptors

Configs = Callable[[], tuple[TableConfig, TableConfig | Plaintext]]
"""Makes the configuration that the items were written with, and the one to write them with."""

_SCHEMA = "value string, state string, key string, reason string"
_TRANSFORMED_IN_ONE_PROCESS = 8


@dataclass(frozen=True, slots=True)
class TransformedLines:
    """What became of the lines of a DataFrame.

    Attributes:
        items: The lines to store: a DataFrame with the column `value`.
        failures: The lines that could not be transformed: `line`, `key` (the item's key attributes in
            DynamoDB JSON, null if they could not be found) and `reason`.
        outcomes: Both, kept by Spark so that no line is encrypted twice; call its `unpersist()` when both are
            written.
    """

    items: Any
    failures: Any
    outcomes: Any


def transform_lines(frame: Any, configs: Configs, *, column: str = "value") -> TransformedLines:
    """Transform a DataFrame of DynamoDB JSON, one item in each row, such as `spark.read.text(export)`.

    Args:
        frame: A PySpark DataFrame.
        configs: A function at the top level of a module, without arguments. The executors import it by its
            name, so dynaseal and the module must be installed there; a function of the program that is run,
            or of a notebook, is refused. A Python worker process keeps what it has imported: after a change
            of the module, start a new Spark session.
        column: The column with the lines, of the type string.

    Returns:
        The transformed lines, in no particular order, and those that failed. Nothing is computed before one
        of them is written or counted.

    Raises:
        ConfigError: `configs` is not a function that can be imported by its name, or the frame lacks the
            column.
    """
    check_callables("transform_lines", configs=configs)
    check_strings("transform_lines", column=column)
    name = _name_of(configs)
    if column not in frame.columns:
        raise ConfigError(
            f"The DataFrame has no column {column!r}",
            hint=f"Pass column=..., one of {', '.join(frame.columns)}",
        )
    rows = frame.select(column).rdd.mapPartitions(partial(_transformed, name))
    outcomes = frame.sparkSession.createDataFrame(rows, _SCHEMA).persist()
    items = outcomes.where("state in ('changed', 'skipped')").select("value")
    failures = outcomes.where("state = 'failed'").selectExpr("value as line", "key", "reason")
    return TransformedLines(items, failures, outcomes)


@dataclass(frozen=True, slots=True)
class _Name:
    """Where the executors find a function.

    The function itself is not sent: Spark would send one that it cannot import together with the keys to
    which it refers, and a Python worker process could not tell it from an earlier one of the same name.
    """

    module: str
    function: str


def _name_of(configs: Configs) -> _Name:
    """Return the name under which the executors import a function.

    Raises:
        ConfigError: they would find no function there, or another one.
    """
    # A method has the name of the class that defines it, whichever class or object it was taken from; what
    # `__main__` is differs between processes, and a notebook defines the same name again.
    name = _Name(str(getattr(configs, "__module__", None)), str(getattr(configs, "__qualname__", None)))
    found = getattr(sys.modules.get(name.module), name.function, None)
    if name.module == "__main__" or found is not configs:
        raise ConfigError(
            "transform_lines needs a function at the top level of a module: executors import it by name",
            hint="Put def configs(): return source, target into a module of its own, and import it here",
        )
    return name


@lru_cache(_TRANSFORMED_IN_ONE_PROCESS)
def _transformer(name: _Name) -> LineTransformer:
    source, target = getattr(import_module(name.module), name.function)()
    return LineTransformer(*make_encryptors("transform_lines", source, target))


def _transformed(name: _Name, partition: Iterable[Any]) -> Iterator[tuple[str | None, ...]]:
    """Transform the lines of one partition, on an executor."""
    transform = _transformer(name).transform
    for (line,) in partition:
        state, result, reason, key = transform(b"" if line is None else line.encode())
        if state == "failed":
            yield line, state, None if key is None else key.decode(), reason
        elif result is not None:
            yield result.decode(), state, None, None
