"""What an item is encrypted with: actions by attribute, the encryption context, and a table's keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from dynaseal.legacy.exceptions import InvalidArgumentError
from dynaseal.legacy.identifiers import CryptoAction
from dynaseal.legacy.internal.identifiers import ReservedAttributes
from dynaseal.legacy.internal.validators import check_mapping, check_members, check_type

__all__ = ("AttributeActions", "EncryptionContext", "TableIndex", "TableInfo")

# The older constructors take None for "empty"; the attributes are never None.
_EMPTY = cast("Any", None)


@dataclass
class EncryptionContext:
    """What is known about an item besides its keys: a materials provider is given this.

    Args:
        table_name: The table's name, which is signed.
        partition_key_name: The attribute that is the partition key.
        sort_key_name: The attribute that is the sort key.
        attributes: The item's attributes in wire form.
        material_description: The item's material description.

    Raises:
        TypeError: an argument has another type.
    """

    table_name: str | None = None
    partition_key_name: str | None = None
    sort_key_name: str | None = None
    attributes: dict[str, Any] = field(default=_EMPTY, repr=False)
    material_description: dict[str, str] = field(default=_EMPTY)

    def __post_init__(self) -> None:
        self.attributes = {} if cast("Any", self.attributes) is None else self.attributes
        if cast("Any", self.material_description) is None:
            self.material_description = {}
        for name in ("table_name", "partition_key_name", "sort_key_name"):
            check_type(name, getattr(self, name), str, optional=True)
        check_mapping("attributes", self.attributes, str, dict)
        if any(len(value) != 1 for value in self.attributes.values()):
            raise TypeError('"attributes" values do not look like DynamoDB items')
        check_mapping("material_description", self.material_description, str, str)


@dataclass
class AttributeActions:
    """Actions by attribute name, with one action for every attribute that is not named.

    Args:
        default_action: The action of an attribute that is not named.
        attribute_actions: The named attributes' actions.

    Raises:
        TypeError: an argument has another type.
        ValueError: an action is named for one of the format's own attributes.

    Example:
        >>> actions = AttributeActions(attribute_actions={"city": CryptoAction.SIGN_ONLY})
        >>> actions.action("city").name, actions.action("salary").name
        ('SIGN_ONLY', 'ENCRYPT_AND_SIGN')
    """

    default_action: CryptoAction = CryptoAction.ENCRYPT_AND_SIGN
    attribute_actions: dict[str, CryptoAction] = field(default=_EMPTY)

    def __post_init__(self) -> None:
        if cast("Any", self.attribute_actions) is None:
            self.attribute_actions = {}
        check_type("default_action", self.default_action, CryptoAction)
        check_mapping("attribute_actions", self.attribute_actions, str, CryptoAction)
        for attribute in ReservedAttributes:
            if attribute.value in self.attribute_actions:
                raise ValueError(
                    f'No override behavior can be set for reserved attribute "{attribute.value}"'
                )

    @property
    def take_no_actions(self) -> bool:
        """Whether no attribute is encrypted or signed.

        Looked up each time: the actions may be changed in place, and an item must not pass because none was
        named when this object was made.
        """
        actions = (self.default_action, *self.attribute_actions.values())
        return all(action is CryptoAction.DO_NOTHING for action in actions)

    def action(self, attribute_name: str) -> CryptoAction:
        """Return the action of an attribute."""
        return self.attribute_actions.get(attribute_name, self.default_action)

    def copy(self) -> "AttributeActions":
        """Return a copy whose actions can be changed independently."""
        return AttributeActions(self.default_action, dict(self.attribute_actions))

    def set_index_keys(self, *keys: str) -> None:
        """Sign the attributes that are keys of an index, or leave them if that is their action.

        Raises:
            InvalidArgumentError: one of them is to be encrypted.
        """
        for key in keys:
            index_action = min(self.action(key), CryptoAction.SIGN_ONLY)
            if self.attribute_actions.setdefault(key, index_action) is not index_action:
                raise InvalidArgumentError(
                    f'Cannot overwrite a previously requested action on indexed attribute: "{key}"'
                )

    def contains_action(self, action: CryptoAction) -> bool:
        """Return whether an attribute may have this action."""
        return action is self.default_action or action in self.attribute_actions.values()

    def __add__(self, other: "AttributeActions") -> "AttributeActions":
        names = self.attribute_actions.keys() | other.attribute_actions.keys()
        merged = {name: max(self.action(name), other.action(name)) for name in names}
        return AttributeActions(max(self.default_action, other.default_action), merged)


@dataclass
class TableIndex:
    """The key attributes of a table or of one of its indexes.

    Args:
        partition: The partition key's attribute.
        sort: The sort key's attribute, if there is one.

    Raises:
        TypeError: an argument has another type.
    """

    partition: str
    sort: str | None = None

    def __post_init__(self) -> None:
        check_type("partition", self.partition, str)
        check_type("sort", self.sort, str, optional=True)

    @property
    def attributes(self) -> set[str]:
        """The names of the key attributes."""
        return {self.partition} if self.sort is None else {self.partition, self.sort}

    @classmethod
    def from_key_schema(cls, key_schema: Iterable[Mapping[str, str]]) -> "TableIndex":
        """Make an index from the `KeySchema` of a DescribeTable reply."""
        names = {key["KeyType"]: key["AttributeName"] for key in key_schema}
        return cls(partition=names["HASH"], sort=names.get("RANGE"))


@dataclass(init=False)
class TableInfo:
    """A table's name and keys.

    Args:
        name: The table's name; this is what is signed.
        primary_index: The table's keys.
        secondary_indexes: The keys of its indexes.

    Raises:
        TypeError: an argument has another type.
    """

    name: str
    _primary_index: TableIndex | None
    _secondary_indexes: list[TableIndex] | None

    def __init__(
        self,
        name: str,
        primary_index: TableIndex | None = None,
        secondary_indexes: list[TableIndex] | None = None,
    ) -> None:
        check_type("name", name, str)
        check_type("_primary_index", primary_index, TableIndex, optional=True)
        if secondary_indexes is not None:
            check_members("_secondary_indexes", secondary_indexes, list, TableIndex)
        self.name = name
        self._primary_index = primary_index
        self._secondary_indexes = secondary_indexes

    @property
    def primary_index(self) -> "TableIndex":
        """The table's keys.

        Raises:
            AttributeError: they are not known yet.
        """
        if self._primary_index is None:
            raise AttributeError("Indexes unknown. Run refresh_indexed_attributes")
        return self._primary_index

    @property
    def secondary_indexes(self) -> list[TableIndex]:
        """The keys of the table's indexes.

        Raises:
            AttributeError: they are not known yet.
        """
        if self._secondary_indexes is None:
            raise AttributeError("Indexes unknown. Run refresh_indexed_attributes")
        return self._secondary_indexes

    def protected_index_keys(self) -> set[str]:
        """Return the names of the attributes that must not be encrypted: the table's own keys."""
        return self.primary_index.attributes

    @property
    def encryption_context_values(self) -> dict[str, Any]:
        """The arguments of an EncryptionContext that the table determines."""
        return {
            "table_name": self.name,
            "partition_key_name": self.primary_index.partition,
            "sort_key_name": self.primary_index.sort,
        }

    def refresh_indexed_attributes(self, client: Any) -> None:
        """Read the table's keys and indexes from DynamoDB, by DescribeTable."""
        table = client.describe_table(TableName=self.name)["Table"]
        self._primary_index = TableIndex.from_key_schema(table["KeySchema"])
        indexes = [*table.get("LocalSecondaryIndexes", ()), *table.get("GlobalSecondaryIndexes", ())]
        self._secondary_indexes = [TableIndex.from_key_schema(index["KeySchema"]) for index in indexes]
