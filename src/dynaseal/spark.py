"""Re-encrypting DynamoDB JSON with PySpark: a DataFrame of lines in, one out, and the lines that failed.

Keys stay out of Spark's plans and shuffles: what is sent to the executors is a function that makes the
configurations there, once for each Python worker process. Each line becomes what `dynaseal transform` would
make of it.

PySpark is not imported here: the DataFrame brings it along.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from dynaseal.config import TableConfig
from dynaseal.core.arguments import check_callables, check_instances, check_strings
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import ConfigError
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.migrate.transforming import PLAINTEXT, Plaintext

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
        configs: A function at the top level of a module, without arguments. It is called on the executors,
            where dynaseal and the module must be installed.
        column: The column with the lines, of the type string.

    Returns:
        The transformed lines, in no particular order, and those that failed. Nothing is computed before one
        of them is written or counted.

    Raises:
        ConfigError: `configs` is not a function with a name of its own, or the frame lacks the column.
    """
    check_callables("transform_lines", configs=configs)
    check_strings("transform_lines", column=column)
    if column not in frame.columns:
        raise ConfigError(
            f"The DataFrame has no column {column!r}",
            hint=f"Pass column=..., one of {', '.join(frame.columns)}",
        )
    make = _Configs(configs)
    rows = frame.select(column).rdd.mapPartitions(partial(_transformed, make))
    outcomes = frame.sparkSession.createDataFrame(rows, _SCHEMA).persist()
    items = outcomes.where("state in ('changed', 'skipped')").select("value")
    failures = outcomes.where("state = 'failed'").selectExpr("value as line", "key", "reason")
    return TransformedLines(items, failures, outcomes)


class _Configs:
    """A function that makes configurations; equal to another one with its name, in whatever process."""

    def __init__(self, make: Configs) -> None:
        self._make = make
        name = getattr(make, "__qualname__", "<")
        if "<" in name:
            raise ConfigError(
                "transform_lines needs a function with a name of its own, at the top level of a module",
                hint="Write def configs(): return source, target",
            )
        self._name = f"{make.__module__}.{name}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Configs) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def transformer(self) -> LineTransformer:
        """Make what transforms the lines."""
        source, target = self._make()
        check_instances("transform_lines", TableConfig, source=source)
        check_instances("transform_lines", (TableConfig, Plaintext), target=target)
        writer = PLAINTEXT if isinstance(target, Plaintext) else ItemEncryptor(target)
        return LineTransformer(ItemEncryptor(source), writer)


@lru_cache(_TRANSFORMED_IN_ONE_PROCESS)
def _transformer(make: _Configs) -> LineTransformer:
    return make.transformer()


def _transformed(make: _Configs, partition: Iterable[Any]) -> Iterator[tuple[str | None, ...]]:
    """Transform the lines of one partition, on an executor."""
    transform = _transformer(make).transform
    for (line,) in partition:
        state, result, reason, key = transform(b"" if line is None else line.encode())
        if state == "failed":
            yield line, state, None if key is None else key.decode(), reason
        elif result is not None:
            yield result.decode(), state, None, None
