"""`diagnose` with every kind of keyring: silent if all is well, and a refused key is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsDiscoveryKeyring,
    AwsKmsDiscoveryMultiKeyring,
    AwsKmsEcdhKeyring,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsMrkDiscoveryKeyring,
    AwsKmsMrkKeyring,
    AwsKmsMrkMultiKeyring,
    AwsKmsMultiKeyring,
    AwsKmsRsaKeyring,
    Curve,
    DecryptionMaterials,
    DefaultMaterialsManager,
    EncryptedClient,
    EncryptError,
    EncryptionMaterials,
    ItemEncryptor,
    Keyring,
    KeyStore,
    MultiKeyring,
    PlaintextPolicy,
    RawAesKeyring,
    RawEcdhKeyring,
    RawRsaKeyring,
    RequiredContextMaterialsManager,
    Role,
    RsaPadding,
    TableConfig,
    diagnose,
)
from dynaseal_lab.testing import LabAccount, LabPrincipal, policy

ITEM = {"pk": {"S": "ann"}, "salary": {"N": "9100"}}
EU = "eu-west-1"


@dataclass
class Place:
    """An account, and the principal whose keyring is made."""

    account: LabAccount
    who: LabPrincipal

    def kms(self, region: str | None = None) -> Any:
        return self.who.client("kms", region=region)

    def create_key(self, **parameters: Any) -> str:
        kms = self.account.client("kms")
        arn: str = kms.create_key(**parameters)["KeyMetadata"]["Arn"]
        if not parameters.get("KeySpec"):
            kms.enable_key_rotation(KeyId=arn)
        return arn


def pem(key: Any) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(key: Any) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class OwnKeyring:
    """A keyring of a program's own: nobody knows what it calls."""

    def __init__(self) -> None:
        self._keyring = RawAesKeyring("n", "k", bytes(32))

    def on_encrypt(self, materials: EncryptionMaterials, /) -> EncryptionMaterials:
        return self._keyring.on_encrypt(materials)

    def on_decrypt(self, materials: DecryptionMaterials, encrypted_data_keys: Any, /) -> DecryptionMaterials:
        return self._keyring.on_decrypt(materials, encrypted_data_keys)


RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


# Each kind makes what is constant, and returns a function from the place to the writer and the reader.
Kind = Callable[[Place], Callable[[Place], tuple[Keyring, Keyring]]]


def same(make: Callable[[Place], Keyring]) -> Callable[[Place], tuple[Keyring, Keyring]]:
    def both(place: Place) -> tuple[Keyring, Keyring]:
        keyring = make(place)
        return keyring, keyring

    return both


def kms(place: Place) -> Any:
    key = place.create_key()
    return same(lambda it: AwsKmsKeyring(key, client=it.kms()))


def mrk(place: Place) -> Any:
    key = place.create_key(MultiRegion=True)
    place.account.client("kms").replicate_key(KeyId=key, ReplicaRegion=EU)
    replica = key.replace("us-east-1", EU)
    return lambda it: (
        AwsKmsMrkKeyring(key, client=it.kms()),
        AwsKmsMrkKeyring(replica, client=it.kms(EU)),
    )


def multi(place: Place) -> Any:
    key = place.create_key()
    raw = RawAesKeyring("n", "k", bytes(32))
    return same(lambda it: MultiKeyring(AwsKmsKeyring(key, client=it.kms()), [raw]))


def kms_multi(place: Place) -> Any:
    keys = place.create_key(), place.create_key()
    return same(lambda it: AwsKmsMultiKeyring(keys[0], keys[1:], clients=it.kms))


def mrk_multi(place: Place) -> Any:
    keys = place.create_key(MultiRegion=True), place.create_key()
    return same(lambda it: AwsKmsMrkMultiKeyring(keys[0], keys[1:], clients=it.kms))


def discovery(place: Place) -> Any:
    key = place.create_key()
    accounts = [place.account.number]
    return lambda it: (
        AwsKmsKeyring(key, client=it.kms()),
        AwsKmsDiscoveryKeyring(client=it.kms(), account_ids=accounts),
    )


