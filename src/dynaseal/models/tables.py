"""Makes a table's configuration from a model, and refuses what contradicts itself."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict, TypeVar, Unpack

from dynaseal.beacons.definitions import SearchConfig, StandardBeacon
from dynaseal.beacons.surrogates.keys import SurrogateKey
from dynaseal.config import PlaintextPolicy, TableConfig, Unreadable, UpdateMode
from dynaseal.core.actions import CryptoAction
from dynaseal.core.arguments import check_instances, check_members
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import ConfigError
from dynaseal.legacy.items import Legacy
from dynaseal.materials.model import AnyKeyring, CryptographicMaterialsManager
from dynaseal.models.fields import Field, read_fields
from dynaseal.models.markers import ACTIONS, Beacon, Encrypted, Marker, PartitionKey, SortKey, Surrogate
from dynaseal.models.pynamodb_attributes import table_name

_M = TypeVar("_M", bound=Marker)
_IN_CONTEXT = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT


class Settings(TypedDict, total=False):
    """The arguments of `TableConfig` about which a model says nothing."""

    cmm: CryptographicMaterialsManager | None
    algorithm_suite: AlgorithmSuite
    plaintext_policy: PlaintextPolicy
    unreadable: Unreadable
    update_mode: UpdateMode
    legacy: Legacy | None


def table_config(
    model: type,
    *,
    keyring: AnyKeyring | None = None,
    logical_table_name: str | None = None,
    search: SearchConfig | None = None,
    default_action: CryptoAction | None = None,
    by_alias: bool | None = None,
    **settings: Unpack[Settings],
) -> TableConfig:
    """Make the configuration of the table whose items a model describes.

    An item with an attribute that is not a field of the model is refused when it is written.

    Args:
        model: A dataclass, pydantic model, attrs class, TypedDict or PynamoDB Model.
        keyring: Where keys come from. Give either this or `cmm`.
        logical_table_name: The name bound to every item. A PynamoDB Model has it in its Meta.
        search: The key of beacons and surrogate keys, and what a model cannot declare, such as compound
            beacons. The model's beacons are added to it.
        default_action: The action of fields without a marker. By default, such a field is refused.
        by_alias: Whether a pydantic model's serialization aliases are the attributes' names. By default, its
            own setting `serialize_by_alias`.
        settings: Other arguments of `TableConfig`: `cmm`, `algorithm_suite`, `plaintext_policy`,
            `unreadable`, `update_mode`, `legacy`.

    Raises:
        ConfigError: the model's declarations contradict each other; the message names the field.

    Example:
        >>> from dataclasses import dataclass
        >>> from typing import Annotated
        >>> from dynaseal import RawAesKeyring
        >>> from dynaseal.models import Encrypted, PartitionKey
        >>> @dataclass
        ... class Person:
        ...     name: Annotated[str, PartitionKey()]
        ...     salary: Annotated[int, Encrypted()]
        >>> keyring = RawAesKeyring("payroll", "2026", bytes(32))
        >>> config = table_config(Person, keyring=keyring, logical_table_name="people")
        >>> config.partition_key_name, config.is_encrypted("salary")
        ('name', True)
    """
    if default_action is not None:
        check_members("A model", CryptoAction, default_action=default_action)
    fields = read_fields(model, by_alias=by_alias)
    logical_table_name = logical_table_name or _table_name(model)
    _check_names(model, fields)
    surrogates = _surrogates(fields)
    key_names = _key_names(model, fields)
    _check_surrogates(surrogates, key_names)
    actions = _actions(fields, default_action, {*key_names})
    return TableConfig(
        logical_table_name,
        *key_names,
        attribute_actions=actions,
        keyring=keyring,
        allowed_unsigned_attributes=[n for n, a in actions.items() if a is CryptoAction.DO_NOTHING],
        search=_search(fields, search),
        surrogate_keys=surrogates,
        **settings,
    )


def _table_name(model: type) -> str:
    name = table_name(model)
    if name is None:
        raise ConfigError(
            f"{model.__name__} has no name for its table", hint="Pass logical_table_name, such as 'people'"
        )
    return name


def _check_names(model: type, fields: Sequence[Field]) -> None:
    for name, number in Counter(field.name for field in fields).items():
        if number > 1:
            raise ConfigError(f"{number} fields of {model.__name__} are stored as the attribute {name!r}")


def _find(field: Field, kind: type[_M]) -> _M | None:
    """Return a field's marker of a kind; None if it has none.

    Raises:
        ConfigError: it has several.
    """
    found = [marker for marker in field.markers if isinstance(marker, kind)]
    if len(found) > 1:
        raise ConfigError(f"{field.location} has {kind.__name__} more than once", hint="Keep one of them")
    return found[0] if found else None


def _key_names(model: type, fields: Sequence[Field]) -> tuple[str, str | None]:
    """Return the names of the partition key and of the sort key; None for a table without a sort key."""
    partition_key = _key_name(model, fields, PartitionKey)
    if partition_key is None:
        raise ConfigError(
            f"{model.__name__} has no partition key",
            hint="Mark the field PartitionKey(), or in a PynamoDB Model hash_key=True",
        )
    return partition_key, _key_name(model, fields, SortKey)


def _key_name(model: type, fields: Sequence[Field], kind: type[PartitionKey | SortKey]) -> str | None:
    """Return the name of a key attribute: the field's, or that of its surrogate key."""
    found = [field for field in fields if _find(field, kind)]
    if len(found) > 1:
        locations = " and ".join(field.location for field in found)
        raise ConfigError(f"{model.__name__} has more than one {kind.__name__}: {locations}")
    if not found:
        return None
    surrogate = _find(found[0], Surrogate)
    return found[0].name if surrogate is None else surrogate.name


