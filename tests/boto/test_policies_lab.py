"""Generated policies in the lab: with them every operation works, without any one statement some do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsDiscoveryKeyring,
    AwsKmsEcdhKeyring,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsMrkKeyring,
    AwsKmsMultiKeyring,
    AwsKmsRsaKeyring,
    BeaconVersion,
    CryptoAction,
    Curve,
    DynasealError,
    EncryptedClient,
    Keyring,
    KeyStore,
    KeyStoreError,
    MultiKeySource,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    UpdateMode,
)
from dynaseal.boto.permissions import Role
from dynaseal.boto.policies.documents import Policies, Statement, document
from dynaseal.boto.policies.generate import Tenant, policies_for
from dynaseal.migrate import Migration
from dynaseal_lab.testing import LabAccount, LabPrincipal, LabServer, LabUser, policy

BEACON = "aws_dbe_b_email"
ITEM = {
    "pk": {"S": "acme"},
    "tenant": {"S": "acme"},
    "email": {"S": "a@example.com"},
    "seen": {"N": "1"},
}
SECRET = ec.generate_private_key(ec.SECP256R1())
PUBLIC = SECRET.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Case:
    """A configuration and the world it is used in; `owner` has the table and the keys."""

    owner: LabAccount
    user: LabUser
    table: str = ""
    storage_key: str | None = None
    tenant: Tenant | None = None
    key_store_key: str = ""
    make: Callable[[LabPrincipal], Keyring] = field(default=lambda _: RawAesKeyring("n", "k", bytes(32)))
    make_search: Callable[[LabPrincipal], SearchConfig | None] = field(default=lambda _: None)
    changes: dict[str, Any] = field(default_factory=dict)

    clients: dict[tuple[str, str, str | None], Any] = field(default_factory=dict)

    def aws(self, who: LabPrincipal, service: str, region: str | None = None) -> Any:
        """A principal's client; the same one each time, because making one takes long."""
        key = (who.arn, service, region)
        if key not in self.clients:
            self.clients[key] = who.client(service, region=region)
        return self.clients[key]

    def create_key(self, **parameters: Any) -> str:
        arn: str = self.aws(self.owner.root, "kms").create_key(**parameters)["KeyMetadata"]["Arn"]
        return arn

    def create_table(self) -> None:
        storage = {
            "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": self.storage_key}
        }
        self.table = self.aws(self.owner.root, "dynamodb").create_table(
            TableName="people",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", BEACON)],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-email",
                    "KeySchema": [
                        {"AttributeName": "pk", "KeyType": "HASH"},
                        {"AttributeName": BEACON, "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
            **(storage if self.storage_key else {}),
        )["TableDescription"]["TableArn"]

    def config(self, who: LabPrincipal) -> TableConfig:
        """A new configuration, whose caches are empty."""
        actions: dict[str, CryptoAction] = {
            "email": CryptoAction.ENCRYPT_AND_SIGN,
            "seen": CryptoAction.DO_NOTHING,
        }
        if self.tenant is not None and self.tenant.attribute == "tenant":
            actions["tenant"] = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
        arguments: dict[str, Any] = {
            "attribute_actions": AttributeActions(CryptoAction.SIGN_ONLY, actions),
            "algorithm_suite": AlgorithmSuite.COMMIT_KEY_SYMSIG,
            "keyring": self.make(who),
            "search": self.make_search(who),
        }
        return TableConfig("people", "pk", **arguments | self.changes)

    def client(self, who: LabPrincipal) -> Any:
        return EncryptedClient(self.aws(who, "dynamodb"), configs={self.table: self.config(who)})

    def store(self, who: LabPrincipal) -> KeyStore:
        table = f"arn:aws:dynamodb:{self.owner.region}:{self.owner.number}:table/keys"
        return KeyStore(
            table if self.owner is not self.user.account else "keys",
            "store",
            self.key_store_key,
            dynamodb_client=self.aws(who, "dynamodb"),
            kms_client=self.aws(who, "kms"),
        )

    def create_store(self) -> None:
        self.key_store_key = self.create_key()
        store = KeyStore(
            "keys",
            "store",
            self.key_store_key,
            dynamodb_client=self.aws(self.owner.root, "dynamodb"),
            kms_client=self.aws(self.owner.root, "kms"),
        )
        store.create_table()
        for name in ("acme", "other"):
            store.create_key(name, {"tenant": name})

    def with_beacons(self) -> None:
        self.make_search = lambda who: SearchConfig(
            [
                BeaconVersion(
                    self.store(who), SingleKeySource("acme"), standard_beacons=[StandardBeacon("email", 8)]
                )
            ]
        )

    def policies(self, role: Role) -> Policies:
        return policies_for(
            self.config(self.user),
            role,
            table=self.table,
            storage_key=self.storage_key,
            principal=self.user.arn,
            tenant=self.tenant,
        )

    def apply(self, role: Role, policies: Policies) -> None:
        """Set the policies that the user has."""
        iam = self.aws(self.user.account.root, "iam")
        with suppress(ClientError):
            iam.delete_user_policy(UserName="app", PolicyName="generated")
        if policies.iam:
            iam.put_user_policy(
                UserName="app",
                PolicyName="generated",
                PolicyDocument=policy(*document(policies.iam)["Statement"]),
            )
        owned = {"Sid": "Owner", "Effect": "Allow", "Action": "kms:*", "Resource": "*"}
        owner = {**owned, "Principal": {"AWS": self.owner.root.arn}, **_only(self.owner.root.arn)}
        for arn in self.policies(role).keys:
            statements = document(policies.keys.get(arn, ()))["Statement"]
            self.aws(self.owner.root, "kms").put_key_policy(
                KeyId=arn,
                PolicyName="default",
                Policy=policy(owner, *statements),
                BypassPolicyLockoutSafetyCheck=True,
            )
        dynamodb = self.aws(self.owner.root, "dynamodb")
        for arn in self.policies(role).tables:
            with suppress(ClientError):
                dynamodb.delete_resource_policy(ResourceArn=arn)
            if statements := document(policies.tables.get(arn, ()))["Statement"]:
                dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy(*statements))


def _only(arn: str) -> dict[str, Any]:
    return {"Condition": {"ArnEquals": {"aws:PrincipalArn": arn}}}


def kms(case: Case) -> None:
    key = case.create_key()
    case.make = lambda who: AwsKmsKeyring(key, client=case.aws(who, "kms"))


def storage_key(case: Case) -> None:
    kms(case)
    case.storage_key = case.create_key()


def mrk(case: Case) -> None:
    key = case.create_key(MultiRegion=True)
    case.make = lambda who: AwsKmsMrkKeyring(key, client=case.aws(who, "kms"))


def kms_multi(case: Case) -> None:
    keys = [case.create_key() for _ in range(2)]
    case.make = lambda who: AwsKmsMultiKeyring(
        keys[0], keys[1:], clients=lambda region: case.aws(who, "kms", region)
    )


def kms_of_tenants(case: Case) -> None:
    kms(case)
    case.tenant = Tenant("tenant", "acme")


def kms_by_partition_key(case: Case) -> None:
    kms(case)
    case.tenant = Tenant("pk", "acme")


def kms_with_beacons(case: Case) -> None:
    kms(case)
    case.create_store()
    case.with_beacons()


def kms_updating(case: Case) -> None:
    kms_with_beacons(case)
    case.changes["update_mode"] = UpdateMode.READ_MODIFY_WRITE


def kms_rsa(case: Case) -> None:
    key = case.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    der = case.aws(case.owner.root, "kms").get_public_key(KeyId=key)["PublicKey"]
    public_key = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    case.make = lambda who: AwsKmsRsaKeyring(
        key, "RSAES_OAEP_SHA_256", public_key=public_key, client=case.aws(who, "kms")
    )


def kms_ecdh(case: Case) -> None:
    key = case.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    case.make = lambda who: AwsKmsEcdhKeyring.static(Curve.P256, key, PUBLIC, client=case.aws(who, "kms"))


def discovery(case: Case) -> None:
    key = case.create_key()

    def make(who: LabPrincipal) -> Keyring:
        if who is case.user:
            return AwsKmsDiscoveryKeyring(client=case.aws(who, "kms"), account_ids=[case.owner.number])
        return AwsKmsKeyring(key, client=case.aws(who, "kms"))

    case.make = make


def raw_with_beacons(case: Case) -> None:
    case.create_store()
    case.with_beacons()


def hierarchical(case: Case) -> None:
    case.create_store()
    case.make = lambda who: AwsKmsHierarchicalKeyring(case.store(who), branch_key_id="acme", ttl_seconds=60)
    case.with_beacons()


def hierarchical_of_tenants(case: Case) -> None:
    case.create_store()
    case.tenant = Tenant("pk", "acme")
    case.make = lambda who: AwsKmsHierarchicalKeyring(
        case.store(who), branch_key_id_supplier=lambda item: item["pk"]["S"], ttl_seconds=60
    )
    beacons = [StandardBeacon("email", 8)]
    case.make_search = lambda who: SearchConfig(
        [BeaconVersion(case.store(who), MultiKeySource("tenant"), standard_beacons=beacons)]
    )


CASES: Mapping[str, Callable[[Case], None]] = {
    "KMS": kms,
    "KMS, storage key": storage_key,
    "MRK": mrk,
    "KMS multi": kms_multi,
    "KMS, a tenant": kms_of_tenants,
    "KMS, a tenant's partition": kms_by_partition_key,
    "KMS, beacons": kms_with_beacons,
    "KMS, beacons, updates": kms_updating,
    "KMS RSA": kms_rsa,
    "KMS ECDH": kms_ecdh,
    "discovery": discovery,
    "raw, beacons": raw_with_beacons,
    "hierarchical, beacons": hierarchical,
    "hierarchical, a tenant, its beacons": hierarchical_of_tenants,
}
CROSS_ACCOUNT = ("KMS", "KMS, a tenant", "hierarchical, beacons")
_READS_ONLY = ("discovery", Role.WRITER)
NAMES = [*CASES, *(f"{name}, cross-account" for name in CROSS_ACCOUNT)]


def build(server: LabServer, name: str) -> Case:
    owner = server.new_account()
    account = server.new_account() if name.endswith(", cross-account") else owner
    case = Case(owner, account.user("app"))
    CASES[name.removesuffix(", cross-account")](case)
    case.create_table()
    case.client(owner.root).put_item(TableName=case.table, Item=ITEM)
    return case


Operation = Callable[[Case, Any], Any]


def reads(case: Case) -> Sequence[Operation]:
    key = {"pk": ITEM["pk"]}
    by_key = {
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": ITEM["pk"]},
    }
    operations: list[Operation] = [
        lambda case, client: client.get_item(TableName=case.table, Key=key)["Item"],
        lambda case, client: client.batch_get_item(RequestItems={case.table: {"Keys": [key]}})["Responses"],
        lambda case, client: client.query(TableName=case.table, **by_key)["Items"][0],
        lambda case, client: client.query(TableName=case.table, IndexName="by-email", **by_key),
        lambda case, client: client.transact_get_items(
            TransactItems=[{"Get": {"TableName": case.table, "Key": key}}]
        )["Responses"],
    ]
    if case.tenant is None or case.tenant.attribute != "pk":
        operations.append(lambda case, client: client.scan(TableName=case.table)["Items"][0])
    if case.config(case.user).search is not None:
        operations.append(search)
    return operations


def search(case: Case, client: Any) -> Any:
    source = case.config(case.user).search
    assert source is not None
    tenant = isinstance(source.versions[0].key_source, MultiKeySource)
    return client.query(
        TableName=case.table,
        KeyConditionExpression="pk = :p",
        FilterExpression="email = :e" + (" AND tenant = :p" if tenant else ""),
        ExpressionAttributeValues={":p": ITEM["pk"], ":e": ITEM["email"]},
    )["Items"][0]


def writes(case: Case) -> Sequence[Operation]:
    key = {"pk": ITEM["pk"]}
    operations: list[Operation] = [
        lambda case, client: client.put_item(TableName=case.table, Item=ITEM),
        lambda case, client: client.update_item(
            TableName=case.table,
            Key=key,
            UpdateExpression="SET seen = :n",
            ExpressionAttributeValues={":n": {"N": "2"}},
        ),
        lambda case, client: client.batch_write_item(
            RequestItems={case.table: [{"PutRequest": {"Item": ITEM}}]}
        ),
        lambda case, client: client.transact_write_items(
            TransactItems=[
                {
                    "ConditionCheck": {
                        "TableName": case.table,
                        "Key": key,
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                }
            ]
        ),
        lambda case, client: client.delete_item(TableName=case.table, Key=key),
        lambda case, client: client.put_item(TableName=case.table, Item=ITEM),
    ]
    if case.changes.get("update_mode") is UpdateMode.READ_MODIFY_WRITE:
        operations.append(
            lambda case, client: client.update_item(
                TableName=case.table,
                Key=key,
                UpdateExpression="SET email = :e",
                ExpressionAttributeValues={":e": ITEM["email"]},
            )
        )
    return operations


def migrates(case: Case) -> Sequence[Operation]:
    """The migration itself: every item is written again, with a new data key."""

    def run(case: Case, _client: Any) -> None:
        table = boto3.resource(
            "dynamodb",
            region_name=case.owner.region,
            endpoint_url=case.user.settings["AWS_ENDPOINT_URL"],
            aws_access_key_id=case.user.access_key_id,
            aws_secret_access_key=case.user.secret_access_key,
        ).Table("people")
        report = Migration(table, case.config(case.user), case.config(case.user), renew=True).run()
        if not report.succeeded:
            raise MigrationFailedError(", ".join(failure.reason for failure in report.failures))
        assert report.states["changed"] == 1

    put = writes(case)[0]
    read = reads(case)[0]
    return [run, put, read, lambda case, client: client.scan(TableName=case.table)["Items"][0]]


class MigrationFailedError(DynasealError):
    """A migration in which items failed."""


OPERATIONS: Mapping[Role, Callable[[Case], Sequence[Operation]]] = {
    Role.READER: reads,
    Role.WRITER: writes,
    Role.MIGRATOR: migrates,
}


def refusals(case: Case, role: Role, stored: Any) -> list[str]:
    """The refusals of all operations, each made by a client with empty caches on the same stored item."""
    found: list[str] = []
    for operation in OPERATIONS[role](case):
        case.aws(case.owner.root, "dynamodb").put_item(TableName="people", Item=stored)
        try:
            operation(case, case.client(case.user))
        except (ClientError, DynasealError) as error:
            found.append(str(error))
    assert all("AccessDenied" in each for each in found), found
    return found


def without_each_statement(policies: Policies) -> Iterator[tuple[str, Policies]]:
    """Yield the policies without each statement; one of the key policy is taken from every key."""
    for at, statement in enumerate(policies.iam):
        rest = [*policies.iam[:at], *policies.iam[at + 1 :]]
        yield f"iam {statement.sid}", Policies(iam=rest, keys=policies.keys, tables=policies.tables)
    for sid in _sids(policies.keys):
        keys = _without(policies.keys, sid)
        yield f"key {sid}", Policies(iam=policies.iam, keys=keys, tables=policies.tables)
    for sid in _sids(policies.tables):
        tables = _without(policies.tables, sid)
        yield f"table {sid}", Policies(iam=policies.iam, keys=policies.keys, tables=tables)


Documents = Mapping[str, Sequence[Statement]]


def _sids(documents: Documents) -> Sequence[str]:
    return sorted({each.sid for statements in documents.values() for each in statements})


def _without(documents: Documents, sid: str) -> Documents:
    return {arn: [each for each in statements if each.sid != sid] for arn, statements in documents.items()}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        *(
            (name, role)
            for name in NAMES
            for role in (Role.READER, Role.WRITER)
            if (name, role) != _READS_ONLY
        ),
        ("KMS, storage key", Role.MIGRATOR),
        ("hierarchical, beacons", Role.MIGRATOR),
        ("MRK", Role.MIGRATOR),
    ],
)
def test_every_operation_works_and_every_statement_is_needed(
    lab_server: LabServer, name: str, role: Role
) -> None:
    case = build(lab_server, name)
    policies = case.policies(role)
    (stored,) = case.aws(case.owner.root, "dynamodb").scan(TableName="people")["Items"]
    case.apply(role, policies)
    assert refusals(case, role, stored) == []
    for removed, rest in without_each_statement(policies):
        case.apply(role, rest)
        assert refusals(case, role, stored), f"nothing is refused without {removed}"


