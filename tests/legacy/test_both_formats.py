"""Items of both formats in one table, by `TableConfig(legacy=...)`: what each policy reads and writes."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any, Literal

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    ConfigError,
    CryptoAction,
    DecryptError,
    EncryptedTable,
    EncryptError,
    ItemEncryptor,
    KmsError,
    Legacy,
    LegacyPolicy,
    PlaintextPolicy,
    RawAesKeyring,
    SearchConfig,
    SignatureError,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
    Unreadable,
    UnwrapError,
    UpdateMode,
    describe_item,
)
from dynaseal.core.traces import is_older_item
from dynaseal.legacy.exceptions import WrappingError
from dynaseal.legacy.items import OlderItems, older_actions
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.structures import TableIndex
from support import strategies
from support.legacy import DYNASEAL, provider, static_provider, without_order
from support.patients import version
from support.stubbed_dynamodb import StubbedDynamoDb
from support.vectors import VECTORS, read, wire_item

FORCE = LegacyPolicy.FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT
ALLOW = LegacyPolicy.FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT
FORBID = LegacyPolicy.FORBID_LEGACY_ENCRYPT_FORBID_LEGACY_DECRYPT
SIGNATURE, DESCRIPTION = "*amzn-ddb-map-sig*", "*amzn-ddb-map-desc*"
ANN = {"pk": {"S": "ann"}, "secret": {"S": "hunter2"}, "city": {"S": "Bern"}}
ACTIONS = AttributeActions(attribute_actions={"city": CryptoAction.SIGN_ONLY})
KEYRING = RawAesKeyring("tests", "2026", bytes(32))


def config(policy: LegacyPolicy | None, **more: Any) -> TableConfig:
    legacy = None if policy is None else Legacy(policy, static_provider(DYNASEAL))
    return TableConfig(
        "people", "pk", **{"attribute_actions": ACTIONS, "keyring": KEYRING, "legacy": legacy, **more}
    )


OLDER_WRITER = OlderItems(static_provider(DYNASEAL), "people", TableIndex("pk"), older_actions(ACTIONS))
CURRENT = ItemEncryptor(config(None)).encrypt_item(ANN)
OLDER = OLDER_WRITER.write(ANN)


def without(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


def flipped(item: dict[str, Any], name: str) -> dict[str, Any]:
    content = bytearray(item[name]["B"])
    content[-1] ^= 1
    return {**item, name: {"B": bytes(content)}}


Kind = Literal["current", "older", "plaintext"]
SOUND: dict[Kind, dict[str, Any]] = {"current": CURRENT, "older": OLDER, "plaintext": ANN}
DAMAGED = {
    "older, signature changed": flipped(OLDER, SIGNATURE),
    "older, value changed": flipped(OLDER, "secret"),
    "older, signed value changed": {**OLDER, "city": {"S": "Rome"}},
    "older, of another key": {**OLDER, "pk": {"S": "bob"}},
    "older, without its signature": without(OLDER, SIGNATURE),
    "older, with a signature alone": {"pk": {"S": "ann"}, SIGNATURE: OLDER[SIGNATURE]},
    "older, with a description that is cut off": {**OLDER, DESCRIPTION: {"B": OLDER[DESCRIPTION]["B"][:-1]}},
    "older, with a header": {**OLDER, "aws_dbe_head": CURRENT["aws_dbe_head"]},
    "older, with a footer": {**OLDER, "aws_dbe_foot": CURRENT["aws_dbe_foot"]},
    "older, with header and footer": {
        **OLDER,
        "aws_dbe_head": CURRENT["aws_dbe_head"],
        "aws_dbe_foot": CURRENT["aws_dbe_foot"],
    },
    "current, with an older signature": {**CURRENT, SIGNATURE: OLDER[SIGNATURE]},
    "current, without its footer": without(CURRENT, "aws_dbe_foot"),
    "current, in the older format's attributes": {
        **without(CURRENT, "aws_dbe_head", "aws_dbe_foot"),
        SIGNATURE: CURRENT["aws_dbe_foot"],
        DESCRIPTION: CURRENT["aws_dbe_head"],
    },
    "ciphertext alone": without(CURRENT, "aws_dbe_head", "aws_dbe_foot"),
}


def is_read(kind: Kind, policy: LegacyPolicy | None, plaintext_policy: PlaintextPolicy) -> bool:
    match kind:
        case "current":
            return True
        case "older":
            return policy in (FORCE, ALLOW)
        case "plaintext":
            return plaintext_policy.allows_read


POLICIES = [None, FORCE, ALLOW, FORBID]


@pytest.mark.parametrize("plaintext_policy", PlaintextPolicy)
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_each_policy_reads_and_writes_what_the_table_of_the_docs_says(
    policy: LegacyPolicy | None, plaintext_policy: PlaintextPolicy
) -> None:
    if policy is FORCE and plaintext_policy.forces_write:
        with pytest.raises(ConfigError, match="contradict each other"):
            config(policy, plaintext_policy=plaintext_policy)
        return
    encryptor = ItemEncryptor(config(policy, plaintext_policy=plaintext_policy))
    for kind, item in SOUND.items():
        if is_read(kind, policy, plaintext_policy):
            assert encryptor.decrypt_item(item) == ANN
        else:
            with pytest.raises(DecryptError):
                encryptor.decrypt_item(item)

    stored = encryptor.encrypt_item(ANN)

    assert is_older_item(stored) is (policy is FORCE)
    assert ("aws_dbe_head" in stored) is (policy is not FORCE and not plaintext_policy.forces_write)
    assert (stored == ANN) is plaintext_policy.forces_write


@pytest.mark.parametrize("damage", DAMAGED)
@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_damaged_item_is_refused_under_every_policy(policy: LegacyPolicy | None, damage: str) -> None:
    reads_plaintext = PlaintextPolicy.FORBID_WRITE_ALLOW_READ
    for plaintext_policy in (PlaintextPolicy.FORBID_WRITE_FORBID_READ, reads_plaintext):
        encryptor = ItemEncryptor(config(policy, plaintext_policy=plaintext_policy))
        with pytest.raises(DecryptError) as caught:
            encryptor.decrypt_item(DAMAGED[damage])
        assert "hunter2" not in str(caught.value)


@given(st.sampled_from(sorted(OLDER)), st.sampled_from(sorted(OLDER)), strategies.items)
def test_an_older_item_in_which_values_were_exchanged_is_refused(
    first: str, second: str, other: dict[str, Any]
) -> None:
    encryptor = ItemEncryptor(config(ALLOW, plaintext_policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ))
    stored = OLDER_WRITER.write({**other, "pk": {"S": "bob"}})
    changed = {**OLDER, first: stored.get(second, OLDER[second])}
    if changed != OLDER:
        with pytest.raises(DecryptError):
            encryptor.decrypt_item(changed)


@given(strategies.items)
def test_an_item_that_is_written_in_the_older_format_comes_back(item: dict[str, Any]) -> None:
    encryptor = ItemEncryptor(config(FORCE))
    # Numbers with more than 28 digits are rounded where they are encrypted, as in the older library.
    signed = dict.fromkeys(item, CryptoAction.SIGN_ONLY)
    actions = AttributeActions(attribute_actions=signed, literal_names=list(item))
    exact = ItemEncryptor(config(FORCE, attribute_actions=actions))
    assert is_older_item(encryptor.encrypt_item(item))
    assert without_order(exact.decrypt_item(exact.encrypt_item(item))) == without_order(item)


@pytest.mark.parametrize("name", ["aws_dbe_head", "aws_dbe_b_x", SIGNATURE, DESCRIPTION])
def test_a_reserved_name_is_refused_when_the_older_format_is_written(name: str) -> None:
    with pytest.raises(EncryptError, match="reserved"):
        ItemEncryptor(config(FORCE)).encrypt_item({**ANN, name: {"S": "x"}})


def test_an_item_that_is_not_in_wire_form_is_refused_when_the_older_format_is_written() -> None:
    with pytest.raises(EncryptError, match="cannot be written in the older format") as caught:
        ItemEncryptor(config(FORCE)).encrypt_item({**ANN, "secret": {"N": "hunter2"}})
    assert "hunter2" not in str(caught.value)


# Configurations.


def test_the_older_formats_own_actions_and_name_are_used_for_older_items_only() -> None:
    writer = OlderItems(static_provider(DYNASEAL), "old-name", TableIndex("pk"), older_actions({}))
    legacy = Legacy(
        ALLOW, static_provider(DYNASEAL), attribute_actions=AttributeActions(), table_name="old-name"
    )
    encryptor = ItemEncryptor(config(None, legacy=legacy))
    assert encryptor.decrypt_item(writer.write(ANN)) == ANN
    assert encryptor.encrypt_item(ANN)["city"] == ANN["city"]
    with pytest.raises(SignatureError):
        ItemEncryptor(config(ALLOW)).decrypt_item(writer.write(ANN))


@pytest.mark.parametrize(
    ("legacy", "message"),
    [
        (ALLOW, "must be of the type Legacy"),
        (lambda: Legacy("x", static_provider(DYNASEAL)), "must be a member of LegacyPolicy"),  # pyright: ignore[reportArgumentType] wrong on purpose
        (lambda: Legacy(ALLOW, KEYRING), "provider of dynaseal.legacy, not RawAesKeyring"),  # pyright: ignore[reportArgumentType]
        (
            lambda: Legacy(
                ALLOW, static_provider(DYNASEAL), attribute_actions={"pk": CryptoAction.ENCRYPT_AND_SIGN}
            ),
            "encrypt a key",
        ),
        (
            lambda: Legacy(
                ALLOW, static_provider(DYNASEAL), attribute_actions=AttributeActions(CryptoAction.DO_NOTHING)
            ),
            "sign nothing",
        ),
        (
            lambda: Legacy(
                ALLOW,
                static_provider(DYNASEAL),
                attribute_actions={"x": CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT},
            ),
            "not one of the older format",
        ),
    ],
)
def test_a_legacy_that_cannot_work_is_refused_when_the_configuration_is_built(
    legacy: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        config(None, legacy=legacy() if callable(legacy) else legacy)


SEARCH = SearchConfig([version(StandardBeacon("secret", 8))])


def test_a_table_with_beacons_may_read_the_older_format_and_not_write_it() -> None:
    assert ItemEncryptor(config(ALLOW, search=SEARCH)).decrypt_item(OLDER) == ANN
    config(FORBID, search=SEARCH)
    with pytest.raises(ConfigError, match="have no beacons"):
        config(FORCE, search=SEARCH)


def test_a_table_with_surrogate_keys_cannot_hold_older_items() -> None:
    with pytest.raises(ConfigError, match="surrogate keys"):
        config(ALLOW, search=SEARCH, surrogate_keys=[SurrogateKey("pk", "secret")])


# Vectors.

DATA = read(VECTORS / "legacy-items.json")
CASES = {case["id"]: {**case, "keys": DATA["keys"]} for case in DATA["cases"]}


def case_config(case: dict[str, Any], policy: LegacyPolicy | None) -> TableConfig:
    """A table's configuration with a case's actions, for both formats."""
    named = {name: CryptoAction[action] for name, action in case["actions"].items() if name != "*"}
    default = CryptoAction[case["actions"].get("*", "ENCRYPT_AND_SIGN")]
    older = provider(DYNASEAL, case["provider"], case["keys"])
    actions = AttributeActions(default, named)
    ring = DATA["migration"]["keyring"]
    return TableConfig(
        case["table"]["name"],
        case["table"]["partition_key"],
        case["table"].get("sort_key"),
        attribute_actions=actions,
        keyring=RawAesKeyring(ring["key_namespace"], ring["key_name"], b64decode(ring["wrapping_key"])),
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG,
        legacy=None if policy is None else Legacy(policy, older, attribute_actions=actions),
    )


# AWS's Java library knows its own dialect only; here Python's is read as well.
READ_HERE = {"names-beyond-bmp", "binary-set-order"}
SHOWN = ("policy", "call", "given")
OUTCOMES = [
    pytest.param(
        entry, outcome, id=f"{entry['case']}-{outcome['policy']}-{outcome['call']}-{outcome['given']}"
    )
    for entry in DATA["migration"]["items"]
    for outcome in entry["outcomes"]
]


@pytest.mark.parametrize(("entry", "outcome"), OUTCOMES)
def test_the_outcome_is_that_of_awss_library(entry: dict[str, Any], outcome: dict[str, Any]) -> None:
    case = CASES[entry["case"]]
    policy = None if outcome["policy"] == "none" else LegacyPolicy[outcome["policy"]]
    encryptor = ItemEncryptor(case_config(case, policy))
    legacy = wire_item(case["encrypted"])
    given_items = {
        "legacy": legacy,
        "legacy-tampered": flipped(legacy, SIGNATURE),
        "plain": wire_item(case["plaintext"]),
        "new": wire_item(entry["new"]),
    }
    item = given_items[outcome["given"]]
    is_read_here = entry["case"] in READ_HERE and outcome["given"] == "legacy" and policy in (FORCE, ALLOW)
    if outcome["call"] == "encrypt":
        assert is_older_item(encryptor.encrypt_item(item)) is (outcome["outcome"] == "legacy")
    elif outcome["outcome"] == "plaintext" or is_read_here:
        assert without_order(encryptor.decrypt_item(item)) == without_order(wire_item(case["plaintext"]))
    else:
        with pytest.raises(DecryptError):
            encryptor.decrypt_item(item)


def fits_a_configuration(case: dict[str, Any]) -> bool:
    """Whether a case's keys are signed, as every configuration requires, and nothing comes from elsewhere."""
    table, actions = case["table"], case["actions"]
    keys = [table[key] for key in ("partition_key", "sort_key") if key in table]
    return (
        "partition_key" in table
        and table["name"] is not None
        and all(actions.get(key, actions.get("*")) == "SIGN_ONLY" for key in keys)
        and all(key in case["encrypted"] for key in keys)
        and not case.get("context_material_description")
        and SIGNATURE in case["encrypted"]
    )


