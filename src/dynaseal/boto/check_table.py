"""Comparing a configuration with its table in DynamoDB: keys, indexes, expiry and stream, read-only.

DynamoDB cannot know that an attribute is encrypted: it accepts an index on ciphertext, and an expiry time
that it cannot read. Such mistakes show up much later, as items that no query finds or that never expire.

What is compared comes from DescribeTable and DescribeTimeToLive. Each rule is a function that yields
findings.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from botocore.exceptions import ClientError

from dynaseal import drivers
from dynaseal.boto.wrappers.table_info import TableIndex
from dynaseal.config import TableConfig, UpdateMode
from dynaseal.core.arguments import check_instances, check_methods, check_strings
from dynaseal.core.header import RESERVED_PREFIX
from dynaseal.core.lazy import LazyModule

if TYPE_CHECKING:
    from dynaseal.beacons.compiled import hashes, standard
else:
    hashes = LazyModule("dynaseal.beacons.compiled.hashes")
    standard = LazyModule("dynaseal.beacons.compiled.standard")

FindingCode = Literal[
    "action-differs",
    "beacon-differs",
    "beacon-missing",
    "cannot-write",
    "credentials",
    "encrypted-expiry",
    "encrypted-index-key",
    "expiry-unreadable",
    "key-alias",
    "key-missing",
    "key-rotation",
    "key-schema",
    "key-state",
    "key-store",
    "key-type",
    "key-usage",
    "logical-name",
    "older-format",
    "other-key",
    "partial-index",
    "permission",
    "plaintext",
    "refused-updates",
    "region",
    "signed-expiry",
    "stream",
    "table-missing",
    "table-unreadable",
    "unconfigured-attribute",
    "unconfigured-expiry",
    "unconfigured-index-key",
    "unknown-beacon",
    "unsigned-differs",
    "unverified",
]
"""What was found; each code has an entry in `docs/reference/findings.md`."""

_LIST: Final = "docs/reference/findings.md"
_ARGUMENTS = "Write check_table(client, table_name, config)"
_PARTIAL_INDEX_ACTION = (
    "Project all attributes into the index, or read the items from the table by the keys that a query returns"
)


class DescribingClient(Protocol):
    """A DynamoDB client, with or without the types of boto3-stubs."""

    @property
    def describe_table(self) -> Any:
        """DescribeTable."""
        ...

    @property
    def describe_time_to_live(self) -> Any:
        """DescribeTimeToLive."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A way in which a table does not fit its configuration.

    Attributes:
        code: What was found, such as `encrypted-index-key`; `reference` leads to its entry in the
            documentation.
        severity: `error` if items cannot be written, found or expired as intended; `warning` if some
            requests will be refused; `note` for what readers outside this program must know.
        subject: The attribute, index, table or stream that it is about.
        message: What was found.
        action: What to do.

    Example:
        >>> Finding(code="stream", severity="note", subject="people", message="...", action="...").severity
        'note'
    """

    code: FindingCode
    severity: Literal["error", "warning", "note"]
    subject: str
    message: str
    action: str

    @property
    def reference(self) -> str:
        """Where the documentation explains this code: a page of the repository, with an anchor."""
        return f"{_LIST}#{self.code}"


def check_table(client: DescribingClient, table_name: str, config: TableConfig) -> list[Finding]:
    """Compare a configuration with its table in DynamoDB; calls DescribeTable and DescribeTimeToLive.

    Args:
        client: A DynamoDB client, encrypting or not, or a boto3 resource of DynamoDB.
        table_name: The table's name, or its ARN.
        config: The table's configuration.

    Returns:
        What does not fit, errors first; an empty list if everything fits. A call that DynamoDB refuses is a
        finding too, with AWS's words.

    Raises:
        BotoCoreError: DynamoDB cannot be reached.
        ConfigError: an argument is of another type.
    """
    client = getattr(getattr(client, "meta", None), "client", client)  # a resource has its client there
    operations = ("describe_table", "describe_time_to_live")
    check_methods("check_table", operations, "a DynamoDB client", hint=_ARGUMENTS, client=client)
    check_strings("check_table", table_name=table_name)
    check_instances("check_table", TableConfig, config=config)
    try:
        table = drivers.call(client.describe_table, TableName=table_name)["Table"]
    except ClientError as error:
        return [_unreadable("table-unreadable", "error", table_name, "DescribeTable", error)]
    findings = [
        *_check_keys(table, config),
        *_check_indexes(table, config),
        *_check_expiry(client, table_name, config),
        *_check_stream(table),
    ]
    order = ("error", "warning", "note")
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _unreadable(
    code: FindingCode,
    severity: Literal["error", "warning"],
    table_name: str,
    operation: str,
    error: ClientError,
) -> Finding:
    details = error.response.get("Error", {})
    if details.get("Code") == "ResourceNotFoundException":
        action = "Check the table's name, the Region and the account, or create the table"
    else:
        action = f"Allow dynamodb:{operation} on the table to this principal"
    return Finding(
        code=code,
        severity=severity,
        subject=table_name,
        message=f"{operation} was refused: {details.get('Code')}: {details.get('Message')}",
        action=action,
    )


def _check_keys(table: Mapping[str, Any], config: TableConfig) -> Iterator[Finding]:
    key = TableIndex.from_key_schema(table["KeySchema"])
    for role, stored, configured in (
        ("partition", key.partition, config.partition_key_name),
        ("sort", key.sort, config.sort_key_name),
    ):
        if stored != configured:
            yield Finding(
                code="key-schema",
                severity="error",
                subject=stored or configured or role,
                message=f"The table's {role} key is {stored!r}, and the configuration has {configured!r}",
                action=f"Set {role}_key_name to {stored!r}" if stored else f"Leave out {role}_key_name",
            )
    types = _types(table)
    for surrogate in config.surrogate_keys:
        found = types.get(surrogate.name)
        if found not in (None, "S"):
            yield Finding(
                code="key-type",
                severity="error",
                subject=surrogate.name,
                message=f"The surrogate key {surrogate.name!r} has the type {found}, and tokens are strings",
                action=f"Copy the items to a table whose key {surrogate.name!r} is of the type S",
            )


def _check_indexes(table: Mapping[str, Any], config: TableConfig) -> Iterator[Finding]:
    types = _types(table)
    for index in _indexes(table):
        name = index["IndexName"]
        for key in sorted(TableIndex.from_key_schema(index["KeySchema"]).attributes):
            yield from _check_index_key(name, key, types.get(key), config)
        projection = index.get("Projection", {}).get("ProjectionType")
        if projection != "ALL":
            yield Finding(
                code="partial-index",
                severity="warning",
                subject=name,
                message=f"The index {name!r} projects {projection}, and only whole items can be verified: "
                "reading through it is refused",
                action=_PARTIAL_INDEX_ACTION,
            )


def _check_index_key(index: str, key: str, type_name: str | None, config: TableConfig) -> Iterator[Finding]:
    if key.startswith(RESERVED_PREFIX):
        yield from _check_beacon_key(index, key, type_name, config)
    elif config.is_encrypted(key):
        yield Finding(
            code="encrypted-index-key",
            severity="error",
            subject=key,
            message=f"The index {index!r} has the key {key!r}, which is encrypted: DynamoDB sees only "
            "ciphertext there, and refuses items or finds none",
            action=f"Sign {key!r} without encrypting it, or index a beacon over it "
            f"({hashes.BEACON_PREFIX}NAME)",
        )
    elif config.find_action(key) is None:
        yield Finding(
            code="unconfigured-index-key",
            severity="warning",
            subject=key,
            message=f"The index {index!r} has the key {key!r}, which has no attribute action: an item that "
            "has it cannot be written",
            action=f"Give {key!r} an action in attribute_actions",
        )


def _check_beacon_key(index: str, key: str, type_name: str | None, config: TableConfig) -> Iterator[Finding]:
    search = config.compiled_search
    beacons = () if search is None else search.stored_beacons
    beacon = next((beacon for beacon in beacons if beacon.attribute == key), None)
    if beacon is None:
        problem = "no beacon of the configuration is stored there"
    elif isinstance(beacon, standard.CompiledStandardBeacon) and beacon.as_set:
        problem = "that beacon is stored as a set, which cannot be a key"
    elif type_name not in (None, "S"):
        problem = "a beacon is stored as a string"
    else:
        return
    yield Finding(
        code="unconfigured-index-key",
        severity="error",
        subject=key,
        message=f"The index {index!r} has the key {key!r} of the type {type_name}, and {problem}",
        action="Index a beacon of the configuration that is stored as a string, as the type S",
    )


def _check_expiry(client: DescribingClient, table_name: str, config: TableConfig) -> Iterator[Finding]:
    try:
        reply = drivers.call(client.describe_time_to_live, TableName=table_name)
    except ClientError as error:
        yield _unreadable("expiry-unreadable", "warning", table_name, "DescribeTimeToLive", error)
        return
    description = reply.get("TimeToLiveDescription", {})
    name = description.get("AttributeName")
    if name is None or description.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        return
    if config.is_encrypted(name):
        yield Finding(
            code="encrypted-expiry",
            severity="error",
            subject=name,
            message=f"Items expire by {name!r}, which is encrypted, so that none ever does",
            action=f"Sign {name!r} without encrypting it, or leave it unsigned",
        )
    elif config.find_action(name) is None:
        yield Finding(
            code="unconfigured-expiry",
            severity="warning",
            subject=name,
            message=f"Items expire by {name!r}, which has no attribute action: an item that has it cannot be "
            "written",
            action=f"Give {name!r} an action in attribute_actions; unsigned, it can be updated in place",
        )
    elif config.is_signed(name) and config.update_mode is not UpdateMode.READ_MODIFY_WRITE:
        yield Finding(
            code="signed-expiry",
            severity="warning",
            subject=name,
            message=f"Items expire by {name!r}, which is signed: an update that only changes it is refused",
            action=f"Leave {name!r} unsigned to extend an item's life in place, or set update_mode="
            "UpdateMode.READ_MODIFY_WRITE",
        )


def _check_stream(table: Mapping[str, Any]) -> Iterator[Finding]:
    stream = table.get("StreamSpecification", {})
    if not stream.get("StreamEnabled"):
        return
    view = stream.get("StreamViewType")
    if view != "KEYS_ONLY":
        yield Finding(
            code="stream",
            severity="note",
            subject=table["TableName"],
            message=f"The table has a stream of {view}: its records have items as they are stored",
            action="Decrypt an image with from_stream_image and ItemEncryptor.decrypt_item",
        )


def _indexes(table: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [*table.get("GlobalSecondaryIndexes", ()), *table.get("LocalSecondaryIndexes", ())]


def _types(table: Mapping[str, Any]) -> Mapping[str, str]:
    definitions = table.get("AttributeDefinitions", ())
    return {definition["AttributeName"]: definition["AttributeType"] for definition in definitions}
