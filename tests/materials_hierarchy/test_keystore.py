"""The key store: what it writes, what it trusts, and its errors."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import ConfigError, KeyStore, KeyStoreError, KmsError
from dynaseal.materials.key_store.branch_keys import Record
from support.fake_aws import ARN, FakeAws

BOUND = {"department": "admin"}
VERSION = "0195f2a4-6c1e-7b3d-8e9f-1a2b3c4d5e6f"


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def store(aws: FakeAws) -> KeyStore:
    store = aws.key_store()
    store.create_table()
    return store


def rows_of(aws: FakeAws, branch_key_id: str) -> dict[str, dict[str, Any]]:
    return {kind: row for (_, owner, kind), row in aws.dynamodb.rows.items() if owner == branch_key_id}


def operations(aws: FakeAws) -> list[str]:
    return [call["op"] for call in aws.calls]


def test_a_new_branch_key_can_be_fetched_by_its_active_version_and_by_that_version(store: KeyStore) -> None:
    branch_key_id = store.create_key("tenant-a", BOUND)

    active = store.get_active_branch_key(branch_key_id)

    assert (branch_key_id, active.branch_key_id, active.encryption_context) == ("tenant-a", "tenant-a", BOUND)
    assert len(active.branch_key) == 32
    assert store.get_branch_key_version("tenant-a", active.branch_key_version) == active


def test_a_new_branch_key_has_three_records_with_all_their_attributes_in_the_context(
    aws: FakeAws, store: KeyStore
) -> None:
    store.create_key("tenant-a", BOUND)

    rows = rows_of(aws, "tenant-a")
    version = rows["branch:ACTIVE"]["version"]["S"]
    assert set(rows) == {"branch:ACTIVE", "beacon:ACTIVE", version}
    for row in rows.values():
        _, context = aws.kms.replies[ARN, row["enc"]["B"]]
        stored = {name: next(iter(value.values())) for name, value in row.items() if name != "enc"}
        assert context == stored | {"tablename": "logical"}
        assert row["hierarchy-version"] == {"N": "1"}
        assert row["aws-crypto-ec:department"] == {"S": "admin"}


def test_a_version_has_its_creation_time_which_is_read_without_kms(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    version = store.get_active_branch_key("tenant-a").branch_key_version
    row = rows_of(aws, "tenant-a")[f"branch:version:{version}"]
    aws.calls.clear()

    created = store.get_creation_time("tenant-a", version)

    assert created == datetime.fromisoformat(row["create-time"]["S"])
    assert created.tzinfo is not None
    assert operations(aws) == ["GetItem"]
    row["create-time"] = {"S": "yesterday"}
    with pytest.raises(KeyStoreError, match="without a time"):
        store.get_creation_time("tenant-a", version)


def test_making_a_branch_key_makes_the_calls_that_aws_makes(aws: FakeAws, store: KeyStore) -> None:
    aws.calls.clear()

    store.create_key("tenant-a", BOUND)

    assert operations(aws) == [
        "GenerateDataKeyWithoutPlaintext",
        "ReEncrypt",
        "GenerateDataKeyWithoutPlaintext",
        "TransactWriteItems",
    ]


def test_versioning_makes_the_calls_that_aws_makes_and_has_kms_vouch_for_the_old_record(
    aws: FakeAws, store: KeyStore
) -> None:
    store.create_key("tenant-a", BOUND)
    aws.calls.clear()

    store.version_key("tenant-a")

    assert operations(aws) == [
        "GetItem",
        "ReEncrypt",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncrypt",
        "TransactWriteItems",
    ]
    vouching = aws.calls[1]
    assert vouching["source_encryption_context"] == vouching["destination_encryption_context"]


def test_records_are_read_consistently_so_that_a_new_one_is_found(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    store.version_key("tenant-a")
    version = store.get_active_branch_key("tenant-a").branch_key_version
    store.get_branch_key_version("tenant-a", version)
    store.get_beacon_key("tenant-a")

    assert aws.dynamodb.consistent_reads == [True] * 4


def test_a_new_version_is_in_use_and_the_old_one_still_there(store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    old = store.get_active_branch_key("tenant-a")

    store.version_key("tenant-a")

    new = store.get_active_branch_key("tenant-a")
    assert new.branch_key != old.branch_key
    assert new.encryption_context == old.encryption_context
    assert store.get_branch_key_version("tenant-a", old.branch_key_version) == old


def test_a_new_version_leaves_the_beacon_key_alone(store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    before = store.get_beacon_key("tenant-a")

    store.version_key("tenant-a")

    assert store.get_beacon_key("tenant-a") == before
    assert len(before.beacon_key) == 32


def test_a_branch_key_without_an_id_is_given_a_new_one(store: KeyStore) -> None:
    first, second = store.create_key(), store.create_key(encryption_context=BOUND)

    assert len({first, second}) == 2
    assert store.get_active_branch_key(first).encryption_context == {}
    assert store.get_active_branch_key(second).encryption_context == BOUND


@pytest.mark.parametrize(("branch_key_id", "context"), [("tenant-a", {}), ("", BOUND)])
def test_an_id_of_ones_own_needs_text_and_a_context(
    store: KeyStore, branch_key_id: str, context: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match="encryption context"):
        store.create_key(branch_key_id, context)


def test_a_branch_key_is_never_written_over_another(store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    before = store.get_active_branch_key("tenant-a")

    with pytest.raises(KeyStoreError, match="version_key") as refusal:
        store.create_key("tenant-a", {"department": "other"})

    assert isinstance(refusal.value, ClientError)
    assert refusal.value.response["Error"]["Code"] == "TransactionCanceledException"
    assert store.get_active_branch_key("tenant-a") == before


def test_of_two_who_make_a_version_at_once_one_gets_an_error(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    both_have_read = Barrier(2)
    refusals: list[KeyStoreError] = []
    real = aws.dynamodb.get_item

    def get_item(**request: Any) -> dict[str, Any]:
        answer = real(**request)
        both_have_read.wait(10)
        return answer

    aws.dynamodb.get_item = get_item

    def version() -> None:
        try:
            store.version_key("tenant-a")
        except KeyStoreError as error:
            refusals.append(error)

    threads = [Thread(target=version) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    aws.dynamodb.get_item = real
    assert [str(error).endswith("only if it needs another new version") for error in refusals] == [True]
    assert len(rows_of(aws, "tenant-a")) == 4
    active = store.get_active_branch_key("tenant-a")
    assert store.get_branch_key_version("tenant-a", active.branch_key_version) == active


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("create-time", {"S": "2020-01-01T00:00:00.000000Z"}),
        ("aws-crypto-ec:department", {"S": "other"}),
        ("version", {"S": "branch:version:00000000-0000-4000-8000-000000000000"}),
        ("added", {"S": "x"}),
        ("enc", {"B": bytes(64)}),
    ],
)
def test_a_changed_record_is_refused_by_kms(
    aws: FakeAws, store: KeyStore, name: str, value: dict[str, Any]
) -> None:
    store.create_key("tenant-a", BOUND)
    rows_of(aws, "tenant-a")["branch:ACTIVE"][name] = value

    with pytest.raises(KeyStoreError, match="InvalidCiphertextException") as refusal:
        store.get_active_branch_key("tenant-a")
    with pytest.raises(KeyStoreError, match="InvalidCiphertextException"):
        store.version_key("tenant-a")

    assert isinstance(refusal.value, KmsError)
    assert "was changed or copied" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hierarchy-version", {"N": "2"}),
        ("hierarchy-version", {"S": "1"}),
        ("enc", {"S": "x"}),
        ("create-time", None),
        ("branch-key-id", {"S": "tenant-b"}),
        ("type", {"S": "beacon:ACTIVE"}),
        ("added", {"N": "1"}),
        ("tablename", {"S": "logical"}),
    ],
)
def test_an_item_that_is_not_a_record_is_refused_before_kms_is_called(
    aws: FakeAws, store: KeyStore, name: str, value: dict[str, Any] | None
) -> None:
    store.create_key("tenant-a", BOUND)
    record = rows_of(aws, "tenant-a")["branch:ACTIVE"]
    record.pop(name, None)
    record.update({} if value is None else {name: value})
    aws.calls.clear()

    with pytest.raises(KeyStoreError, match="branch:ACTIVE"):
        store.get_active_branch_key("tenant-a")

    assert operations(aws) == ["GetItem"]


@pytest.mark.parametrize(
    "record",
    [
        {"type": "branch:ACTIVE"},
        {"type": "branch:ACTIVE", "version": VERSION},
        {"type": "branch:ACTIVE", "version": "branch:version:1"},
        {"type": "branch:ACTIVE", "version": f"branch:version:{VERSION.upper()}"},
        {"type": "branch:version:1"},
        {"type": "beacon:ACTIVE"},
    ],
)
def test_a_record_without_the_uuid_of_a_version_gives_no_branch_key(record: dict[str, str]) -> None:
    with pytest.raises(KeyStoreError, match="names no version"):
        Record(b"", {"branch-key-id": "tenant-a", **record}).branch_key(bytes(32))


def test_a_record_that_was_copied_to_another_branch_key_is_refused(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    stolen = rows_of(aws, "tenant-a")["branch:ACTIVE"]
    aws.dynamodb.rows["keys", "tenant-b", "branch:ACTIVE"] = {**stolen, "branch-key-id": {"S": "tenant-b"}}

    with pytest.raises(KmsError):
        store.get_active_branch_key("tenant-b")


def test_another_logical_name_does_not_open_the_keys(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)

    with pytest.raises(KmsError, match="logical key store name"):
        aws.key_store(logical_name="another").get_active_branch_key("tenant-a")


def test_another_kms_key_does_not_open_the_keys_and_both_are_named(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    aws.arn = ARN.replace("1234abcd", "4321dcba")

    with pytest.raises(KeyStoreError) as refusal:
        aws.key_store().get_active_branch_key("tenant-a")

    assert ARN in str(refusal.value)
    assert aws.arn in str(refusal.value)


@pytest.mark.parametrize("fetch", ["get_active_branch_key", "get_beacon_key", "version_key"])
def test_a_branch_key_that_is_not_there_is_named(store: KeyStore, fetch: str) -> None:
    with pytest.raises(KeyStoreError, match=r"'nobody'.*create_key"):
        getattr(store, fetch)("nobody")


def test_a_key_is_not_stored_if_kms_answers_for_another_source(aws: FakeAws, store: KeyStore) -> None:
    aws.kms.answers["SourceKeyId"] = ARN.replace("1234abcd", "4321dcba")

    with pytest.raises(KeyStoreError, match="used another key"):
        store.create_key("tenant-a", BOUND)
    with pytest.raises(KeyStoreError, match="create_key"):
        store.get_active_branch_key("tenant-a")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"CiphertextBlob": b""}, "has an empty CiphertextBlob"),
        ({"CiphertextBlob": None}, "has no CiphertextBlob"),
        ({"CiphertextBlob": "c"}, "has a CiphertextBlob of the type str, which must be bytes"),
        ({"KeyId": None}, "has no KeyId"),
        ({"KeyId": 5}, "has a KeyId of the type int"),
        ({"SourceKeyId": None}, "KMS's reply to ReEncrypt .* has no SourceKeyId"),
    ],
)
def test_a_key_that_kms_answers_wrongly_is_not_stored(
    aws: FakeAws, store: KeyStore, answer: dict[str, Any], says: str
) -> None:
    aws.kms.answers |= answer

    with pytest.raises(KeyStoreError, match=says):
        store.create_key("tenant-a", BOUND)

    assert not aws.dynamodb.rows


@pytest.mark.parametrize(
    "operation", ["generate_data_key_without_plaintext", "re_encrypt", "decrypt", "get_item"]
)
@pytest.mark.parametrize("reply", [None, [], "reply", 5])
def test_what_is_not_a_reply_is_a_key_store_error(
    aws: FakeAws, store: KeyStore, monkeypatch: pytest.MonkeyPatch, operation: str, reply: object
) -> None:
    store.create_key("tenant-a", BOUND)
    stored = rows_of(aws, "tenant-a")
    client = store.dynamodb_client() if operation == "get_item" else store.kms_client()
    monkeypatch.setattr(client, operation, lambda **_: reply)
    call = store.get_beacon_key if operation in ("decrypt", "get_item") else store.version_key

    with pytest.raises(KeyStoreError, match=f"of the type {type(reply).__name__}"):
        call("tenant-a")

    assert rows_of(aws, "tenant-a") == stored


def odd_records(row: dict[str, Any]) -> Iterator[object]:
    yield from (None, [1], "row", 5, {**row, 5: {"S": "x"}}, {**row, "extra": {"S": 5}})
    for name, value in row.items():
        kind = next(iter(value))
        yield from ({**row, name: odd} for odd in (None, "S", ["S"], 5, {kind: None}, {kind: 5}, {kind: []}))
    yield {**row, "enc": {"B": "x"}}


def test_a_record_of_other_types_is_a_key_store_error(
    aws: FakeAws, store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_key("tenant-a", BOUND)
    version = store.get_active_branch_key("tenant-a").branch_key_version
    row = rows_of(aws, "tenant-a")[f"branch:version:{version}"]

    for odd in odd_records(row):
        monkeypatch.setattr(store.dynamodb_client(), "get_item", lambda *, odd=odd, **_: {"Item": odd})
        for fetch in (store.get_branch_key_version, store.get_creation_time):
            with pytest.raises(KeyStoreError):
                fetch("tenant-a", version)


def test_an_answer_of_another_key_is_refused(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    aws.kms.answers["KeyId"] = ARN.replace("1234abcd", "4321dcba")

    with pytest.raises(KeyStoreError, match="used another key"):
        store.get_active_branch_key("tenant-a")


def test_a_key_of_another_length_is_refused(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    aws.kms.answers["Plaintext"] = bytes(16)

    with pytest.raises(KeyStoreError, match="32 bytes"):
        store.get_active_branch_key("tenant-a")


def test_a_refusal_of_kms_names_key_operation_and_what_to_do(aws: FakeAws, store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    aws.kms.refusals[ARN] = "AccessDeniedException"

    with pytest.raises(KmsError) as refusal:
        store.get_active_branch_key("tenant-a")

    for part in (ARN, "AccessDeniedException", "refused by the test", "Allow kms:Decrypt"):
        assert part in str(refusal.value)


@pytest.mark.parametrize(
    ("operation", "code", "advice"),
    [
        ("GetItem", "AccessDeniedException", "Allow dynamodb:GetItem"),
        ("GetItem", "ResourceNotFoundException", "create_table"),
        ("TransactWriteItems", "AccessDeniedException", "Allow dynamodb:TransactWriteItems"),
    ],
)
def test_a_refusal_of_dynamodb_names_table_operation_and_what_to_do(
    aws: FakeAws, store: KeyStore, operation: str, code: str, advice: str
) -> None:
    aws.dynamodb.refusals[operation] = code
    call = store.create_key if operation == "TransactWriteItems" else lambda: store.get_beacon_key("a")

    with pytest.raises(KeyStoreError) as refusal:
        call()

    assert isinstance(refusal.value, ClientError)
    for part in ("'keys'", operation, code, advice):
        assert part in str(refusal.value)


def test_a_refusal_survives_pickling(aws: FakeAws, store: KeyStore) -> None:
    aws.dynamodb.refusals["GetItem"] = "AccessDeniedException"

    with pytest.raises(KeyStoreError) as refusal:
        store.get_beacon_key("a")

    assert str(pickle.loads(pickle.dumps(refusal.value))) == str(refusal.value)


def test_the_table_is_made_once_and_waited_for(aws: FakeAws) -> None:
    store = aws.key_store()

    first, second = store.create_table(), store.create_table()

    assert first == second == "arn:aws:dynamodb:us-west-2:111122223333:table/keys"
    assert operations(aws).count("CreateTable") == 1
    assert aws.dynamodb.waited_for == ["table_exists keys"] * 2
    assert aws.dynamodb.tables["keys"]["KeySchema"] == [
        {"AttributeName": "branch-key-id", "KeyType": "HASH"},
        {"AttributeName": "type", "KeyType": "RANGE"},
    ]


def test_a_table_that_someone_else_makes_at_the_same_time_is_as_good(aws: FakeAws) -> None:
    real = aws.dynamodb.create_table

    def create_table(**request: Any) -> dict[str, Any]:
        real(**request)
        raise ClientError({"Error": {"Code": "ResourceInUseException", "Message": ""}}, "CreateTable")

    aws.dynamodb.create_table = create_table

    assert aws.key_store().create_table().endswith("table/keys")


def test_a_table_that_may_not_be_created_is_an_error(aws: FakeAws) -> None:
    def create_table(**_request: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "CreateTable")

    aws.dynamodb.create_table = create_table

    with pytest.raises(KeyStoreError, match="refused CreateTable"):
        aws.key_store().create_table()


def test_a_table_whose_keys_are_not_strings_is_left_alone(aws: FakeAws) -> None:
    names = {"branch-key-id": "HASH", "type": "RANGE"}
    aws.dynamodb.create_table(
        TableName="keys",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": role} for name, role in names.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "B"} for name in names],
    )

    with pytest.raises(KeyStoreError, match="not a key store: its keys are branch-key-id, type"):
        aws.key_store().create_table()


def test_a_table_with_other_keys_is_left_alone(aws: FakeAws) -> None:
    aws.dynamodb.create_table(
        TableName="keys",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )

    with pytest.raises(KeyStoreError, match="not a key store: its keys are pk"):
        aws.key_store().create_table()


@pytest.mark.parametrize(
    "arn",
    ["alias/keys", "arn:aws:kms:us-west-2:111122223333:alias/keys", "1234abcd", "", "arn:aws:s3:::bucket"],
)
def test_only_a_key_arn_can_wrap(arn: str) -> None:
    with pytest.raises(ConfigError, match="ARN of a KMS key"):
        KeyStore("keys", "logical", arn)


def test_grant_tokens_go_with_every_call_of_kms(aws: FakeAws) -> None:
    store = aws.key_store(grant_tokens=("token",))

    store.create_key("tenant-a", BOUND)
    store.get_active_branch_key("tenant-a")
    store.version_key("tenant-a")

    grant_tokens = [call["grant_tokens"] for call in aws.calls if "grant_tokens" in call]
    assert len(grant_tokens) == 7
    assert all(tokens == ["token"] for tokens in grant_tokens)


def test_no_key_shows_in_a_repr(store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    keys = store.get_active_branch_key("tenant-a"), store.get_beacon_key("tenant-a")

    shown = repr(keys)

    assert repr(keys[0].branch_key) not in shown
    assert repr(keys[1].beacon_key) not in shown
    assert "tenant-a" in shown