@pytest.mark.parametrize("name", ["KMS, a tenant", "hierarchical, a tenant, its beacons"])
def test_a_tenant_s_reader_cannot_read_another_tenant_s_items(lab_server: LabServer, name: str) -> None:
    case = build(lab_server, name)
    other = {name: {"S": "other"} if name in ("pk", "tenant") else value for name, value in ITEM.items()}
    case.client(case.owner.root).put_item(TableName=case.table, Item=other)
    case.apply(Role.READER, case.policies(Role.READER))
    client = case.client(case.user)
    assert client.get_item(TableName=case.table, Key={"pk": ITEM["pk"]})["Item"]["email"] == ITEM["email"]
    with pytest.raises((ClientError, DynasealError), match="AccessDenied"):
        client.get_item(TableName=case.table, Key={"pk": {"S": "other"}})


def test_a_writer_cannot_read(lab_server: LabServer) -> None:
    case = build(lab_server, "KMS")
    case.apply(Role.WRITER, case.policies(Role.WRITER))
    with pytest.raises(ClientError, match="AccessDenied"):
        case.client(case.user).get_item(TableName=case.table, Key={"pk": ITEM["pk"]})


def administers(case: Case) -> Sequence[Callable[[], Any]]:
    client, arn = case.aws(case.user, "kms"), case.key_store_key
    store = case.store(case.user)
    return [
        lambda: client.describe_key(KeyId=arn),
        lambda: client.enable_key_rotation(KeyId=arn),
        lambda: client.disable_key(KeyId=arn),
        lambda: client.enable_key(KeyId=arn),
        store.create_table,
        store.create_key,
        lambda: store.version_key("acme"),
    ]


def failures(case: Case) -> list[str]:
    found: list[str] = []
    for operation in administers(case):
        try:
            operation()
        except (ClientError, DynasealError) as error:
            found.append(str(error))
    assert all("AccessDenied" in each for each in found), found
    return found


def test_a_key_admin_makes_branch_keys_and_needs_every_statement(lab_server: LabServer) -> None:
    case = build(lab_server, "hierarchical, beacons")
    policies = case.policies(Role.KEY_ADMIN)
    case.apply(Role.KEY_ADMIN, policies)
    assert failures(case) == []
    with pytest.raises(KeyStoreError, match="AccessDenied"):
        case.store(case.user).get_beacon_key("acme")
    for removed, rest in without_each_statement(policies):
        case.apply(Role.KEY_ADMIN, rest)
        assert failures(case), f"nothing is refused without {removed}"