def mrk_discovery(place: Place) -> Any:
    key = place.create_key(MultiRegion=True)
    place.account.client("kms").replicate_key(KeyId=key, ReplicaRegion=EU)
    return lambda it: (
        AwsKmsMrkKeyring(key, client=it.kms()),
        AwsKmsMrkDiscoveryKeyring(EU, client=it.kms(EU)),
    )


def discovery_multi(place: Place) -> Any:
    key = place.create_key()
    return lambda it: (
        AwsKmsKeyring(key, client=it.kms()),
        AwsKmsDiscoveryMultiKeyring(["us-east-1", EU], clients=it.kms),
    )


def rsa_key(place: Place) -> str:
    return place.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")


def agreement_key(place: Place) -> str:
    return place.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")


def kms_rsa(place: Place) -> Any:
    key = rsa_key(place)
    der = place.account.client("kms").get_public_key(KeyId=key)["PublicKey"]
    public_key = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return same(
        lambda it: AwsKmsRsaKeyring(key, "RSAES_OAEP_SHA_256", public_key=public_key, client=it.kms())
    )


def kms_ecdh(place: Place) -> Any:
    key = agreement_key(place)
    return same(lambda it: AwsKmsEcdhKeyring.static(Curve.P256, key, pem(EC_KEY), client=it.kms()))


def with_store(place: Place) -> str:
    key = place.create_key()
    store = KeyStore(
        "keys", "keys", key, dynamodb_client=place.account.client("dynamodb"), kms_client=place.kms()
    )
    store.create_table()
    store.create_key("tenant-a", {"tenant": "a"})
    return key


def hierarchical(place: Place) -> Any:
    key = with_store(place)
    return same(
        lambda it: AwsKmsHierarchicalKeyring(
            KeyStore("keys", "keys", key, dynamodb_client=it.who.client("dynamodb"), kms_client=it.kms()),
            branch_key_id="tenant-a",
            ttl_seconds=60,
        )
    )


def hierarchical_of_tenants(place: Place) -> Any:
    key = with_store(place)
    return same(
        lambda it: AwsKmsHierarchicalKeyring(
            KeyStore("keys", "keys", key, dynamodb_client=it.who.client("dynamodb"), kms_client=it.kms()),
            branch_key_id_supplier=lambda item: f"tenant-{item['pk']['S'][0]}",
            ttl_seconds=60,
        )
    )


def raw(make: Callable[[], Keyring]) -> Kind:
    return lambda _place: same(lambda _it: make())


RAW: dict[str, Kind] = {
    "raw AES": raw(lambda: RawAesKeyring("n", "k", bytes(32))),
    "raw RSA": raw(
        lambda: RawRsaKeyring(
            "n",
            "k",
            RsaPadding.OAEP_SHA256_MGF1,
            public_key=pem(RSA_KEY),
            private_key=private_pem(RSA_KEY),
        )
    ),
    "raw ECDH": raw(lambda: RawEcdhKeyring.static(Curve.P256, private_pem(EC_KEY), pem(EC_KEY))),
}
ONLY_READING: dict[str, Kind] = {
    "raw RSA without a public key": raw(
        lambda: RawRsaKeyring("n", "k", RsaPadding.OAEP_SHA256_MGF1, private_key=private_pem(RSA_KEY))
    ),
    "raw ECDH discovery": raw(lambda: RawEcdhKeyring.discovery(Curve.P256, private_pem(EC_KEY))),
    "KMS RSA without a public key": lambda place: same(
        lambda it: AwsKmsRsaKeyring(rsa_key(place), "RSAES_OAEP_SHA_256", client=it.kms())
    ),
    "KMS ECDH discovery": lambda place: same(
        lambda it: AwsKmsEcdhKeyring.discovery(Curve.P256, agreement_key(place), client=it.kms())
    ),
    "multi without a generator": raw(lambda: MultiKeyring(None, [RawAesKeyring("n", "k", bytes(32))])),
    "multi with discovery": raw(
        lambda: MultiKeyring(RawAesKeyring("n", "k", bytes(32)), [AwsKmsDiscoveryKeyring()])
    ),
}
OF_AWS: dict[str, Kind] = {
    "KMS": kms,
    "MRK": mrk,
    "multi": multi,
    "KMS multi": kms_multi,
    "MRK multi": mrk_multi,
    "discovery": discovery,
    "MRK discovery": mrk_discovery,
    "discovery multi": discovery_multi,
    "KMS RSA": kms_rsa,
    "KMS ECDH": kms_ecdh,
    "hierarchical": hierarchical,
    "hierarchical of tenants": hierarchical_of_tenants,
}
ALLOWED = (
    "dynamodb:*",
    "iam:SimulatePrincipalPolicy",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
)


