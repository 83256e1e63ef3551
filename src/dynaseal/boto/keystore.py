"""The key store with boto3 clients: that of `materials`, its table and its KMS key asked through boto3.

- A refusal is raised as a KeyStoreError, and as botocore's ClientError with AWS's own code and message.
- Retries and time-outs are those of the clients' botocore Configs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.boto.clients import Clients
from dynaseal.boto.kms import KmsDecryptError, KmsEncryptError, KmsError
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.core.values import Item
from dynaseal.errors import EncryptError, KeyStoreError, UnwrapError
from dynaseal.materials import kms_calls
from dynaseal.materials.arn import region_of
from dynaseal.materials.branch_keys import BRANCH_KEY_ID, TYPE, Record
from dynaseal.materials.keystore import BranchKeyStore, check_key_arn

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

_Error = TypeVar("_Error", KmsEncryptError, KmsDecryptError)


class DynamoDbClient(Protocol):
    """The methods of boto3's DynamoDB client that are used; anything that has them will do."""

    def get_item(self, **request: Any) -> Mapping[str, Any]:
        """GetItem."""
        ...

    def transact_write_items(self, **request: Any) -> Any:
        """TransactWriteItems."""
        ...

    def create_table(self, **request: Any) -> Any:
        """CreateTable."""
        ...

    def describe_table(self, **request: Any) -> Mapping[str, Any]:
        """DescribeTable."""
        ...

    def get_waiter(self, waiter_name: str) -> Any:
        """Give the waiter of that name."""
        ...


class KeyStoreKmsClient(Protocol):
    """The methods of boto3's KMS client that a key store uses; anything that has them will do."""

    def generate_data_key_without_plaintext(self, **request: Any) -> Mapping[str, Any]:
        """GenerateDataKeyWithoutPlaintext."""
        ...

    def re_encrypt(self, **request: Any) -> Mapping[str, Any]:
        """ReEncrypt."""
        ...

    def decrypt(self, **request: Any) -> Mapping[str, Any]:
        """Decrypt."""
        ...


class KeyStoreKmsError(KeyStoreError, KmsError):
    """KMS refused a call that a branch key or beacon key needs."""

    def __init__(
        self, error_response: Any, operation_name: str, key_id: str, region: str | None = None
    ) -> None:
        KmsError.__init__(self, error_response, operation_name, key_id, region)
        if error_response.get("Error", {}).get("Code") == "InvalidCiphertextException":
            self.hint = (
                "The key store's record was changed or copied, or written under another logical key store "
                "name: restore it, or give the name it was written under"
            )

    def for_writing(self) -> EncryptError:
        """Give the error of an item that cannot be encrypted because of this."""
        return self._as(KmsEncryptError)

    def for_reading(self) -> UnwrapError:
        """Give the error of an item that cannot be read because of this."""
        return self._as(KmsDecryptError)

    def _as(self, kind: type[_Error]) -> _Error:
        error = kind(self.response, self.operation_name, self.key_id, self.region)
        error.hint = self.hint
        return error


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


class BotoKeyStoreKms:
    """Asks KMS about one key through a client, which is made when it is first needed."""

    def __init__(
        self, key_arn: str, client: Callable[[], KeyStoreKmsClient], grant_tokens: Sequence[str]
    ) -> None:
        self._key_arn = key_arn
        self._client = client
        self._grant_tokens = list(grant_tokens)

    def generate(self, context: Mapping[str, str]) -> bytes:
        """Make 32 bytes that only KMS has seen: GenerateDataKeyWithoutPlaintext."""
        return self._ask(
            "GenerateDataKeyWithoutPlaintext",
            self._client().generate_data_key_without_plaintext,
            KeyId=self._key_arn,
            NumberOfBytes=KEY_LENGTH,
            EncryptionContext=dict(context),
        )["CiphertextBlob"]

    def re_encrypt(
        self, ciphertext: bytes, source: Mapping[str, str], destination: Mapping[str, str]
    ) -> bytes:
        """Wrap the same bytes under another context: ReEncrypt."""
        return self._ask(
            "ReEncrypt",
            self._client().re_encrypt,
            CiphertextBlob=ciphertext,
            SourceKeyId=self._key_arn,
            SourceEncryptionContext=dict(source),
            DestinationKeyId=self._key_arn,
            DestinationEncryptionContext=dict(destination),
        )["CiphertextBlob"]

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Unwrap: Decrypt."""
        return self._ask(
            "Decrypt",
            self._client().decrypt,
            KeyId=self._key_arn,
            CiphertextBlob=ciphertext,
            EncryptionContext=dict(context),
        )["Plaintext"]

    def _ask(
        self, operation: str, call: Callable[..., Mapping[str, Any]], **request: Any
    ) -> Mapping[str, Any]:
        kms_calls.count(operation, self._key_arn)
        try:
            answer = call(**request, GrantTokens=self._grant_tokens)
        except ClientError as error:
            raise KeyStoreKmsError(error.response, operation, self._key_arn) from error
        except BotoCoreError as error:
            raise KeyStoreError(
                f"KMS could not be asked for {operation} on {self._key_arn}: {error}"
            ) from error
        if answer["KeyId"] != self._key_arn:
            raise KeyStoreError(f"KMS was asked for {operation} with {self._key_arn} and used another key")
        return answer


class KeyStore(BranchKeyStore):
    """Branch keys and beacon keys in a DynamoDB table, wrapped by one KMS key; shared with AWS's libraries.

    Safe for use by many threads.

    Args:
        table_name: The key store's table.
        logical_key_store_name: Bound to every key; stays when the table is restored under another name. Every
            program that uses the table gives the same.
        kms_key_arn: The ARN of the KMS key that wraps every key; not an alias.
        dynamodb_client: A boto3 DynamoDB client; left out, one is made from the default session in the ARN's
            Region when it is first needed.
        kms_client: A boto3 KMS client; left out, likewise.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the ARN is not that of a key.

    Example:
        >>> KeyStore("keys", "keys", "arn:aws:kms:us-west-2:111122223333:key/1234abcd")
        KeyStore('keys')
    """

    def __init__(
        self,
        table_name: str,
        logical_key_store_name: str,
        kms_key_arn: str,
        *,
        dynamodb_client: DynamoDbClient | None = None,
        kms_client: KeyStoreKmsClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        region = region_of(check_key_arn(kms_key_arn))
        dynamodb, kms = Clients("dynamodb"), Clients("kms")
        super().__init__(
            BotoKeyStoreTable(table_name, lambda: dynamodb_client or dynamodb(region)),
            BotoKeyStoreKms(kms_key_arn, lambda: kms_client or kms(region), grant_tokens),
            logical_key_store_name,
            kms_key_arn,
        )
        self._table_name = table_name

    def __repr__(self) -> str:
        return f"KeyStore({self._table_name!r})"


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