CONFIGURABLE = [case for case in CASES.values() if fits_a_configuration(case)]


@pytest.mark.parametrize("case", CONFIGURABLE, ids=lambda case: case["id"])
def test_a_vector_is_read_or_refused_through_a_configuration(case: dict[str, Any]) -> None:
    encryptor = ItemEncryptor(case_config(case, ALLOW))
    if case["expect"] == "plaintext":
        assert without_order(encryptor.decrypt_item(wire_item(case["encrypted"]))) == without_order(
            wire_item(case["plaintext"])
        )
    else:
        with pytest.raises(DecryptError):
            encryptor.decrypt_item(wire_item(case["encrypted"]))


EXTRA = os.environ.get("DYNASEAL_EXTRA_VECTORS")


@pytest.mark.skipif(not EXTRA, reason="DYNASEAL_EXTRA_VECTORS does not name AWS's published data")
def test_awss_published_items_are_read_through_a_configuration() -> None:
    data = read(Path(str(EXTRA)) / "legacy-aws.json")
    cases = [{**case, "keys": data["keys"]} for case in data["cases"]]
    for case in filter(fits_a_configuration, cases):
        encryptor = ItemEncryptor(case_config(case, ALLOW))
        assert without_order(encryptor.decrypt_item(wire_item(case["encrypted"]))) == without_order(
            wire_item(case["plaintext"])
        )