def _surrogates(fields: Sequence[Field]) -> list[SurrogateKey]:
    found = [(field, surrogate) for field in fields if (surrogate := _find(field, Surrogate)) is not None]
    for field, _ in found:
        _check_encrypted(field, "Surrogate")
    return [SurrogateKey(surrogate.name, source=field.name) for field, surrogate in found]


def _check_surrogates(surrogates: Sequence[SurrogateKey], key_names: Sequence[str | None]) -> None:
    for key in surrogates:
        if key.name not in key_names:
            raise ConfigError(
                f"The surrogate key {key.name!r} of {key.source!r} is not a key of the table",
                hint="Mark the field with the real value PartitionKey() or SortKey() as well",
            )


def _check_encrypted(field: Field, marker: str) -> None:
    if _find(field, Encrypted) is None:
        raise ConfigError(
            f"{field.location} has a {marker} and is not encrypted",
            hint=f"Mark it Encrypted() as well, or remove {marker}",
        )


def _actions(
    fields: Sequence[Field], default_action: CryptoAction | None, key_names: set[str | None]
) -> dict[str, CryptoAction]:
    marked = {field.name: _marked_action(field) for field in fields}
    is_version_2 = _IN_CONTEXT in {default_action, *marked.values()}
    key_action = _IN_CONTEXT if is_version_2 else CryptoAction.SIGN_ONLY
    actions: dict[str, CryptoAction] = {}
    for field in fields:
        action = marked[field.name] or default_action
        if field.name in key_names:
            _check_key(field, marked[field.name], key_action)
            action = key_action
        if action is None:
            raise ConfigError(
                f"{field.location} has no action",
                hint="Mark it Encrypted(), Signed(), InContext() or Unsigned(), or pass default_action",
            )
        _check_inner(field, action)
        actions[field.name] = action
    return actions


def _marked_action(field: Field) -> CryptoAction | None:
    found = [marker for marker in field.markers if type(marker) in ACTIONS]
    if len(found) > 1:
        names = " and ".join(type(marker).__name__ for marker in found)
        raise ConfigError(f"{field.location} has more than one action: {names}", hint="Keep one of them")
    return ACTIONS[type(found[0])] if found else None


def _check_key(field: Field, action: CryptoAction | None, key_action: CryptoAction) -> None:
    if action is CryptoAction.ENCRYPT_AND_SIGN:
        raise ConfigError(
            f"{field.location} is a key and encrypted, and DynamoDB needs keys in the clear",
            hint="Add Surrogate('pk'), and the key attribute 'pk' holds a token of it",
        )
    if action not in (None, key_action):
        raise ConfigError(
            f"{field.location} is a key with the action {action.name}; the action of this table's keys is "
            f"{key_action.name}",
            hint="Remove the marker of the action: keys need none",
        )


def _check_inner(field: Field, action: CryptoAction) -> None:
    """Refuse markers inside a field's type, unless they ask for what happens to the whole field anyway."""
    for marker in field.inner_markers:
        if not (isinstance(marker, Encrypted) and action is CryptoAction.ENCRYPT_AND_SIGN):
            raise ConfigError(
                f"{field.location} has {type(marker).__name__}() inside its type, where it has no effect: an "
                f"action is of a whole attribute, and this one's is {action.name}",
                hint=f"Mark {field.location} itself, or store what is inside as an attribute",
            )


def _search(fields: Sequence[Field], search: SearchConfig | None) -> SearchConfig | None:
    """Return the search configuration with the model's beacons added to it."""
    beacons: list[StandardBeacon] = []
    for field in fields:
        marker = _find(field, Beacon)
        if marker is not None:
            _check_encrypted(field, "Beacon")
            beacons.append(_standard_beacon(field, marker))
    if search is None:
        if beacons:
            raise ConfigError(
                f"The model has a beacon, {beacons[0].name!r}, and no key for it",
                hint="Pass search=SearchConfig([BeaconVersion(key_store, SingleKeySource(beacon_key_id))])",
            )
        return None
    check_instances("A model", SearchConfig, search=search)
    version = replace(search.version, standard_beacons=[*search.version.standard_beacons, *beacons])
    return replace(search, versions=[version])


def _standard_beacon(field: Field, beacon: Beacon) -> StandardBeacon:
    options: dict[str, Any] = {"style": beacon.style, "number_of_partitions": beacon.number_of_partitions}
    if beacon.name in (None, field.name):
        return StandardBeacon(field.name, beacon.length, **options)
    return StandardBeacon(beacon.name, beacon.length, loc=field.name, **options)
