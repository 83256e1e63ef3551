"""What an attacker who writes to the table can and cannot do: the claims of docs/threat-model.md, one by one.

Changed bits are in tests/properties/test_flips.py, replies that were not asked for in
tests/boto/test_replies.py, and what logs and errors show in test_silence.py.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    CryptoAction,
    DecryptError,
    DecryptionMaterials,
    EncryptedDataKey,
    EncryptionMaterials,
    FormatError,
    ItemEncryptor,
    PlaintextPolicy,
    RawAesKeyring,
    SignatureError,
    TableConfig,
    UnwrapError,
    describe_item,
)
from dynaseal.boto.interception.requests import Requests
from dynaseal.core import engine, header, signatures
from dynaseal.core.context import PUBLIC_KEY, serialize
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME
from dynaseal.core.paths import canonical_path
from dynaseal.core.values.writing import serialize as serialize_value
from support.fake_aws import ARN, FakeAws
from support.patients import table as patients
from support.people import people, person

KEYRING = RawAesKeyring("tests", "key", bytes(32))
IN_CONTEXT = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
ACTIONS = {"city": CryptoAction.SIGN_ONLY, "visits": CryptoAction.DO_NOTHING}
ANN: dict[str, Any] = {
    "pk": {"S": "ann"},
    "city": {"S": "Bern"},
    "salary": {"N": "9100"},
    "bonus": {"N": "300"},
    "visits": {"N": "7"},
}


def table(name: str = "people", **more: Any) -> TableConfig:
    actions = AttributeActions(attribute_actions=ACTIONS)
    return TableConfig(name, "pk", **{"attribute_actions": actions, "keyring": KEYRING, **more})


def version_2() -> TableConfig:
    return table(attribute_actions=AttributeActions(attribute_actions={**ACTIONS, "pk": IN_CONTEXT}))


def stored(item: Mapping[str, Any] = ANN) -> dict[str, Any]:
    return ItemEncryptor(table()).encrypt_item(dict(item))


def read(item: Mapping[str, Any]) -> dict[str, Any]:
    return ItemEncryptor(table()).decrypt_item(dict(item))


def without(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


class TestDetected:
    @pytest.mark.parametrize("config", [table(), version_2()], ids=["version 1", "version 2"])
    def test_an_item_under_another_key_or_in_another_table_is_refused(self, config: TableConfig) -> None:
        item = ItemEncryptor(config).encrypt_item(ANN)
        with pytest.raises(UnwrapError):
            read({**item, "pk": {"S": "bob"}})
        with pytest.raises(UnwrapError):
            ItemEncryptor(table("others")).decrypt_item(item)

    @pytest.mark.parametrize(
        "change",
        [
            lambda item: without(item, "city"),
            lambda item: without(item, "salary"),
            lambda item: {**item, "note": {"S": "added"}},
            lambda item: {**item, "city": {"S": "Zug"}},
            lambda item: {**item, "city": {"B": b"Bern"}},
            lambda item: {**without(item, "city"), "town": item["city"]},
            lambda item: {**item, "salary": item["bonus"], "bonus": item["salary"]},
            lambda item: {**item, "salary": {"N": "1"}},
        ],
        ids=[
            "removed",
            "encrypted removed",
            "added",
            "changed",
            "retyped",
            "renamed",
            "swapped",
            "decrypted",
        ],
    )
    def test_a_signed_attribute_that_was_touched_is_refused(
        self, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        with pytest.raises((SignatureError, FormatError)):
            read(change(stored()))

    @pytest.mark.parametrize("name", ["city", "salary", HEADER_NAME, FOOTER_NAME])
    def test_a_part_of_an_older_version_of_the_item_is_refused(self, name: str) -> None:
        older, newer = stored(), stored({**ANN, "city": {"S": "Zug"}, "salary": {"N": "9500"}})
        with pytest.raises(DecryptError):
            read({**newer, name: older[name]})

    def test_an_item_without_header_and_footer_is_refused(self) -> None:
        with pytest.raises(FormatError, match="neither"):
            read(without(stored(), HEADER_NAME, FOOTER_NAME))
        with pytest.raises(FormatError, match="not encrypted"):
            read({"pk": {"S": "ann"}, "city": {"S": "Zug"}})


class TestNotDetected:
    def test_an_older_version_of_the_whole_item_is_read(self) -> None:
        older, newer = stored(), stored({**ANN, "salary": {"N": "9500"}})
        assert read(newer)["salary"] == {"N": "9500"}
        assert read(older)["salary"] == {"N": "9100"}

    @pytest.mark.parametrize(
        "change",
        [lambda item: {**item, "visits": {"S": "hostile"}}, lambda item: without(item, "visits")],
        ids=["changed", "removed"],
    )
    def test_an_unsigned_attribute_that_was_touched_is_read(
        self, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        item = change(stored())
        assert read(item) == {**change(ANN)}

    @pytest.mark.parametrize("policy", PlaintextPolicy)
    def test_an_inserted_plaintext_item_is_read_only_where_the_policy_allows_it(
        self, policy: PlaintextPolicy
    ) -> None:
        inserted = {"pk": {"S": "ann"}, "salary": {"N": "1"}}
        encryptor = ItemEncryptor(table(plaintext_policy=policy))
        if policy is PlaintextPolicy.FORBID_WRITE_FORBID_READ:
            with pytest.raises(FormatError):
                encryptor.decrypt_item(inserted)
        else:
            assert encryptor.decrypt_item(inserted) == inserted

    def test_a_beacon_is_not_signed(self) -> None:
        encryptor = ItemEncryptor(patients())
        item = encryptor.encrypt_item({"pk": {"S": "p"}, "name": {"S": "Ann"}})
        assert "aws_dbe_b_name" in item
        for changed in ({**item, "aws_dbe_b_name": {"S": "0"}}, without(item, "aws_dbe_b_name")):
            assert encryptor.decrypt_item(changed) == {"pk": {"S": "p"}, "name": {"S": "Ann"}}

    def test_what_dynamodb_withholds_or_filters_wrongly_is_not_noticed(self) -> None:
        requests = Requests({"people": people()})
        get = {"TableName": "people", "Key": {"pk": {"S": "ann"}}}
        assert requests.prepare("GetItem", get).finish({}) == {}
        scan = {
            "TableName": "people",
            "FilterExpression": "city = :c",
            "ExpressionAttributeValues": {":c": {"S": "Zug"}},
        }
        from_bern = ItemEncryptor(people()).encrypt_item(person())
        assert requests.prepare("Scan", scan).finish({"Items": [from_bern]})["Items"] == [person()]


class TestVisible:
    def test_a_report_without_keys_shows_names_types_sizes_and_who_can_unwrap(self) -> None:
        item = stored(without(ANN, "visits"))
        report = describe_item(item)
        types = {each.name: (each.action, each.type) for each in report.attributes}
        assert types["salary"] == (CryptoAction.ENCRYPT_AND_SIGN, "N")
        assert types["city"] == (CryptoAction.SIGN_ONLY, "S")
        assert [key.key for key in report.wrapped_keys] == ["key"]
        assert "9100" not in str(report.to_dict())

    @pytest.mark.parametrize("length", [0, 1, 15, 16, 1000])
    def test_a_string_is_18_bytes_longer_encrypted_so_its_length_is_visible(self, length: int) -> None:
        item = stored({"pk": {"S": "ann"}, "note": {"S": "x" * length}})
        assert len(item["note"]["B"]) == length + 18

    def test_equal_values_have_different_ciphertext_in_one_item_and_in_two(self) -> None:
        item = {"pk": {"S": "ann"}, "a": {"S": "same"}, "b": {"S": "same"}}
        one, other = stored(item), stored(item)
        assert len({one["a"]["B"], one["b"]["B"], other["a"]["B"], other["b"]["B"]}) == 4

    def test_kms_and_so_cloudtrail_sees_the_keys_and_context_attributes_of_each_item(self) -> None:
        aws = FakeAws()
        keyring = AwsKmsKeyring(ARN, client=aws.kms.client("us-west-2"))
        ItemEncryptor(table(keyring=keyring)).encrypt_item(ANN)
        (call,) = aws.calls
        entries = call["encryption_context"]
        assert entries["aws-crypto-table-name"] == "people"
        attributes = {name: value for name, value in entries.items() if name.startswith("aws-crypto-attr.")}
        assert attributes.keys() == {"aws-crypto-attr.pk"}
        assert b64decode(attributes["aws-crypto-attr.pk"]).endswith(b"ann")
        assert not any(value in str(entries) for value in ("9100", "Bern", "salary", "city"))

    def test_with_a_branch_key_kms_sees_nothing_of_any_item(self) -> None:
        aws = FakeAws()
        store = aws.key_store()
        store.create_key("tenant-a", {"tenant": "a"})
        aws.calls.clear()
        keyring = AwsKmsHierarchicalKeyring(store, branch_key_id="tenant-a", ttl_seconds=600)
        ItemEncryptor(table(keyring=keyring)).encrypt_item(ANN)
        contexts = [call["encryption_context"] for call in aws.calls if call["op"] == "Decrypt"]
        assert {context["branch-key-id"] for context in contexts} == {"tenant-a"}
        assert not any("aws-crypto-attr" in name for context in contexts for name in context)


class Eavesdropper:
    """A principal who may decrypt but not wrap; it keeps what it unwrapped, as a program could."""

    materials: DecryptionMaterials

    def on_encrypt(self, materials: EncryptionMaterials, /) -> EncryptionMaterials:
        raise AssertionError(f"it may not wrap a key under {materials.suite}")

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey], /
    ) -> DecryptionMaterials:
        self.materials = KEYRING.on_decrypt(materials, encrypted_data_keys)
        return self.materials


def forged(item: dict[str, Any], salary: str, *, own_signing_key: bool = False) -> dict[str, Any]:
    """Return the item with another salary, sealed with the data key that a reader of it has unwrapped."""
    reader = Eavesdropper()
    plain = ItemEncryptor(table(keyring=reader)).decrypt_item(item)
    parsed = header.parse(item[HEADER_NAME]["B"])
    data_key, tag_key = reader.materials.plaintext_data_key, reader.materials.symmetric_signing_key
    assert data_key
    assert tag_key
    signing_key = signatures.generate() if parsed.suite.is_signed else None
    context, stored_context = reader.materials.context, parsed.stored_context
    if signing_key and own_signing_key:
        entry = {PUBLIC_KEY: b64encode(signing_key.public_key).decode()}
        context, stored_context = {**context, **entry}, {**stored_context, **entry}
    names = sorted(without(plain, "visits"), key=lambda name: canonical_path("people", name))
    fields = {name: serialize_value({**plain, "salary": {"N": salary}}[name]) for name in names}
    encrypted = [name for name, byte in zip(names, parsed.legend, strict=True) if byte == header.ENCRYPTED]
    head, foot, sealed = engine.seal(
        engine.lay_out(parsed.version, [canonical_path("people", name) for name in names], parsed.legend),
        [fields[name] for name in encrypted],
        [fields[name] for name in names if name not in encrypted],
        engine.SealingKeys(
            suite=parsed.suite,
            context=serialize(context),
            stored_context=serialize(stored_context),
            encrypted_data_keys=parsed.encrypted_data_keys,
            data_key=data_key,
            tag_keys=[tag_key],
            signing_key=signing_key,
        ),
        message_id=os.urandom(32),
    )
    changed = {name: {"B": b"".join(field)} for name, field in zip(encrypted, sealed, strict=True)}
    return {**item, **changed, HEADER_NAME: {"B": head}, FOOTER_NAME: {"B": foot}}


def test_under_0x6700_whoever_can_decrypt_an_item_can_forge_its_content() -> None:
    config = table(algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG)
    item = ItemEncryptor(config).encrypt_item(ANN)
    assert read(forged(item, "1000000")) == {**ANN, "salary": {"N": "1000000"}}


def test_under_0x6701_whoever_can_only_decrypt_cannot() -> None:
    item = stored()
    with pytest.raises(SignatureError):
        read(forged(item, "1000000"))
    with pytest.raises(UnwrapError):
        read(forged(item, "1000000", own_signing_key=True))