# Through boto3.


def people(dynamodb: StubbedDynamoDb, policy: LegacyPolicy, **more: Any) -> EncryptedTable:
    return EncryptedTable(
        dynamodb.resource().Table("people"),
        config=config(policy, **more),
    )


def as_json(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()
    }


PLAIN_ANN = {"pk": "ann", "secret": "hunter2", "city": "Bern"}


def test_items_of_both_formats_are_read_in_one_reply() -> None:
    dynamodb = StubbedDynamoDb()
    dynamodb.reply({"Items": [as_json(OLDER), as_json(CURRENT)], "Count": 2, "ScannedCount": 2})
    assert people(dynamodb, ALLOW).scan()["Items"] == [PLAIN_ANN, PLAIN_ANN]


def test_a_damaged_older_item_is_reported_beside_the_others() -> None:
    dynamodb = StubbedDynamoDb()
    damaged = as_json(DAMAGED["older, value changed"])
    dynamodb.reply({"Items": [as_json(OLDER), damaged], "Count": 2, "ScannedCount": 2})
    reply: Any = people(dynamodb, ALLOW, unreadable=Unreadable.REPORT).scan()
    assert reply["Items"] == [PLAIN_ANN]
    assert [each["Key"] for each in reply["UnreadableItems"]] == [{"pk": "ann"}]


