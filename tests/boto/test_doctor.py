"""`diagnose` in the lab: silent on a healthy table, and each of many planted faults found with its action."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest

from dynaseal import (
    AwsKmsKeyring,
    BeaconVersion,
    ConfigError,
    CryptoAction,
    EncryptedClient,
    Finding,
    KeyStore,
    PlaintextPolicy,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    UpdateMode,
    diagnose,
    policies_for,
)
from dynaseal.boto.permissions import Role
from dynaseal.legacy.encrypted.table import EncryptedTable as OlderTable
from dynaseal.legacy.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider
from dynaseal.legacy.structures import AttributeActions as OlderActions
from dynaseal_lab.testing import LabAccount, LabUser, policy

TABLE = "customers"
ACTIONS = {
    "pk": CryptoAction.SIGN_ONLY,
    "email": CryptoAction.ENCRYPT_AND_SIGN,
    "plan": CryptoAction.SIGN_ONLY,
    "seen": CryptoAction.DO_NOTHING,
}
ITEMS = [
    {
        "pk": {"S": f"c{number}"},
        "email": {"S": f"c{number}@example.com"},
        "plan": {"S": "gold"},
        "seen": {"N": "1"},
    }
    for number in range(3)
]
BEACON = "aws_dbe_b_email"
LOOKING = ["iam:SimulatePrincipalPolicy", "kms:DescribeKey", "kms:GetKeyRotationStatus"]


@dataclass
class World:
    """A healthy table in an account of its own, and a user who may do everything that is needed."""

    account: LabAccount
    user: LabUser = field(init=False)
    key: str = field(init=False)
    store_key: str = field(init=False)
    storage_key: str = field(init=False)
    config: TableConfig = field(init=False)

    def __post_init__(self) -> None:
        self.key, self.store_key, self.storage_key = (self.rotated_key() for _ in range(3))
        self.user = self.account.user("app")
        self.user.may("dynamodb:*", "kms:Decrypt", "kms:GenerateDataKey", *LOOKING)
        self.create_table()
        store = KeyStore(
            "keys", "keys", self.store_key, dynamodb_client=self.root("dynamodb"), kms_client=self.root("kms")
        )
        store.create_table()
        store.create_key("beacons", {"for": "beacons"})
        store.create_key("other", {"for": "beacons"})
        self.config = self.configured()

    def root(self, service: str) -> Any:
        return self.account.client(service)

    def rotated_key(self) -> str:
        arn = self.account.key()
        self.root("kms").enable_key_rotation(KeyId=arn)
        return arn

    def create_table(self, name: str = TABLE, **parameters: Any) -> None:
        definitions = [{"AttributeName": each, "AttributeType": "S"} for each in ("pk", BEACON)]
        index = {
            "IndexName": "by-email",
            "KeySchema": [{"AttributeName": BEACON, "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        self.root("dynamodb").create_table(
            TableName=name,
            **{
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": definitions,
                "GlobalSecondaryIndexes": [index],
                "BillingMode": "PAY_PER_REQUEST",
                "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": self.storage_key},
            }
            | parameters,
        )

    def store(self, **changes: str) -> KeyStore:
        arguments = {
            "table_name": "keys",
            "logical_key_store_name": "keys",
            "kms_key_arn": self.store_key,
        } | changes
        return KeyStore(
            **arguments, dynamodb_client=self.user.client("dynamodb"), kms_client=self.user.client("kms")
        )

    def keyring(self, key_id: str | None = None) -> AwsKmsKeyring:
        return AwsKmsKeyring(key_id or self.key, client=self.user.client("kms"))

    def search(self, key_id: str = "beacons", length: int = 8, **changes: str) -> SearchConfig:
        beacons = [StandardBeacon("email", length)]
        version = BeaconVersion(self.store(**changes), SingleKeySource(key_id), standard_beacons=beacons)
        return SearchConfig([version])

    def configured(self, name: str = TABLE, **changes: Any) -> TableConfig:
        arguments: dict[str, Any] = {
            "attribute_actions": ACTIONS,
            "allowed_unsigned_attributes": ["seen"],
            "keyring": self.keyring(),
            "search": self.search(),
        }
        return TableConfig(name, "pk", **arguments | changes)

    def put(self, config: TableConfig | None = None, items: list[Any] = ITEMS) -> None:
        client = EncryptedClient(self.root("dynamodb"), configs={TABLE: config or self.config})
        for item in items:
            client.put_item(TableName=TABLE, Item=item)

    def change(self, expression: str, name: str, **values: Any) -> None:
        self.root("dynamodb").update_item(
            TableName=TABLE,
            Key={"pk": {"S": "c1"}},
            UpdateExpression=expression,
            ExpressionAttributeNames={"#n": name},
            **({"ExpressionAttributeValues": values} if values else {}),
        )

    def deny(self, *actions: str, resource: str = "*") -> None:
        self.root("iam").put_user_policy(
            UserName="app",
            PolicyName="deny",
            PolicyDocument=policy({"Effect": "Deny", "Action": list(actions), "Resource": resource}),
        )

    def findings(
        self, config: TableConfig | None = None, session: boto3.Session | None = None
    ) -> list[Finding]:
        return [*diagnose(TABLE, config or self.config, session=session or self.user.session).findings]


@pytest.fixture
def world(lab: LabAccount) -> World:
    world = World(lab)
    world.put()
    return world


def test_a_healthy_table_has_nothing_to_report(world: World) -> None:
    diagnosis = diagnose(TABLE, world.config, session=world.user.session)
    assert diagnosis.findings == []
    assert diagnosis.not_checked == []
    assert diagnosis.items == 3


def test_it_changes_nothing(world: World) -> None:
    before = world.root("dynamodb").scan(TableName=TABLE)["Items"]
    calls = len(world.account.trail())
    diagnose(TABLE, world.config, session=world.user.session)
    assert world.root("dynamodb").scan(TableName=TABLE)["Items"] == before
    made = {decision["action"] for decision in world.account.trail()[calls:]}
    assert made <= {
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:GetItem",
        "dynamodb:Scan",
        "iam:SimulatePrincipalPolicy",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKey",
        "kms:GetKeyRotationStatus",
        "sts:GetCallerIdentity",
    }


# Each fault is planted by a function that may return the configuration to examine.
Plant = Callable[[World], TableConfig | None]


def wrong_secret(world: World) -> None:
    settings = {**world.user.settings, "AWS_SECRET_ACCESS_KEY": "x" * 40}
    object.__setattr__(world.user, "settings", settings)


def table_in_another_region(world: World) -> None:
    world.root("dynamodb").delete_table(TableName=TABLE)
    world.account.client("dynamodb", region="eu-west-1").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def key_of_another_region(world: World) -> TableConfig:
    table_in_another_region(world)
    key = world.account.client("kms", region="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    client = world.user.client("kms", region="eu-west-1")
    return replace(world.config, keyring=AwsKmsKeyring(key, client=client))


def other_table(world: World, **parameters: Any) -> None:
    world.root("dynamodb").delete_table(TableName=TABLE)
    world.create_table(**parameters)


def sort_key(world: World) -> None:
    names = ("pk", "sk", BEACON)
    schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    definitions = [{"AttributeName": each, "AttributeType": "S"} for each in names]
    other_table(world, KeySchema=schema, AttributeDefinitions=definitions)


def index_on(world: World, name: str, projection: str = "ALL") -> None:
    index = {
        "IndexName": "by-other",
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "Projection": {"ProjectionType": projection},
    }
    definitions = [{"AttributeName": each, "AttributeType": "S"} for each in ("pk", name)]
    other_table(world, GlobalSecondaryIndexes=[index], AttributeDefinitions=definitions)


def encrypted_expiry(world: World) -> None:
    world.root("dynamodb").update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "email"}
    )


def missing_key(world: World) -> TableConfig:
    return replace(world.config, keyring=world.keyring(f"{world.key[:-4]}0000"))


def alias(world: World) -> TableConfig:
    world.root("kms").create_alias(AliasName="alias/items", TargetKeyId=world.key)
    return replace(world.config, keyring=world.keyring("alias/items"))


def key_of_another_kind(world: World) -> TableConfig:
    rsa = world.root("kms").create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    return replace(world.config, keyring=world.keyring(rsa))


def tampered(world: World) -> None:
    world.change("SET #n = :v", "plan", **{":v": {"S": "free"}})


def wrapped_by_another_key(world: World) -> TableConfig:
    return replace(world.config, keyring=world.keyring(world.rotated_key()))


def older_format(world: World) -> None:
    provider = AwsKmsCryptographicMaterialsProvider(
        key_id=world.key, botocore_session=world.account.root.session._session
    )
    table = OlderTable(
        world.account.resource("dynamodb").Table(TABLE),
        materials_provider=provider,
        attribute_actions=OlderActions(attribute_actions={}),
    )
    table.put_item(Item={"pk": "old", "email": "x"})


def plaintext(world: World) -> None:
    world.root("dynamodb").put_item(TableName=TABLE, Item={**ITEMS[0], "pk": {"S": "plain"}})


def unconfigured(world: World) -> None:
    actions = {**ACTIONS, "phone": CryptoAction.ENCRYPT_AND_SIGN}
    world.put(replace(world.config, attribute_actions=actions), [{**ITEMS[0], "phone": {"S": "1"}}])


def stored_in_clear(world: World) -> TableConfig:
    return replace(world.config, attribute_actions={**ACTIONS, "plan": CryptoAction.ENCRYPT_AND_SIGN})


def still_encrypted(world: World) -> TableConfig:
    return replace(world.config, attribute_actions={**ACTIONS, "email": CryptoAction.SIGN_ONLY}, search=None)


def signed_now(world: World) -> TableConfig:
    actions = {**ACTIONS, "seen": CryptoAction.SIGN_ONLY}
    return replace(world.config, attribute_actions=actions, allowed_unsigned_attributes=())


def unsigned_now(world: World) -> TableConfig:
    actions = {**ACTIONS, "plan": CryptoAction.DO_NOTHING}
    return replace(world.config, attribute_actions=actions, allowed_unsigned_attributes=("seen", "plan"))


def without_beacon(world: World) -> None:
    world.put(replace(world.config, search=None), ITEMS[:1])


def another_beacon_key(world: World) -> TableConfig:
    return replace(world.config, search=world.search("other", length=63))


def beacon_nobody_knows(world: World) -> TableConfig:
    return replace(world.config, search=None)


def no_branch_key(world: World) -> TableConfig:
    return replace(world.config, search=world.search("nobody"))


def other_key_store(world: World) -> TableConfig:
    return replace(world.config, search=world.search(logical_key_store_name="staging"))


def no_key_store(world: World) -> TableConfig:
    return replace(world.config, search=world.search(table_name="nowhere"))


def denied(*actions: str) -> Plant:
    return lambda world: world.deny(*actions)


def denied_by_key_policy(world: World) -> None:
    document = policy(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{world.account.number}:root"},
            "Action": ["kms:Describe*", "kms:Get*", "kms:Put*", "kms:GenerateDataKey"],
            "Resource": "*",
        }
    )
    world.root("kms").put_key_policy(KeyId=world.key, PolicyName="default", Policy=document)


def on_key(operation: str, which: str = "key", **parameters: Any) -> Plant:
    def plant(world: World) -> None:
        getattr(world.root("kms"), operation)(KeyId=getattr(world, which), **parameters)

    return plant


FAULTS: dict[str, tuple[Plant, str, str, str]] = {
    "wrong secret": (wrong_secret, "error", "credentials", "Check the secret access key"),
    "no such table": (
        table_in_another_region,
        "error",
        "table-missing",
        "Check the table's name, the Region",
    ),
    "wrong Region": (key_of_another_region, "error", "table-missing", "Set AWS_REGION to eu-west-1"),
    "sort key not configured": (sort_key, "error", "key-schema", "Set sort_key_name to 'sk'"),
    "index on ciphertext": (
        lambda world: index_on(world, "email"),
        "error",
        "encrypted-index-key",
        "Sign 'email' without encrypting it, or index a beacon",
    ),
    "index on an attribute nobody configured": (
        lambda world: index_on(world, "phone"),
        "warning",
        "unconfigured-index-key",
        "Give 'phone' an action",
    ),
    "index of a part": (
        lambda world: index_on(world, BEACON, "KEYS_ONLY"),
        "warning",
        "partial-index",
        "Project all attributes into the index",
    ),
    "expiry by ciphertext": (
        encrypted_expiry,
        "error",
        "encrypted-expiry",
        "Sign 'email' without encrypting",
    ),
    "key disabled": (on_key("disable_key"), "error", "key-state", "Enable the key"),
    "key pending deletion": (
        on_key("schedule_key_deletion", PendingWindowInDays=7),
        "error",
        "key-state",
        "Cancel its deletion",
    ),
    "storage key disabled": (on_key("disable_key", "storage_key"), "error", "key-state", "Enable the key"),
    "key store's key disabled": (on_key("disable_key", "store_key"), "error", "key-state", "Enable the key"),
    "rotation off": (on_key("disable_key_rotation"), "warning", "key-rotation", "Turn rotation on"),
    "key missing": (missing_key, "error", "key-missing", "Check the key's ARN"),
    "alias instead of an ARN": (alias, "error", "key-alias", "Name the key by its ARN, arn:aws:kms:"),
    "key of another kind": (key_of_another_kind, "error", "key-usage", "Use a symmetric key"),
    "may not encrypt": (denied("kms:GenerateDataKey"), "error", "permission", "Allow kms:GenerateDataKey"),
    "may not decrypt": (denied_by_key_policy, "error", "permission", "Allow kms:Decrypt on the key"),
    "may not put": (
        denied("dynamodb:PutItem"),
        "error",
        "permission",
        "Remove the denial of dynamodb:PutItem",
    ),
    "may not get in batches": (
        denied("dynamodb:BatchGetItem"),
        "warning",
        "permission",
        "Remove the denial of dynamodb:BatchGetItem",
    ),
    "other logical name": (
        lambda world: replace(world.config, logical_table_name="clients"),
        "error",
        "logical-name",
        "Set logical_table_name to 'customers'",
    ),
    "stored in the clear": (stored_in_clear, "error", "action-differs", "write the items again"),
    "still encrypted": (still_encrypted, "warning", "action-differs", "to ENCRYPT_AND_SIGN, or write"),
    "signed now": (signed_now, "error", "unsigned-differs", "Give 'seen' the action DO_NOTHING"),
    "unsigned now": (unsigned_now, "error", "unsigned-differs", "Take 'plan' out of the unsigned attributes"),
    "attribute nobody configured": (
        unconfigured,
        "warning",
        "unconfigured-attribute",
        "Give 'phone' an action in attribute_actions",
    ),
    "tampered item": (tampered, "error", "unverified", "Restore them from a backup"),
    "damaged header": (
        lambda world: world.change("SET #n = :v", "aws_dbe_head", **{":v": {"B": b"x"}}),
        "error",
        "unverified",
        "Restore them from a backup",
    ),
    "header removed": (
        lambda world: world.change("REMOVE #n", "aws_dbe_head"),
        "error",
        "unverified",
        "Restore them from a backup",
    ),
    "other key": (wrapped_by_another_key, "error", "other-key", "Add a keyring for aws-kms 'arn:aws:kms:"),
    "other raw key": (
        lambda world: replace(world.config, keyring=RawAesKeyring("n", "k", bytes(32))),
        "error",
        "other-key",
        "as a child of a MultiKeyring",
    ),
    "older format": (older_format, "error", "older-format", "Allow it by legacy=Legacy"),
    "plaintext": (plaintext, "error", "plaintext", "set plaintext_policy to FORBID_WRITE_ALLOW_READ"),
    "beacon missing": (without_beacon, "error", "beacon-missing", "Write the items again"),
    "beacon under another key": (another_beacon_key, "error", "beacon-differs", "Check the beacon's length"),
    "beacon nobody configured": (
        beacon_nobody_knows,
        "warning",
        "unknown-beacon",
        "Add the beacon to the configuration",
    ),
    "no branch key": (no_branch_key, "error", "key-store", "create the branch key with create_key"),
    "other logical key store": (other_key_store, "error", "key-store", "the name that it was written with"),
    "no key store": (no_key_store, "error", "key-store", "Create the table with create_table"),
    "may not read the key store": (
        lambda world: world.deny("dynamodb:GetItem", resource="arn:aws:dynamodb:*:*:table/keys"),
        "error",
        "permission",
        "Allow dynamodb:GetItem on the table",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_with_its_action(world: World, name: str) -> None:
    plant, severity, code, action = FAULTS[name]
    config = plant(world) or world.config
    findings = world.findings(config)
    of_code = [finding for finding in findings if finding.code == code]
    assert [
        finding
        for finding in of_code
        if finding.severity == severity and re.search(re.escape(action), finding.action)
    ], findings
    assert all(finding.message and finding.action for finding in findings)


def test_plaintext_that_may_be_read_is_only_a_warning(world: World) -> None:
    plaintext(world)
    config = replace(world.config, plaintext_policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ)
    assert [(each.severity, each.code) for each in world.findings(config)] == [("warning", "plaintext")]


def test_updates_that_would_be_refused_for_encrypted_items_are_found(world: World) -> None:
    writing = replace(world.config, plaintext_policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ)
    (finding,) = world.findings(writing)
    assert (finding.severity, finding.code) == ("warning", "refused-updates")
    assert finding.action.startswith("Set update_mode to READ_MODIFY_WRITE")
    assert world.findings(replace(writing, update_mode=UpdateMode.READ_MODIFY_WRITE)) == []


def test_the_account_s_root_may_do_everything(world: World) -> None:
    diagnosis = diagnose(TABLE, world.config, session=world.account.root.session)
    assert diagnosis.findings == []
    assert diagnosis.not_checked == []


def test_what_the_caller_may_not_look_at_is_not_called_fine(world: World) -> None:
    world.deny(*LOOKING, "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive", "dynamodb:Scan")
    diagnosis = diagnose(TABLE, world.config, session=world.user.session)
    assert diagnosis.findings == []
    permissions = {each.permission for each in diagnosis.not_checked}
    assert permissions == {
        "dynamodb:DescribeTable",
        "dynamodb:Scan",
        "iam:SimulatePrincipalPolicy",
        "kms:DescribeKey",
        "kms:GetKeyRotationStatus",
    }


def test_without_the_simulator_permissions_on_the_table_are_not_checked(world: World) -> None:
    world.deny("iam:SimulatePrincipalPolicy", "dynamodb:DescribeTimeToLive")
    diagnosis = diagnose(TABLE, world.config, session=world.user.session)
    assert diagnosis.findings == []
    assert [each.permission for each in diagnosis.not_checked] == [
        "dynamodb:DescribeTimeToLive",
        "iam:SimulatePrincipalPolicy",
    ]


def test_a_reader_needs_no_permission_to_write(world: World) -> None:
    world.deny("kms:GenerateDataKey", "dynamodb:PutItem")
    reader = diagnose(TABLE, world.config, session=world.user.session, role=Role.READER)
    assert reader.findings == []
    assert {finding.code for finding in world.findings()} == {"permission"}


def test_a_writer_whose_updates_read_first_needs_the_permission_to_decrypt(lab: LabAccount) -> None:
    world = World(lab)
    world.deny("kms:Decrypt", resource=world.key)
    config = replace(world.config, search=None)
    for mode, actions in (
        (UpdateMode.UNSIGNED_ONLY, []),
        (UpdateMode.READ_MODIFY_WRITE, ["Allow kms:Decrypt on the key"]),
    ):
        tested = replace(config, update_mode=mode)
        diagnosis = diagnose(TABLE, tested, session=world.user.session, role=Role.WRITER)
        found = [finding.action for finding in diagnosis.findings if finding.code == "permission"]
        assert [action.partition(" to this")[0] for action in found] == actions


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"role": Role.MIGRATOR}, "diagnose's role must be Role.READER or Role.WRITER, and is Role.MIGRATOR"),
        ({"role": Role.KEY_ADMIN}, "must be Role.READER or Role.WRITER, and is Role.KEY_ADMIN"),
        ({"role": "writer"}, "diagnose's role must be a member of Role"),
        ({"sample": -1}, "diagnose's sample must be 0 or more, and is -1"),
        ({"sample": 1.5}, "diagnose's sample must be a whole number"),
        ({"sample": "100"}, "diagnose's sample must be a whole number"),
        ({"sample": True}, "diagnose's sample must be a whole number"),
        ({"sample": None}, "diagnose's sample must be a whole number"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_before_any_call(
    arguments: dict[str, Any], says: str
) -> None:
    config = TableConfig(
        TABLE,
        "pk",
        attribute_actions=ACTIONS,
        keyring=RawAesKeyring("n", "k", bytes(32)),
        allowed_unsigned_attributes=["seen"],
    )
    with pytest.raises(ConfigError, match=says):
        diagnose(TABLE, config, **arguments)


def test_a_sample_of_no_items_looks_at_none(world: World) -> None:
    assert diagnose(TABLE, world.config, session=world.user.session, sample=0).items == 0


def test_an_item_is_never_shown(world: World) -> None:
    tampered(world)
    plaintext(world)
    printed = str(diagnose(TABLE, stored_in_clear(world), session=world.user.session).to_dict())
    assert "example.com" not in printed
    assert "gold" not in printed


def test_permissions_are_checked_on_a_table_that_may_not_be_described(world: World) -> None:
    world.deny("dynamodb:DescribeTable", "dynamodb:PutItem")
    diagnosis = diagnose(TABLE, world.config, session=world.user.session)
    assert [each.permission for each in diagnosis.not_checked] == ["dynamodb:DescribeTable"]
    (finding,) = diagnosis.findings
    assert finding.subject.startswith("dynamodb:PutItem on arn:aws:dynamodb:us-east-1:")


@pytest.mark.parametrize("with_items", [True, False], ids=["with items", "empty"])
def test_the_generated_policies_are_all_that_a_program_needs(lab: LabAccount, with_items: bool) -> None:
    world = World(lab)
    if with_items:
        world.put()
    iam = world.root("iam")
    for name in iam.list_user_policies(UserName="app")["PolicyNames"]:
        iam.delete_user_policy(UserName="app", PolicyName=name)
    world.user.may(*LOOKING, "dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive")
    for role in (Role.READER, Role.WRITER):
        policies = policies_for(world.config, role, table=TABLE, storage_key=world.storage_key).to_dict()
        document = json.dumps(policies["iam"])
        created = iam.create_policy(PolicyName=role.value, PolicyDocument=document)["Policy"]
        iam.attach_user_policy(UserName="app", PolicyArn=created["Arn"])
    diagnosis = diagnose(TABLE, world.config, session=world.user.session)
    assert diagnosis.findings == []
    assert diagnosis.not_checked == []


def test_a_policy_for_one_tenant_s_items_is_not_called_a_fault(world: World) -> None:
    world.deny("kms:CreateKey")
    iam = world.root("iam")
    iam.delete_user_policy(UserName="app", PolicyName="may-0")
    limited = {"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": ["c1"]}}
    world.user.may("dynamodb:GetItem", "dynamodb:Query", Condition=limited)
    world.user.may("dynamodb:Describe*", "kms:Decrypt", *LOOKING)
    diagnosis = diagnose(TABLE, world.config, session=world.user.session, role=Role.READER)
    messages = " ".join(each.message for each in diagnosis.not_checked)
    assert "may do dynamodb:GetItem on" in messages
    assert "dynamodb:leadingkeys" in messages.lower()


def test_what_only_the_tables_policy_allows_is_allowed(world: World) -> None:
    arn = world.root("dynamodb").describe_table(TableName=TABLE)["Table"]["TableArn"]
    world.user = world.account.user("other")
    principal = {"AWS": world.user.client("sts").get_caller_identity()["Arn"]}
    world.user.may("kms:Decrypt", "kms:GenerateDataKey", *LOOKING)
    world.config = world.configured()
    assert {finding.code for finding in world.findings()} == {"permission"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "dynamodb:*"}
    document = policy({**statement, "Resource": [arn, f"{arn}/index/*"]})
    world.root("dynamodb").put_resource_policy(ResourceArn=arn, Policy=document)
    keys = {**policies_statement("dynamodb:GetItem"), "Resource": f"{arn.rpartition('/')[0]}/keys"}
    world.root("iam").put_user_policy(UserName="other", PolicyName="keys", PolicyDocument=policy(keys))
    assert world.findings() == []


def policies_statement(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [*actions]}


def test_permissions_of_a_role_with_a_path_are_checked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a role of IAM Identity Center; an assumed role's ARN does not have the path."""
    iam = world.root("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="sso", Path="/aws-reserved/x/", AssumeRolePolicyDocument=policy(trust))
    allowed = {**policies_statement("dynamodb:*", "kms:*", "iam:*", "sts:*"), "Resource": "*"}
    denied = {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}
    iam.put_role_policy(RoleName="sso", PolicyName="p", PolicyDocument=policy(allowed, denied))
    world.user.may("sts:AssumeRole", "dynamodb:*", "kms:Decrypt", "kms:GenerateDataKey", *LOOKING)
    arn = role["Role"]["Arn"]
    given = world.user.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.account.lab.endpoint)
    session = boto3.Session(
        given["AccessKeyId"],
        given["SecretAccessKey"],
        given["SessionToken"],
        region_name=world.user.session.region_name,
    )
    (finding,) = world.findings(session=session)
    assert (finding.code, finding.message.split()[0]) == ("permission", arn)
    assert "dynamodb:PutItem" in finding.action


