"""Operations about tables that would break encryption: refused before they are sent.

- A table or index cannot have an encrypted attribute as its key. Ciphertext is binary and differs for every
  item: DynamoDB would refuse the items or leave them out of the index, and nothing could be found by it.
- A beacon is stored under another name than its own: only an index over the stored name has items.
- DynamoDB cannot read a time to live from ciphertext.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.boto.interception.configured_table import ConfiguredTable, Message
from dynaseal.boto.interception.table_names import table_name
from dynaseal.boto.interception.tables import Tables
from dynaseal.errors import UnsupportedOperationError

_INDEXES = (
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexOverride",
    "LocalSecondaryIndexOverride",
)


def refuse_unfit_table(tables: Tables, operation: str, request: Message) -> None:
    """Refuse an operation about a configured table that would break encryption.

    Raises:
        UnsupportedOperationError: the operation makes an encrypted attribute a key or a time to live.
    """
    find_parameters = _PARAMETERS.get(operation)
    if find_parameters is None:
        return
    for parameters, names in find_parameters(request):
        for table in filter(None, map(tables.configured, names)):
            _refuse_keys(table, operation, parameters)
            _refuse_time_to_live(table, operation, parameters)


def _refuse_keys(table: ConfiguredTable, operation: str, parameters: Message) -> None:
    compiled = table.config.compiled_search
    for schema, of_index in _key_schemas(parameters):
        for element in schema:
            name = element.get("AttributeName")
            if not isinstance(name, str):
                continue
            beacon = _beacon_of_other_name(name, compiled)
            if beacon is not None:
                _refuse(
                    table,
                    f"{operation} makes the beacon {name!r} a key{of_index}",
                    f"that beacon is stored as {beacon.attribute!r}, so the index would stay empty",
                    f"Use {beacon.attribute!r} as the key",
                )
            if table.config.is_encrypted(name):
                _refuse(
                    table,
                    f"{operation} makes {name!r} a key{of_index}",
                    "that attribute is encrypted, and ciphertext cannot be searched",
                    _key_advice(name, compiled),
                )


def _beacon_of_other_name(name: str, compiled: CompiledSearch | None) -> Beacon | None:
    """Return the beacon of a name under which nothing is stored; None if the name is an attribute's."""
    beacon = None if compiled is None else compiled.beacon(name)
    if beacon is None or beacon.attribute == name:
        return None
    is_over_attribute = isinstance(beacon, CompiledStandardBeacon) and beacon.is_over_attribute(name)
    return None if is_over_attribute else beacon


def _key_advice(name: str, compiled: CompiledSearch | None) -> str:
    if compiled is not None:
        surrogate = compiled.surrogates.by_source.get(name)
        if surrogate is not None:
            return f"Use its surrogate key {surrogate.name!r}"
        for beacon in compiled.standard_beacons.values():
            if beacon.is_over_attribute(name) and not beacon.is_part_only:
                return f"Use its beacon {beacon.attribute!r} as the key"
    return (
        f"Give {name!r} the action SIGN_ONLY; or keep it encrypted, and add a StandardBeacon for an index or "
        "a SurrogateKey for the table's key"
    )


def _refuse_time_to_live(table: ConfiguredTable, operation: str, parameters: Message) -> None:
    specification: Message = parameters.get("TimeToLiveSpecification") or {}
    name = specification.get("AttributeName")
    if specification.get("Enabled") and isinstance(name, str) and table.config.is_encrypted(name):
        _refuse(
            table,
            f"{operation} takes the time to live from {name!r}",
            "that attribute is encrypted, and DynamoDB cannot read when items expire",
            f"Give {name!r} the action SIGN_ONLY, or DO_NOTHING if other programs change it",
        )


def _key_schemas(parameters: Message) -> Iterator[tuple[Iterable[Message], str]]:
    """Yield the key schemas of a table's parameters, each with the index that has it, for messages."""
    yield parameters.get("KeySchema") or (), ""
    for member in _INDEXES:
        for index in parameters.get(member) or ():
            yield index.get("KeySchema") or (), f" of the index {index.get('IndexName')!r}"
    for change in parameters.get("GlobalSecondaryIndexUpdates") or ():
        index: Message = change.get("Create") or {}
        yield index.get("KeySchema") or (), f" of the index {index.get('IndexName')!r}"


def _refuse(table: ConfiguredTable, problem: str, reason: str, hint: str) -> NoReturn:
    raise UnsupportedOperationError(f"{problem} on the table {table.name!r}: {reason}", hint=hint)


def _parameters_of_table(request: Message) -> Iterator[tuple[Message, tuple[Any, ...]]]:
    yield request, (request.get("TableName"),)


def _parameters_of_import(request: Message) -> Iterator[tuple[Message, tuple[Any, ...]]]:
    parameters: Message = request.get("TableCreationParameters") or {}
    yield parameters, (parameters.get("TableName"),)


def _parameters_of_restore(request: Message) -> Iterator[tuple[Message, tuple[Any, ...]]]:
    """Yield the parameters for the new table's name and for the table that its items come from."""
    sources = [request.get(member) for member in ("SourceTableName", "SourceTableArn", "BackupArn")]
    names = [table_name(source) for source in sources if isinstance(source, str)]
    yield request, tuple(dict.fromkeys([request.get("TargetTableName"), *names]))


# The operations that may break encryption; each has a function that yields the parameters to check, with the
# names or ARNs of the tables that they are about.
_PARAMETERS: Mapping[str, Callable[[Message], Iterator[tuple[Message, tuple[Any, ...]]]]] = {
    "CreateTable": _parameters_of_table,
    "UpdateTable": _parameters_of_table,
    "UpdateTimeToLive": _parameters_of_table,
    "ImportTable": _parameters_of_import,
    "RestoreTableFromBackup": _parameters_of_restore,
    "RestoreTableToPointInTime": _parameters_of_restore,
}