@pytest.mark.parametrize(("policy", "format_attribute"), [(FORCE, SIGNATURE), (ALLOW, "aws_dbe_foot")])
def test_an_older_item_is_updated_in_the_format_that_the_policy_writes(
    policy: LegacyPolicy, format_attribute: str
) -> None:
    dynamodb = StubbedDynamoDb()
    dynamodb.reply({"Item": as_json(OLDER)})
    table = people(dynamodb, policy, update_mode=UpdateMode.READ_MODIFY_WRITE)

    table.update_item(
        Key={"pk": "ann"}, UpdateExpression="SET secret = :s", ExpressionAttributeValues={":s": "new"}
    )

    (_, (operation, put)) = dynamodb.sent_requests
    assert operation == "PutItem"
    assert format_attribute in put["Item"]
    assert (SIGNATURE in put["Item"]) is (policy is FORCE)
    # On condition that it is still the item that was read.
    assert as_json(OLDER)[SIGNATURE] in put["ExpressionAttributeValues"].values()


def test_a_conflict_is_not_taken_for_the_own_write_where_the_older_format_is_written() -> None:
    dynamodb = StubbedDynamoDb()
    other = OLDER_WRITER.write({**ANN, "city": {"S": "Rome"}})
    dynamodb.reply({"Item": as_json(OLDER)})
    refusal = {"message": "The conditional request failed", "Item": as_json(other)}
    dynamodb.refuse("ConditionalCheckFailedException", **refusal)
    dynamodb.reply({"Item": as_json(other)})
    table = people(dynamodb, FORCE, update_mode=UpdateMode.READ_MODIFY_WRITE)

    table.update_item(
        Key={"pk": "ann"}, UpdateExpression="SET secret = :s", ExpressionAttributeValues={":s": "new"}
    )

    operations = [operation for operation, _ in dynamodb.sent_requests]
    assert operations == ["GetItem", "PutItem", "GetItem", "PutItem"]
    assert dynamodb.sent_requests[-1][1]["Item"]["city"] == {"S": "Rome"}


