"""A key store's table, asked through boto3.

- A refusal is raised as a KeyStoreError, and as botocore's ClientError with AWS's own code and message.
- Retries and time-outs are those of the client's botocore Config.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.attributes import Item
from dynaseal.errors import KeyStoreError
from dynaseal.materials.key_store.branch_keys import BRANCH_KEY_ID, TYPE, Record

_KEYS = {BRANCH_KEY_ID: "HASH", TYPE: "RANGE"}
_SCHEMA = [{"AttributeName": name, "KeyType": kind} for name, kind in _KEYS.items()]
_DEFINITIONS = [{"AttributeName": name, "AttributeType": "S"} for name in _KEYS]
_NAMES = {"#id": BRANCH_KEY_ID}
_ABSENT = "attribute_not_exists(#id)"
_UNCHANGED = "attribute_exists(#id) AND enc = :replaced"
# The waiter's own pace is 20 seconds, for a table that takes 5 to 10.
_PACE = {"Delay": 2, "MaxAttempts": 90}

_HINTS = {
    "AccessDeniedException": "Allow dynamodb:{operation} on the table to this principal",
    "ResourceNotFoundException": "Make the table with create_table, or check its name, account and Region",
}


class DynamoDbClient(Protocol):
    """The methods of boto3's DynamoDB client that are used; any object that has them is accepted.

    They are properties because boto3-stubs gives each method's keyword arguments one by one: a method of that
    kind is not a `def get_item(self, **request: Any)`, but it is a `Callable[..., Any]`.
    """

    @property
    def get_item(self) -> Callable[..., Mapping[str, Any]]:
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
    def describe_table(self) -> Callable[..., Mapping[str, Any]]:
        """DescribeTable."""
        ...

    @property
    def get_waiter(self) -> Callable[..., Any]:
        """Return the waiter with a given name."""
        ...


class KeyStoreTableError(KeyStoreError, ClientError):
    """DynamoDB refused a call: a botocore ClientError too, with AWS's code and message in `response`.

    Attributes:
        response: AWS's answer, as botocore has it.
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

    def __reduce__(self) -> tuple[type, tuple[Any, str, str], dict[str, Any]]:
        return type(self), (self.response, self.operation_name, self.table_name), self.__dict__

    @property
    def is_failed_condition(self) -> bool:
        """Whether a transaction was cancelled because a record is not as it was expected."""
        reasons: Sequence[Mapping[str, Any]] = self.response.get("CancellationReasons", ())
        return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


class BotoKeyStoreTable:
    """Asks a key store's table through a client, which is made when it is first needed."""

    def __init__(self, table_name: str, client: Callable[[], DynamoDbClient]) -> None:
        self._name = table_name
        self._client = client

    def create(self) -> str:
        """Make the table unless it is there, wait until it can be used, and give its ARN."""
        client = self._client()
        try:
            self._ask("DescribeTable", client.describe_table)
        except KeyStoreTableError as error:
            if _code(error) != "ResourceNotFoundException":
                raise
            self._create(client)
        self._ask("DescribeTable", client.get_waiter("table_exists").wait, WaiterConfig=_PACE)
        table = self._ask("DescribeTable", client.describe_table)["Table"]
        types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
        keys = {each["AttributeName"]: each["KeyType"] for each in table["KeySchema"]}
        if keys != _KEYS or any(types.get(name) != "S" for name in _KEYS):
            raise KeyStoreError(
                f"The table {self._name!r} exists and is no key store: its keys are {', '.join(keys)}",
                hint="Give the key store a table of its own",
            )
        return table["TableArn"]

    def get(self, branch_key_id: str, kind: str) -> Item | None:
        """Read one record."""
        key = {BRANCH_KEY_ID: {"S": branch_key_id}, TYPE: {"S": kind}}
        return self._ask("GetItem", self._client().get_item, Key=key).get("Item")

    def add(self, records: Sequence[Record]) -> None:
        """Write all the records of a new branch key, if none of them exists."""
        self._write(
            [self._put(record, _ABSENT) for record in records],
            "The branch key exists already; version_key makes a new version of it",
        )

    def replace_active(self, version: Record, active: Record, replaced: bytes) -> None:
        """Write a new version and put it into use, if the one in use still has the ciphertext `replaced`."""
        unchanged = self._put(active, _UNCHANGED)
        unchanged["Put"]["ExpressionAttributeValues"] = {":replaced": {"B": replaced}}
        self._write(
            [self._put(version, _ABSENT), unchanged],
            "The branch key was versioned by someone else at the same time; "
            "call version_key again only if it needs yet another version",
        )

    def _create(self, client: DynamoDbClient) -> None:
        try:
            self._ask(
                "CreateTable",
                client.create_table,
                KeySchema=_SCHEMA,
                AttributeDefinitions=_DEFINITIONS,
                BillingMode="PAY_PER_REQUEST",
            )
        except KeyStoreTableError as error:
            # Someone else makes it at this very moment: as good as our own.
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

    def _write(self, puts: list[dict[str, dict[str, Any]]], if_changed: str) -> None:
        try:
            _ask(self._name, "TransactWriteItems", self._client().transact_write_items, TransactItems=puts)
        except KeyStoreTableError as error:
            if error.is_failed_condition:
                error.hint = if_changed
            raise

    def _ask(self, operation: str, call: Callable[..., Any], **request: Any) -> Any:
        return _ask(self._name, operation, call, TableName=self._name, **request)


def _ask(table_name: str, operation: str, call: Callable[..., Any], **request: Any) -> Any:
    try:
        return call(**request)
    except ClientError as error:
        raise KeyStoreTableError(error.response, operation, table_name) from error
    except BotoCoreError as error:
        raise KeyStoreError(
            f"DynamoDB could not be asked for {operation} on the key store's table {table_name!r}: {error}"
        ) from error


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
