"""`estimate_cost`: the calls that it counts are made, and its sizes are those of real items."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsDiscoveryKeyring,
    AwsKmsEcdhKeyring,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsRsaKeyring,
    BeaconVersion,
    ConfigError,
    CryptoAction,
    Curve,
    EncryptedTable,
    ItemEncryptor,
    Keyring,
    KeyStore,
    MultiKeyring,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    estimate_cost,
)
from dynaseal.boto.cost.prices import PRICES
from dynaseal.boto.cost.sizes import example_item, item_size, measure
from dynaseal_lab.testing import LabAccount
from support.searchable import FakeKeyStore

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER = ARN.replace("1234abcd-", "abcd1234-")
ACTIONS = AttributeActions(CryptoAction.SIGN_ONLY, {"email": CryptoAction.ENCRYPT_AND_SIGN})
RAW = RawAesKeyring("n", "k", bytes(32))


def config(keyring: Keyring, **changes: Any) -> TableConfig:
    return TableConfig("people", "pk", **{"attribute_actions": ACTIONS, "keyring": keyring} | changes)


def calls(estimate: Any) -> dict[tuple[str, str], int]:
    return {(usage.key_id, usage.operation): usage.calls for usage in estimate.kms}


@pytest.mark.parametrize("kind", ["one key", "two keys", "hierarchical"])
def test_the_calls_that_are_counted_are_made(lab: LabAccount, kind: str) -> None:
    reads, writes = 5, 3
    lab.table("people")
    clients = {"dynamodb_client": lab.client("dynamodb"), "kms_client": lab.client("kms")}
    first, second = lab.key(), lab.key()
    one = AwsKmsKeyring(first, client=lab.client("kms"))
    store = KeyStore("keys", "keys", first, **clients)
    keyring: Keyring = one
    if kind == "two keys":
        keyring = MultiKeyring(one, [AwsKmsKeyring(second, client=lab.client("kms"))])
    elif kind == "hierarchical":
        store.create_table()
        store.create_key("a", {"for": "a"})
        keyring = AwsKmsHierarchicalKeyring(store, branch_key_id="a", ttl_seconds=730 * 3600)
    tested = config(keyring)
    before = len(lab.trail())
    table = EncryptedTable(lab.resource("dynamodb").Table("people"), config=tested)
    for number in range(writes):
        table.put_item(Item={"pk": str(number), "email": "x"})
    for _ in range(reads):
        table.get_item(Key={"pk": "0"})
    made = Counter(
        (decision["resource"], decision["action"].removeprefix("kms:"))
        for decision in lab.trail()[before:]
        if decision["action"].startswith("kms:")
    )
    assert calls(estimate_cost(tested, items=1, reads=reads, writes=writes)) == made


def test_branch_keys_are_fetched_once_per_ttl_process_and_tenant() -> None:
    keyring = AwsKmsHierarchicalKeyring(KeyStore("k", "k", ARN), branch_key_id="a", ttl_seconds=3600)
    tested = config(keyring)
    many = 10**9
    assert calls(estimate_cost(tested, items=1, reads=many, writes=many))[ARN, "Decrypt"] == 2 * 730
    of_many = estimate_cost(tested, items=1, reads=many, writes=many, processes=3, tenants=10)
    assert calls(of_many)[ARN, "Decrypt"] == 60 * 730
    assert calls(estimate_cost(tested, items=1, reads=5, writes=2))[ARN, "Decrypt"] == 7


@pytest.mark.parametrize(
    ("number", "least"), [("items", 0), ("reads", 0), ("writes", 0), ("processes", 1), ("tenants", 1)]
)
def test_numbers_that_no_table_has_are_refused(number: str, least: int) -> None:
    numbers: dict[str, Any] = {"items": 1, "reads": 1, "writes": 1, number: least - 1}
    with pytest.raises(ConfigError, match=f"{number} must be {least} or more, and is {least - 1}"):
        estimate_cost(config(AwsKmsKeyring(ARN)), **numbers)


def test_money_follows_from_the_prices() -> None:
    tested = config(MultiKeyring(AwsKmsKeyring(ARN), [AwsKmsKeyring(OTHER)]))
    estimate = estimate_cost(tested, items=1_000_000, reads=10_000_000, writes=1_000_000)
    assert calls(estimate) == {
        (ARN, "Decrypt"): 10_000_000,
        (ARN, "GenerateDataKey"): 1_000_000,
        (OTHER, "GenerateDataKey"): 1_000_000,
    }
    assert estimate.kms_dollars == pytest.approx(36)
    assert (estimate.keys, estimate.keys_dollars) == (2, 2)
    plain, stored = estimate.capacity.write_units
    assert (plain, stored) == (1_000_000, 2_000_000)  # two data keys make the item larger than 1 KB
    storage = (estimate.sizes.stored - estimate.sizes.plain) * 0.25 / 1000
    assert estimate.added_dollars == pytest.approx(38 + 0.625 + storage)
    assert estimate.to_dict()["added_dollars"] == estimate.added_dollars


def test_every_price_has_a_date_and_a_source() -> None:
    for price in PRICES:
        assert len(price.as_of) == len("2026-01")
        assert price.source.startswith("https://aws.amazon.com/")


def test_the_sizes_are_those_of_an_item_that_is_really_encrypted() -> None:
    store = FakeKeyStore({"people": {"id": "people", "beacon_key_hex": bytes(32).hex()}})
    version = BeaconVersion(store, SingleKeySource("people"), standard_beacons=[StandardBeacon("email", 16)])
    tested = config(RAW, search=SearchConfig([version]))
    stored = ItemEncryptor(tested).encrypt_item(example_item(tested))
    sizes = measure(tested)
    assert sizes.stored == item_size(stored)
    assert sizes.header == item_size({"aws_dbe_head": stored["aws_dbe_head"]})
    assert sizes.beacons == len("aws_dbe_b_email") + 4
    assert sizes.ciphertext == 18
    assert sizes.plain == item_size(example_item(tested)) == len("emailpk") + 2 * 16


def test_a_branch_key_s_data_key_has_its_true_size(lab: LabAccount) -> None:
    store = KeyStore(
        "keys", "keys", lab.key(), dynamodb_client=lab.client("dynamodb"), kms_client=lab.client("kms")
    )
    store.create_table()
    store.create_key("a", {"for": "a"})
    tested = config(AwsKmsHierarchicalKeyring(store, branch_key_id="a", ttl_seconds=60))
    item = {"pk": {"S": "x"}, "email": {"M": {"home": {"L": [{"N": "1.50"}, {"BOOL": True}, {"SS": ["a"]}]}}}}
    stored = ItemEncryptor(tested).encrypt_item(item)
    assert measure(tested, item).header == item_size({"aws_dbe_head": stored["aws_dbe_head"]})


def test_another_suite_has_a_smaller_footer() -> None:
    small = config(RAW, algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG)
    assert measure(small).footer < measure(config(RAW)).footer


class OwnKeyring:
    def on_encrypt(self, materials: Any, /) -> Any:
        return materials

    def on_decrypt(self, materials: Any, encrypted_data_keys: Any, /) -> Any:
        return materials, encrypted_data_keys


@pytest.mark.parametrize("keyring", [OwnKeyring(), AwsKmsDiscoveryKeyring()])
def test_what_is_not_known_is_not_estimated(keyring: Any) -> None:
    with pytest.raises(ConfigError) as refused:
        estimate_cost(config(keyring), items=1, reads=1, writes=1)
    assert refused.value.hint


@pytest.mark.parametrize(("bits", "dollars"), [(2048, 0.03), (3072, 0.15)])
def test_a_larger_rsa_key_costs_more(bits: int, dollars: float) -> None:
    key = rsa.generate_private_key(65537, bits).public_key()
    public_key = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    keyring = AwsKmsRsaKeyring(ARN, "RSAES_OAEP_SHA_256", public_key=public_key)
    tested = config(keyring, algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG)
    estimate = estimate_cost(tested, items=1, reads=10_000, writes=10_000)
    assert [(usage.operation, usage.dollars) for usage in estimate.kms] == [
        ("Decrypt", pytest.approx(dollars))
    ]


def test_ecdh_takes_a_call_for_each_item_read_or_written() -> None:
    recipient = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = recipient.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    keyring = AwsKmsEcdhKeyring.static(Curve.P256, ARN, pem)
    estimate = estimate_cost(config(keyring), items=1, reads=7_000, writes=3_000)
    assert calls(estimate) == {(ARN, "DeriveSharedSecret"): 10_000}
    assert estimate.kms_dollars == pytest.approx(0.15)