def test_an_update_of_an_older_item_that_does_not_read_it_first_is_refused_with_the_reason() -> None:
    dynamodb = StubbedDynamoDb()
    dynamodb.refuse("ConditionalCheckFailedException", message="The conditional request failed")
    table = people(dynamodb, ALLOW, allowed_unsigned_attributes=["views"])
    with pytest.raises(ClientError, match="it also updates an item of the older format"):
        table.update_item(
            Key={"pk": "ann"},
            UpdateExpression="ADD #v :n",
            ExpressionAttributeNames={"#v": "views"},
            ExpressionAttributeValues={":n": 1},
        )
    ((_, sent),) = dynamodb.sent_requests
    assert "attribute_exists(aws_dbe_head)" in sent["ConditionExpression"]


def test_the_older_constructor_takes_a_legacy_and_signs_the_keys_of_indexes_in_both_formats() -> None:
    writer = OlderItems(
        static_provider(DYNASEAL),
        "people",
        TableIndex("pk"),
        older_actions({"city": CryptoAction.SIGN_ONLY}),
    )
    dynamodb = StubbedDynamoDb()
    description = {
        "TableName": "people",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {"IndexName": "by-city", "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}]}
        ],
    }
    dynamodb.reply({"Table": description})
    legacy = Legacy(FORCE, static_provider(DYNASEAL), attribute_actions=AttributeActions())
    table = EncryptedTable(dynamodb.resource().Table("people"), KEYRING, legacy=legacy)

    dynamodb.reply({"Item": as_json(writer.write(ANN))})
    assert table.get_item(Key={"pk": "ann"})["Item"] == PLAIN_ANN
    table.put_item(Item=PLAIN_ANN)
    assert dynamodb.sent_requests[-1][1]["Item"]["city"] == {"S": "Bern"}


