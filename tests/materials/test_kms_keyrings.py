"""The KMS keyrings: which calls they make, which data keys they use, and what they check of responses."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal import (
    AwsKmsDiscoveryKeyring,
    AwsKmsDiscoveryMultiKeyring,
    AwsKmsKeyring,
    AwsKmsMrkDiscoveryKeyring,
    AwsKmsMrkKeyring,
    AwsKmsMrkMultiKeyring,
    AwsKmsMultiKeyring,
    ConfigError,
    EncryptedDataKey,
    EncryptError,
    UnwrapError,
)
from dynaseal.testing import Subject
from support import vectors
from support.keyrings import KMS_A, KMS_B, KMS_EU, MRK_EU, MRK_US, OTHER_ACCOUNT, UNSIGNED, fake_kms

REFUSED = [
    case for case in vectors.cases("items-kms.json") if case["expect"] == "reject" and "operation" not in case
]


@pytest.mark.parametrize(
    "case",
    chosen := [case for case in REFUSED if not case.get("disputed")],
    ids=[case["id"] for case in chosen],
)
def test_a_refused_reading_makes_the_very_calls_that_aws_makes(case: dict[str, Any]) -> None:
    kms = vectors.kms_for(case)

    with pytest.raises(UnwrapError):
        vectors.reader(case, kms).decrypt_item(vectors.wire_item(case["encrypted"]))

    assert [(call["op"], call["key_id"], call["region"]) for call in kms.calls] == [
        (call["op"], call["key_id"], call["region"]) for call in case.get("calls", {}).get("decrypt", ())
    ]


@pytest.mark.parametrize(
    "case",
    chosen := [case for case in REFUSED if case.get("disputed")],
    ids=[case["id"] for case in chosen],
)
def test_a_filter_of_two_accounts_lets_both_through_as_the_specification_says(case: dict[str, Any]) -> None:
    kms = vectors.kms_for(case)

    read = vectors.reader(case, kms).decrypt_item(vectors.wire_item(case["encrypted"]))

    assert "pk" in read or "id" in read
    assert kms.operations() == ["Decrypt"]


def test_clients_are_made_once_per_region_and_only_when_they_are_needed() -> None:
    kms = fake_kms()
    subject = Subject(AwsKmsMultiKeyring(KMS_A, [KMS_B, KMS_EU], clients=kms.client))
    assert kms.clients_made == []

    for _ in range(2):
        subject.check_reads(subject.write(), "twice")

    assert kms.clients_made == ["us-west-2", "eu-central-1"]


def test_a_discovery_multi_keyring_asks_its_regions_in_order_and_stops_at_the_first_that_opens() -> None:
    kms = fake_kms()
    reader = AwsKmsDiscoveryMultiKeyring(["eu-west-1", "us-west-2", "eu-central-1"], clients=kms.client)
    subject = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2")), reader)
    written = subject.write()
    kms.clients_made.clear()

    subject.check_reads(written, "in the second Region")

    assert [(call["op"], call["region"]) for call in kms.calls[1:]] == [
        ("Decrypt", "eu-west-1"),
        ("Decrypt", "us-west-2"),
    ]
    assert kms.clients_made == ["eu-west-1", "us-west-2"]


def test_a_key_that_the_filter_leaves_out_costs_no_call() -> None:
    kms = fake_kms()
    writer = AwsKmsMultiKeyring(OTHER_ACCOUNT, [KMS_B], clients=kms.client)
    reader = AwsKmsDiscoveryKeyring(client=kms.client("us-west-2"), account_ids=["111122223333"])
    subject = Subject(writer, reader)

    subject.check_reads(subject.write(), "through the filter")

    assert [call["key_id"] for call in kms.calls if call["op"] == "Decrypt"] == [KMS_B]


def test_a_filter_of_another_partition_leaves_everything_out() -> None:
    kms = fake_kms()
    reader = AwsKmsDiscoveryKeyring(
        client=kms.client("us-west-2"), account_ids=["111122223333"], partition="aws-cn"
    )
    subject = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2")), reader)

    error = subject.check_refuses(subject.write(), "another partition")

    assert str(error) == "The item has no data key under a KMS key of aws-cn, account 111122223333"
    assert kms.operations() == ["GenerateDataKey"]


@pytest.mark.parametrize(
    "keyring",
    [
        AwsKmsDiscoveryKeyring(),
        AwsKmsMrkDiscoveryKeyring("eu-west-1"),
        AwsKmsDiscoveryMultiKeyring(["eu-west-1"]),
    ],
    ids=repr,
)
def test_a_discovery_keyring_does_not_write(keyring: Any) -> None:
    with pytest.raises(EncryptError):
        Subject(keyring, suites=UNSIGNED).write()


def test_a_multi_region_discovery_keyring_asks_its_own_region_and_passes_over_other_regions_keys() -> None:
    kms = fake_kms()
    writer = AwsKmsMultiKeyring(KMS_A, [MRK_US], clients=kms.client)
    subject = Subject(writer, AwsKmsMrkDiscoveryKeyring("eu-west-1", client=kms.client("eu-west-1")))

    subject.check_reads(subject.write(), "through the replica")

    assert [call["key_id"] for call in kms.calls if call["op"] == "Decrypt"] == [MRK_EU]


def test_a_plain_keyring_does_not_read_what_a_replica_wrote_and_a_multi_region_one_does() -> None:
    kms = fake_kms()
    written = Subject(AwsKmsMrkKeyring(MRK_US, client=kms.client("us-west-2"))).write()
    plain, aware = (
        kind(MRK_EU, client=kms.client("eu-west-1")) for kind in (AwsKmsKeyring, AwsKmsMrkKeyring)
    )

    Subject(plain).check_refuses(written, "a replica's data key")
    Subject(aware).check_reads(written, "a replica's data key")


class Answering:
    """A KMS client that answers every call with one reply."""

    def __init__(self, reply: object) -> None:
        self.reply = reply

    def generate_data_key(self, **_: Any) -> Any:
        return self.reply

    decrypt = derive_shared_secret = get_public_key = generate_data_key


ALIAS = "arn:aws:kms:us-west-2:111122223333:alias/a"
GENERATED = {"Plaintext": b"p" * 32, "CiphertextBlob": b"c" * 40, "KeyId": KMS_A}
NOT_A_REPLY = [(None, "is of the type NoneType"), ([], "is of the type list"), ({}, "has no ")]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        *NOT_A_REPLY,
        *(
            ({**GENERATED, name: value}, says)
            for name, value, says in [
                ("Plaintext", b"short", "returned a data key of 5 bytes"),
                ("Plaintext", "p" * 32, "has a Plaintext of the type str, which must be bytes"),
                ("Plaintext", [1] * 32, "has a Plaintext of the type list"),
                ("CiphertextBlob", None, "has no CiphertextBlob"),
                ("CiphertextBlob", b"", "has an empty CiphertextBlob"),
                ("CiphertextBlob", "c", "has a CiphertextBlob of the type str, which must be bytes"),
                ("KeyId", None, "has no KeyId"),
                ("KeyId", "", "has an empty KeyId"),
                ("KeyId", 5, "has a KeyId of the type int, which must be a string"),
                ("KeyId", KMS_A.encode(), "has a KeyId of the type bytes"),
                ("KeyId", "alias/x", "named no key ARN"),
                ("KeyId", ALIAS, "named no key ARN"),
                ("KeyId", f"{KMS_A}\ud800", "named no key ARN"),
                ("KeyId", KMS_B, f"with {KMS_A} and used {KMS_B}"),
            ]
        ),
    ],
)
@pytest.mark.parametrize("kind", [AwsKmsKeyring, AwsKmsMrkKeyring])
def test_a_generated_key_that_kms_answers_wrongly_is_not_used(kind: Any, reply: object, says: str) -> None:
    with pytest.raises(EncryptError, match=says):
        Subject(kind(KMS_A, client=Answering(reply))).write()


@pytest.mark.parametrize("key_id", [ALIAS, "alias/a", KMS_A.rpartition("/")[2]])
def test_a_key_that_is_not_given_by_its_arn_must_be_named_by_its_arn(key_id: str) -> None:
    written = Subject(AwsKmsKeyring(key_id, client=Answering(GENERATED))).write()

    Subject(AwsKmsKeyring(KMS_A, client=Answering(GENERATED))).check_reads(written, "by the key's ARN")
    for another in (ALIAS, "alias/a", f"{KMS_A}\ud800", f"{KMS_A} "):
        with pytest.raises(EncryptError, match="named no key ARN"):
            Subject(AwsKmsKeyring(key_id, client=Answering({**GENERATED, "KeyId": another}))).write()


def test_a_multi_region_keyring_writes_what_it_can_read_itself() -> None:
    client = Answering({**GENERATED, "KeyId": MRK_EU})

    with pytest.raises(EncryptError, match="and used"):
        Subject(AwsKmsKeyring(MRK_US, client=client)).write()
    written = Subject(AwsKmsMrkKeyring(MRK_US, client=client)).write()

    reader = Answering({**GENERATED, "KeyId": MRK_US})
    Subject(AwsKmsMrkKeyring(MRK_US, client=reader)).check_reads(written, "a replica's data key")


DECRYPTED = {"Plaintext": b"p" * 32, "KeyId": KMS_A}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        *NOT_A_REPLY,
        ({**DECRYPTED, "KeyId": KMS_B}, "and used"),
        ({**DECRYPTED, "KeyId": None}, "has no KeyId"),
        ({**DECRYPTED, "KeyId": 5}, "has a KeyId of the type int"),
        ({**DECRYPTED, "Plaintext": b"q" * 32}, "is damaged"),
        ({**DECRYPTED, "Plaintext": b"p" * 31}, "is damaged"),
        ({**DECRYPTED, "Plaintext": None}, "has no Plaintext"),
        ({**DECRYPTED, "Plaintext": b""}, "has an empty Plaintext"),
        ({**DECRYPTED, "Plaintext": "p" * 32}, "has a Plaintext of the type str"),
    ],
)
def test_a_decrypted_key_that_kms_answers_wrongly_is_not_used(reply: object, says: str) -> None:
    written = Subject(AwsKmsKeyring(KMS_A, client=Answering(GENERATED))).write()

    error = Subject(AwsKmsKeyring(KMS_A, client=Answering(reply))).check_refuses(written, "a wrong reply")

    assert says in str(error)


@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"alias/x",
        b"\xff\xfe",
        KMS_A.encode() + b":x",
        KMS_A.encode() + b" x",
        KMS_A.encode() + b"0" * 2048,
        b"key/1",
    ],
)
def test_a_kms_data_key_without_a_key_arn_is_refused_before_any_call(info: bytes) -> None:
    kms = fake_kms()
    subject = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2")))
    written = subject.write()
    keys = [*written.encrypted_data_keys, EncryptedDataKey("aws-kms", info, b"x" * 80)]

    error = subject.check_refuses(written, "a data key without an ARN", keys)

    assert "names no key ARN" in str(error)
    assert kms.operations() == ["GenerateDataKey"]


def test_a_multi_keyring_needs_arns_since_they_say_the_region() -> None:
    with pytest.raises(ConfigError, match=r"'alias/hr' is not an ARN.*Pass the key's ARN"):
        AwsKmsMultiKeyring("alias/hr")


def test_a_multi_region_key_given_in_two_regions_is_ambiguous() -> None:
    with pytest.raises(ConfigError) as raised:
        AwsKmsMrkMultiKeyring(MRK_US, [KMS_A, MRK_EU])

    assert MRK_US in str(raised.value)
    assert MRK_EU in str(raised.value)
    assert KMS_A not in str(raised.value)


@pytest.mark.parametrize(
    "build",
    [
        lambda: AwsKmsDiscoveryMultiKeyring([]),
        lambda: AwsKmsDiscoveryMultiKeyring(["us-west-2", ""]),
        lambda: AwsKmsMrkDiscoveryKeyring(""),
        lambda: AwsKmsDiscoveryKeyring(account_ids=[]),
        lambda: AwsKmsDiscoveryKeyring(account_ids=[""]),
        lambda: AwsKmsDiscoveryKeyring(account_ids=["111122223333"], partition=""),
        AwsKmsMultiKeyring,
        lambda: AwsKmsKeyring(""),
        lambda: AwsKmsKeyring("arn:aws:s3:us-west-2:111122223333:key/1"),
    ],
)
def test_wrong_arguments_are_refused_when_the_keyring_is_made(build: Any) -> None:
    with pytest.raises(ConfigError):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: AwsKmsDiscoveryMultiKeyring("us-west-2"),
        lambda: AwsKmsDiscoveryKeyring(account_ids="111122223333"),
        lambda: AwsKmsMultiKeyring(KMS_A, KMS_B),
    ],
)
def test_a_string_where_a_list_belongs_is_a_type_error(build: Any) -> None:
    with pytest.raises(TypeError):
        build()