def config_of(keyring: Keyring | None, **changes: Any) -> TableConfig:
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(),
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        keyring=keyring,
        **changes,
    )


@pytest.fixture
def root(lab: LabAccount) -> Place:
    lab.table("people")
    return Place(lab, lab.root)


@pytest.fixture
def user(lab: LabAccount) -> Place:
    return Place(lab, lab.user("app").may(*ALLOWED))


def put(place: Place, config: TableConfig) -> None:
    put_into(place, "people", config)


def put_into(place: Place, table: str, config: TableConfig) -> None:
    EncryptedClient(place.who.client("dynamodb"), configs={table: config}).put_item(
        TableName=table, Item=ITEM
    )


@pytest.mark.parametrize("with_item", [True, False], ids=["with an item", "empty"])
@pytest.mark.parametrize("kind", RAW | OF_AWS)
def test_a_healthy_table_has_nothing_to_report(root: Place, user: Place, kind: str, with_item: bool) -> None:
    keyrings = (RAW | OF_AWS)[kind](root)
    writer, reader = keyrings(user)
    if with_item:
        put(user, config_of(writer))
    needs_item = "discovery" in kind or kind in ("KMS RSA", "hierarchical of tenants")
    for keyring in (writer, reader):
        diagnosis = diagnose("people", config_of(keyring), session=user.who.session)
        assert diagnosis.findings == []
        if with_item or not needs_item:
            assert diagnosis.not_checked == []
    if needs_item and not with_item:
        assert "no stored item" in diagnosis.not_checked[0].message


@pytest.mark.parametrize("kind", OF_AWS)
def test_a_key_that_may_not_be_used_is_found(root: Place, user: Place, kind: str) -> None:
    keyrings = OF_AWS[kind](root)
    put(root, config_of(keyrings(root)[0]))
    denial = {"Effect": "Deny", "Action": ["kms:Decrypt", "kms:DeriveSharedSecret"], "Resource": "*"}
    root.account.client("iam").put_user_policy(
        UserName="app", PolicyName="deny", PolicyDocument=policy(denial)
    )
    diagnosis = diagnose("people", config_of(keyrings(user)[1]), session=user.who.session)
    assert diagnosis.has_errors
    assert {finding.code for finding in diagnosis.findings} == {"permission"}
    operation = "DeriveSharedSecret" if kind == "KMS ECDH" else "Decrypt"
    assert {f"Allow kms:{operation}" in finding.action for finding in diagnosis.findings} == {True}


def can_write(config: TableConfig) -> bool:
    try:
        ItemEncryptor(config).encrypt_item(ITEM)
    except EncryptError:
        return False
    return True


@pytest.mark.parametrize("kind", RAW | OF_AWS | ONLY_READING)
def test_a_writer_is_told_whether_the_configuration_can_write(root: Place, user: Place, kind: str) -> None:
    for keyring in (RAW | OF_AWS | ONLY_READING)[kind](root)(user):
        config = config_of(keyring)
        diagnosis = diagnose("people", config, session=user.who.session, role=Role.WRITER)
        codes = {finding.code for finding in diagnosis.findings if finding.severity == "error"}
        assert ("cannot-write" in codes) is not can_write(config)


@pytest.mark.usefixtures("root")
def test_a_writers_permissions_are_checked_though_the_configuration_cannot_write(lab: LabAccount) -> None:
    user = Place(lab, lab.user("reader").may("dynamodb:Describe*", "dynamodb:Scan", *ALLOWED[1:]))
    config = config_of(AwsKmsDiscoveryKeyring(client=user.kms()))
    diagnosis = diagnose("people", config, session=user.who.session, role=Role.WRITER)
    errors = [finding for finding in diagnosis.findings if finding.severity == "error"]
    assert {finding.code for finding in errors} == {"cannot-write", "permission"}
    assert any("dynamodb:PutItem" in finding.subject for finding in errors)