def test_a_legacy_beside_a_config_is_refused() -> None:
    legacy = Legacy(ALLOW, static_provider(DYNASEAL))
    with pytest.raises(ConfigError, match="Pass it alone"):
        EncryptedTable(StubbedDynamoDb().resource().Table("people"), config=config(None), legacy=legacy)


class RefusingProvider(CryptographicMaterialsProvider):
    """A provider whose KMS refuses."""

    _key_id = "arn:aws:kms:eu-west-1:111122223333:key/old"

    def _refuse(self, encryption_context: Any) -> Any:
        del encryption_context
        response: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise WrappingError("Failed") from ClientError(response, "Decrypt")

    encryption_materials = decryption_materials = _refuse


def test_a_refusal_by_kms_shows_awss_words() -> None:
    refusing = Legacy(FORCE, RefusingProvider())
    encryptor = ItemEncryptor(config(None, legacy=refusing))
    with pytest.raises(UnwrapError, match="AccessDeniedException"):
        encryptor.decrypt_item(OLDER)
    with pytest.raises(EncryptError, match="AccessDeniedException"):
        encryptor.encrypt_item(ANN)

    dynamodb = StubbedDynamoDb()
    dynamodb.reply({"Item": as_json(OLDER)})
    table = EncryptedTable(dynamodb.resource().Table("people"), config=config(None, legacy=refusing))
    for request in (lambda: table.get_item(Key={"pk": "ann"}), lambda: table.put_item(Item=PLAIN_ANN)):
        with pytest.raises(KmsError, match="AccessDeniedException") as caught:
            request()
        assert isinstance(caught.value, ClientError)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
        assert caught.value.key_id == RefusingProvider._key_id


# Reports.


def test_an_older_item_is_described() -> None:
    report = describe_item(OLDER)
    assert report.format.value.startswith("DynamoDB Encryption Client")
    assert {each.name: each.type for each in report.attributes} == {"pk": "S", "secret": None, "city": "S"}
    assert report.stored_context["amzn-ddb-map-signingAlg"] == "HmacSHA256"
    assert report.damage == ()
    assert describe_item(without(OLDER, SIGNATURE)).damage == (f"The item has no {SIGNATURE}",)


@pytest.mark.parametrize(
    ("case", "provider_name"), [("kms-default", "aws-kms"), ("wrapped-kek256-hmac", "AESWrap")]
)
def test_how_an_older_items_data_key_was_wrapped_is_described(case: str, provider_name: str) -> None:
    (wrapped,) = describe_item(wire_item(CASES[case]["encrypted"])).wrapped_keys
    assert (wrapped.provider, wrapped.damage) == (provider_name, None)
    assert wrapped.length > 32
