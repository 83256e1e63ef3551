"""A table and its stored items, read with a client that is passed in and does not decrypt.

Only read operations are called: DescribeTable, GetItem, Query and Scan. A page of items has a limit, so the
memory that it takes does not depend on the table.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynaseal.core.quoting import quoted


class KeyInputError(ValueError):
    """A key that a person wrote does not fit the table's key schema; the message says how."""


@dataclass(frozen=True, slots=True)
class Index:
    """A table's own index, or a secondary one.

    Attributes:
        name: The secondary index's name; None for the table itself.
        key_names: The partition key's name and, if there is one, the sort key's.
    """

    name: str | None
    key_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """What DescribeTable says of a table, as far as an inspection needs it.

    Attributes:
        name: The table's name.
        arn: Its ARN; empty if it is not known.
        region: Its Region; empty if the ARN does not say.
        account: The account that owns it; empty if the ARN does not say.
        storage_key_arn: The account's KMS key with which DynamoDB encrypts it; None if it has no such key.
        item_count: How many items it has, as DynamoDB counts about every six hours.
        key_types: The DynamoDB type of each attribute that is a key of the table or an index: S, N or B.
        indexes: The table itself first, then its secondary indexes.
        address: How requests name it: by its name, which is the default, or by its ARN, as a table of another
            account needs.
    """

    name: str
    arn: str
    region: str
    account: str
    storage_key_arn: str | None
    item_count: int
    key_types: Mapping[str, str]
    indexes: tuple[Index, ...]
    address: str | None = None

    @property
    def requested_name(self) -> str:
        """The table's name in requests."""
        return self.address or self.name

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the table's key attributes."""
        return self.indexes[0].key_names

    def index(self, name: str | None) -> Index:
        """Return an index by its name; None is the table itself.

        Raises:
            KeyInputError: the table has no such index.
        """
        for index in self.indexes:
            if index.name == name:
                return index
        raise KeyInputError(f"The table has no index {quoted(name)}")


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Some items of a table, and the key to go on from; None after the last one."""

    items: Sequence[Mapping[str, Any]]
    next_key: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyQuery:
    """A query by key.

    Attributes:
        index: The secondary index's name; None for the table itself.
        partition: The partition key's value, as a person writes it.
        sort: The sort key's value or beginning; empty for every item of the partition.
        begins_with: Whether `sort` is a beginning.
    """

    index: str | None
    partition: str
    sort: str = ""
    begins_with: bool = False


def describe_table(client: Any, name: str) -> TableFacts:
    """Call DescribeTable and return what it says.

    Args:
        client: A DynamoDB client.
        name: The table's name, or its ARN.
    """
    table: Mapping[str, Any] = client.describe_table(TableName=name)["Table"]
    secondary = [*table.get("GlobalSecondaryIndexes", ()), *table.get("LocalSecondaryIndexes", ())]
    arn = str(table.get("TableArn", ""))
    return TableFacts(
        name=table["TableName"],
        address=None if name == table["TableName"] else name,
        arn=arn,
        region=arn.split(":")[3] if arn.count(":") >= 5 else "",
        account=arn.split(":")[4] if arn.count(":") >= 5 else "",
        storage_key_arn=table.get("SSEDescription", {}).get("KMSMasterKeyArn"),
        item_count=int(table.get("ItemCount", 0)),
        key_types={each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]},
        indexes=(
            Index(None, _key_names(table["KeySchema"])),
            *(Index(each["IndexName"], _key_names(each["KeySchema"])) for each in secondary),
        ),
    )


def _key_names(schema: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in sorted(schema, key=lambda part: part["KeyType"] != "HASH"))


def key_value(facts: TableFacts, name: str, written: str) -> dict[str, Any]:
    """Return a key attribute's value in wire form, given what a person wrote for it.

    Binary is written as base64, or in hexadecimal after `0x`.

    Raises:
        KeyInputError: it is empty, not a number, or not binary, as the key's type needs.
    """
    kind = facts.key_types.get(name, "S")
    if not written:
        raise KeyInputError(f"The key attribute {quoted(name)} needs a value")
    if kind == "N":
        return {"N": _number(name, written)}
    if kind == "B":
        return {"B": _binary(name, written)}
    return {"S": written}


def parse_key(facts: TableFacts, pairs: Sequence[str]) -> dict[str, Any]:
    """Return a key in wire form, given `name=value` for each key attribute.

    Raises:
        KeyInputError: a pair is not written like that, or the names are not the table's key attributes.
    """
    written: dict[str, str] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise KeyInputError(f"{quoted(pair)} is not written NAME=VALUE")
        if name in written:
            raise KeyInputError(f"{quoted(name)} is given twice")
        written[name] = value
    if set(written) != set(facts.key_names):
        needed = " ".join(f"{name}=VALUE" for name in facts.key_names)
        raise KeyInputError(f"The key of the table {facts.name} is written {needed}")
    return {name: key_value(facts, name, written[name]) for name in facts.key_names}


def get_item(client: Any, facts: TableFacts, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """Call GetItem, and return the stored item; None if there is none."""
    return client.get_item(TableName=facts.requested_name, Key=key, ConsistentRead=True).get("Item")


def scan_page(client: Any, facts: TableFacts, limit: int, start: Mapping[str, Any] | None) -> ItemPage:
    """Call Scan once, and return at most `limit` items."""
    request: dict[str, Any] = {"TableName": facts.requested_name, "Limit": limit}
    if start:
        request["ExclusiveStartKey"] = start
    reply = client.scan(**request)
    return ItemPage(reply["Items"], reply.get("LastEvaluatedKey"))


def query_page(
    client: Any, facts: TableFacts, query: KeyQuery, limit: int, start: Mapping[str, Any] | None
) -> ItemPage:
    """Call Query once, and return at most `limit` items.

    Raises:
        KeyInputError: the query does not fit the index.
    """
    index = facts.index(query.index)
    names = {"#p": index.key_names[0]}
    values = {":p": key_value(facts, index.key_names[0], query.partition)}
    condition = "#p = :p"
    if query.sort:
        if len(index.key_names) == 1:
            raise KeyInputError("The index has no sort key; leave its value empty")
        names["#s"] = index.key_names[1]
        values[":s"] = key_value(facts, index.key_names[1], query.sort)
        condition += " AND begins_with(#s, :s)" if query.begins_with else " AND #s = :s"
    request: dict[str, Any] = {
        "TableName": facts.requested_name,
        "Limit": limit,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
    if query.index is not None:
        request["IndexName"] = query.index
    if start:
        request["ExclusiveStartKey"] = start
    reply = client.query(**request)
    return ItemPage(reply["Items"], reply.get("LastEvaluatedKey"))


def written_value(value: Mapping[str, Any]) -> str:
    r"""Return a key attribute's value as `key_value` reads it.

    Example:
        >>> written_value({"N": "7"}), written_value({"B": b"\x00\xff"})
        ('7', 'AP8=')
    """
    content = next(iter(value.values()), "")
    return content if isinstance(content, str) else b64encode(bytes(content)).decode()


def _number(name: str, written: str) -> str:
    try:
        number = float(written)
    except ValueError:
        number = float("nan")
    if not written.isascii() or not abs(number) <= 1e126:
        raise KeyInputError(f"The key attribute {quoted(name)} is a number, and {quoted(written)} is not one")
    return written


def _binary(name: str, written: str) -> bytes:
    try:
        return bytes.fromhex(written[2:]) if written.startswith("0x") else b64decode(written, validate=True)
    except (ValueError, Base64Error):
        raise KeyInputError(
            f"The key attribute {quoted(name)} is binary: write it as base64, or in hexadecimal after 0x"
        ) from None