@pytest.mark.parametrize("role", [None, Role.WRITER])
def test_a_table_that_is_written_as_plaintext_needs_no_key_to_write(
    root: Place, user: Place, role: Role | None
) -> None:
    policy_of_table = PlaintextPolicy.FORCE_WRITE_ALLOW_READ
    config = config_of(AwsKmsDiscoveryKeyring(client=user.kms()), plaintext_policy=policy_of_table)
    assert diagnose("people", config, session=user.who.session, role=role).findings == []
    denial = {"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}
    root.account.client("iam").put_user_policy(
        UserName="app", PolicyName="deny", PolicyDocument=policy(denial)
    )
    (finding,) = diagnose("people", config, session=user.who.session, role=role).findings
    assert finding.subject.startswith("dynamodb:PutItem on ")


@pytest.mark.parametrize("kind", OF_AWS)
def test_a_disabled_key_is_found(root: Place, user: Place, kind: str) -> None:
    keyrings = OF_AWS[kind](root)
    put(root, config_of(keyrings(root)[0]))
    for region in ("us-east-1", EU):
        client = root.account.client("kms", region=region)
        for key in client.list_keys()["Keys"]:
            client.disable_key(KeyId=key["KeyId"])
    diagnosis = diagnose("people", config_of(keyrings(user)[1]), session=user.who.session)
    assert {finding.code for finding in diagnosis.findings} == {"key-state"}
    assert {finding.action for finding in diagnosis.findings} == {"Enable the key (kms:EnableKey)"}


@pytest.mark.usefixtures("root")
def test_a_keyring_of_its_own_is_not_called_fine(user: Place) -> None:
    config = config_of(OwnKeyring())
    put(user, config)
    diagnosis = diagnose("people", config, session=user.who.session)
    assert diagnosis.findings == []
    assert "not one of dynaseal's keyrings" in diagnosis.not_checked[0].message


def test_the_keyring_below_a_materials_manager_is_examined(root: Place, user: Place) -> None:
    key = root.create_key()
    manager = DefaultMaterialsManager(AwsKmsKeyring(key, client=user.kms()))
    cmm = RequiredContextMaterialsManager(manager, ["aws-crypto-attr.pk"])
    config = config_of(None, cmm=cmm)
    put(user, config)
    assert diagnose("people", config, session=user.who.session).findings == []
    root.account.client("kms").disable_key(KeyId=key)
    assert [each.subject for each in diagnose("people", config, session=user.who.session).findings] == [key]


@pytest.mark.parametrize("kind", ["raw AES", "KMS", "multi", "hierarchical", "discovery"])
def test_another_logical_name_is_recognised_with_every_kind_of_keyring(
    root: Place, user: Place, kind: str
) -> None:
    writer, reader = (RAW | OF_AWS)[kind](root)(user)
    put(user, replace(config_of(writer), logical_table_name="clients"))
    diagnosis = diagnose("people", config_of(reader), session=user.who.session)
    assert {finding.code for finding in diagnosis.findings} == {"unverified"}
    root.account.table("clients")
    put_into(user, "clients", replace(config_of(writer), logical_table_name="clients"))
    (finding,) = diagnose("clients", config_of(reader), session=user.who.session).findings
    assert (finding.code, finding.action) == ("logical-name", "Set logical_table_name to 'clients'")


def test_a_removed_version_of_a_branch_key_is_found(root: Place, user: Place) -> None:
    keyrings = hierarchical(root)
    put(user, config_of(keyrings(user)[0]))
    dynamodb = root.account.client("dynamodb")
    for record in dynamodb.scan(TableName="keys")["Items"]:
        if record["type"]["S"].startswith("branch:version:"):
            key = {name: record[name] for name in ("branch-key-id", "type")}
            dynamodb.delete_item(TableName="keys", Key=key)
    (finding,) = diagnose("people", config_of(keyrings(user)[1]), session=user.who.session).findings
    assert finding.code == "unverified"
    assert "has no record 'branch:version:" in finding.message
