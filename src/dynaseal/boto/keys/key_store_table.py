"""A key store's table, read and written through boto3.

- A refused request raises a KeyStoreError that is also a botocore ClientError, with AWS's own code and
  message.
- The client's botocore Config decides about retries and time-outs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal import drivers
from dynaseal.attributes import Item
from dynaseal.boto.interception.exemptions import without_encryption
from dynaseal.boto.keys.clients import method_of
from dynaseal.errors import DynasealError, KeyStoreError
from dynaseal.materials.key_store.branch_keys import BRANCH_KEY_ID, TYPE, Record

_KEYS = {BRANCH_KEY_ID: "HASH", TYPE: "RANGE"}
_SCHEMA = [{"AttributeName": name, "KeyType": kind} for name, kind in _KEYS.items()]
_DEFINITIONS = [{"AttributeName": name, "AttributeType": "S"} for name in _KEYS]
_NAMES = {"#id": BRANCH_KEY_ID}
_ABSENT = "attribute_not_exists(#id)"
_UNCHANGED = "attribute_exists(#id) AND enc = :replaced"
# By default the waiter looks every 20 seconds, and creating a table takes 5 to 10.
_WAITER_CONFIG = {"Delay": 2, "MaxAttempts": 90}

_HINTS = {
    "AccessDeniedException": "Allow dynamodb:{operation} on the table for this principal",
    "ResourceNotFoundException": "Create the table with create_table, or check its name, account and Region",
}


class DynamoDbClient(Protocol):
    """The methods of boto3's DynamoDB client that are used; any object that has them is accepted.

    They are properties because boto3-stubs gives each method's keyword arguments one by one: a method of that
    kind is not a `def get_item(self, **request: Any)`, but it is a `Callable[..., Any]`.
    """

    @property
    def get_item(self) -> Callable[..., Any]:
        """GetItem."""
        ...

    @property
    def transact_write_items(self) -> Callable[..., Any]:
        """TransactWriteItems."""
        ...

    @property
    def create_table(self) -> Callable[..., Any]:
        """CreateTable."""
        ...

    @property
    def describe_table(self) -> Callable[..., Any]:
        """DescribeTable."""
        ...

    @property
    def get_waiter(self) -> Callable[..., Any]:
        """Return the waiter with a given name."""
        ...


class KeyStoreTableError(KeyStoreError, ClientError):
    """DynamoDB refused a request; also a botocore ClientError, with AWS's code and message in `response`.

    Attributes:
        response: AWS's response, as botocore has it.
        operation_name: The operation, such as `GetItem`.
        table_name: The key store's table.
    """

    def __init__(self, error_response: Any, operation_name: str, table_name: str) -> None:
        ClientError.__init__(self, error_response, operation_name)
        self.table_name = table_name
        details: Mapping[str, str] = error_response.get("Error", {})
        code = details.get("Code", "Unknown")
        hint = _HINTS.get(code)
        KeyStoreError.__init__(
            self,
            f"DynamoDB refused {operation_name} on the key store's table {table_name!r}: {code}: "
            f"{details.get('Message', '')}",
            hint=hint and hint.format(operation=operation_name),
        )

    # Both bases have one; DynasealError's keeps every attribute, ClientError's only the response.
    __reduce__ = DynasealError.__reduce__

    @property
    def is_failed_condition(self) -> bool:
        """Whether a transaction was cancelled because a record was not in the expected state."""
        reasons: Sequence[Mapping[str, Any]] = self.response.get("CancellationReasons", ())
        return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


class BotoKeyStoreTable:
    """Reads and writes a key store's table, through a client that is made when it is first needed.

    Args:
        table_name: The table's name.
        client: Returns the client; called once for each operation.
    """

    def __init__(self, table_name: str, client: Callable[[], DynamoDbClient]) -> None:
        self._name = table_name
        self._client = client

    def create(self) -> str:
        """Create the table unless it exists, wait until it can be used, and return its ARN.

        Raises:
            KeyStoreError: a table of this name exists and is not a key store's table, or DynamoDB refused a
                call.
        """
        try:
            self._call("DescribeTable")
        except KeyStoreTableError as error:
            if _code(error) != "ResourceNotFoundException":
                raise
            self._create()
        waiter = method_of(self._client(), "get_waiter")("table_exists")
        _call(self._name, "DescribeTable", waiter.wait, TableName=self._name, WaiterConfig=_WAITER_CONFIG)
        table = self._call("DescribeTable")["Table"]
        types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
        keys = {each["AttributeName"]: each["KeyType"] for each in table["KeySchema"]}
        if keys != _KEYS or any(types.get(name) != "S" for name in _KEYS):
            raise KeyStoreError(
                f"The table {self._name!r} exists and is not a key store: its keys are {', '.join(keys)}",
                hint="Choose another name for the key store's table",
            )
        return table["TableArn"]

    def get(self, branch_key_id: str, record_type: str) -> Item | None:
        """Read one record; None if it does not exist.

        Raises:
            KeyStoreError: DynamoDB refused the call, or the client returned something else than a reply with
                or without an item.
        """
        key = {BRANCH_KEY_ID: {"S": branch_key_id}, TYPE: {"S": record_type}}
        # Consistent: a branch key that was just created would otherwise be missing at times.
        reply = self._call("GetItem", Key=key, ConsistentRead=True)
        return self._mapping(self._mapping(reply, "a reply").get("Item", {}), "an item") or None

    def add(self, records: Sequence[Record]) -> None:
        """Write the records of a new branch key, if none of them exists."""
        self._write(
            [self._put(record, _ABSENT) for record in records],
            "The branch key exists already; version_key creates a new version of it",
        )

    def replace_active(self, version: Record, active: Record, replaced: bytes) -> None:
        """Write a new version and make it active, if the active one still has the ciphertext `replaced`."""
        unchanged = self._put(active, _UNCHANGED)
        unchanged["Put"]["ExpressionAttributeValues"] = {":replaced": {"B": replaced}}
        self._write(
            [self._put(version, _ABSENT), unchanged],
            "Someone else made a new version of the branch key at the same time; "
            "call version_key again only if it needs another new version",
        )

    def _create(self) -> None:
        try:
            self._call(
                "CreateTable",
                KeySchema=_SCHEMA,
                AttributeDefinitions=_DEFINITIONS,
                BillingMode="PAY_PER_REQUEST",
            )
        except KeyStoreTableError as error:
            # Someone else is creating the table at the same time, which does just as well.
            if _code(error) != "ResourceInUseException":
                raise

    def _put(self, record: Record, condition: str) -> dict[str, dict[str, Any]]:
        return {
            "Put": {
                "TableName": self._name,
                "Item": record.to_item(),
                "ConditionExpression": condition,
                "ExpressionAttributeNames": _NAMES,
            }
        }

    def _write(self, puts: list[dict[str, dict[str, Any]]], hint_if_changed: str) -> None:
        operation = "TransactWriteItems"
        try:
            _call(self._name, operation, method_of(self._client(), operation), TransactItems=puts)
        except KeyStoreTableError as error:
            if error.is_failed_condition:
                error.hint = hint_if_changed
            raise

    def _mapping(self, value: object, what: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise KeyStoreError(
                f"The client of the key store's table {self._name!r} returned an object of the type "
                f"{type(value).__name__} as {what}"
            )
        return cast("dict[str, Any]", value)

    def _call(self, operation: str, **request: Any) -> Any:
        method = method_of(self._client(), operation)
        return _call(self._name, operation, method, TableName=self._name, **request)


def _call(table_name: str, operation: str, method: Callable[..., Any], **request: Any) -> Any:
    try:
        with without_encryption(operation, request):
            return drivers.call(method, **request)
    except ClientError as error:
        raise KeyStoreTableError(error.response, operation, table_name) from error
    except BotoCoreError as error:
        raise KeyStoreError(
            f"DynamoDB could not be called for {operation} on the key store's table {table_name!r}: {error}"
        ) from error


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