def test_a_storage_key_that_the_caller_may_not_use_is_named(world: World) -> None:
    through = {"StringEquals": {"kms:ViaService": f"dynamodb.{world.user.session.region_name}.amazonaws.com"}}
    denial = {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": world.storage_key, "Condition": through}
    world.root("iam").put_user_policy(UserName="app", PolicyName="deny", PolicyDocument=policy(denial))
    found = {finding.subject: finding for finding in world.findings() if finding.code == "permission"}
    assert "kms:ViaService" in found[world.storage_key].action


@pytest.mark.parametrize("names", [("id", None), ("pk", "sk")])
def test_with_other_key_attributes_no_item_is_called_damaged(
    world: World, names: tuple[str, str | None]
) -> None:
    """No item would verify, and none of them is damaged: nothing has to be restored or deleted."""
    actions = {name: CryptoAction.SIGN_ONLY for name in (*names, "pk") if name} | {
        "email": CryptoAction.ENCRYPT_AND_SIGN,
        "plan": CryptoAction.SIGN_ONLY,
    }
    config = TableConfig(TABLE, *names, attribute_actions=actions, keyring=world.keyring())
    diagnosis = diagnose(TABLE, config, session=world.user.session)
    assert {finding.code for finding in diagnosis.findings} == {"key-schema", "unconfigured-index-key"}
    assert any("other key attributes" in each.message for each in diagnosis.not_checked)
