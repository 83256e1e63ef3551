"""Items of the older format: round trips, exchange with the older library, and changes that are refused."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal.legacy import (
    decrypt_dynamodb_item,
    decrypt_python_item,
    encrypt_dynamodb_item,
    encrypt_python_item,
)
from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
from dynaseal.legacy.exceptions import (
    DecryptionError,
    DeserializationError,
    DynamodbEncryptionSdkError,
    EncryptionError,
    SignatureVerificationError,
)
from dynaseal.legacy.internal.formatting import material_description
from dynaseal.legacy.internal.numbers import signed_by_python
from dynaseal.legacy.material_providers.static import StaticCryptographicMaterialsProvider
from dynaseal.legacy.materials.raw import RawDecryptionMaterials, RawEncryptionMaterials
from support.legacy import DYNASEAL, OLDER, Names, crypto_config, decrypted, static_provider
from support.strategies import items
from support.vectors import VECTORS, read

SIGNATURE, DESCRIPTION = "*amzn-ddb-map-sig*", "*amzn-ddb-map-desc*"
CHOICES = st.sampled_from(["ENCRYPT_AND_SIGN", "SIGN_ONLY", "DO_NOTHING"])
ANN = {"pk": {"S": "ann"}, "secret": {"S": "hunter2"}, "city": {"S": "Bern"}, "memo": {"S": "m"}}
ACTIONS = {"pk": "SIGN_ONLY", "city": "SIGN_ONLY", "memo": "DO_NOTHING"}


def config(item: dict[str, Any], actions: dict[str, str] | None = None, names: Names = DYNASEAL) -> Any:
    case = {"table": {"name": "people", "partition_key": "pk"}, "actions": actions or ACTIONS}
    return crypto_config(names, case, static_provider(names), item)


def actions_of(data: st.DataObject, item: dict[str, Any]) -> dict[str, str]:
    chosen = {name: data.draw(CHOICES) for name in item if name != "pk"}
    return {**chosen, "*": data.draw(CHOICES), "pk": "SIGN_ONLY"}


def rounded(item: Any) -> Any:
    """An item with its numbers rounded to 28 digits, as the older library reads encrypted ones."""
    match item:
        case {"N": str() as number}:
            return {"N": signed_by_python(number)}
        case {"NS": list() as members}:
            return {"NS": sorted(signed_by_python(member) for member in members)}
        case dict():
            return {name: rounded(member) for name, member in item.items()}
        case list():
            return [rounded(member) for member in item]
    return item


@settings(max_examples=60)
@given(items, st.data())
def test_an_item_comes_back(item: dict[str, Any], data: st.DataObject) -> None:
    actions = actions_of(data, item)
    stored = encrypt_dynamodb_item(item, config(item, actions))
    result = decrypt_dynamodb_item(stored, config(stored, actions))
    assert sorted_sets(result) == sorted_sets(item)


def older_takes(item: dict[str, Any]) -> bool:
    """Whether the older library can serialize an item; numbers with many zeros it cannot."""
    serialize = OLDER("internal.formatting.serialize.attribute", "serialize_attribute")
    try:
        serialize({"M": item})
    except ArithmeticError:
        return False
    return True


@settings(max_examples=40)
@given(items.filter(older_takes), st.data())
def test_the_older_library_reads_what_is_written_here(item: dict[str, Any], data: st.DataObject) -> None:
    actions = actions_of(data, item)
    stored = encrypt_dynamodb_item(item, config(item, actions))
    result = OLDER("encrypted.item", "decrypt_dynamodb_item")(dict(stored), config(stored, actions, OLDER))
    assert rounded(sorted_sets(result)) == rounded(sorted_sets(item))


@settings(max_examples=40)
@given(items.filter(older_takes), st.data())
def test_what_the_older_library_writes_is_read_here(item: dict[str, Any], data: st.DataObject) -> None:
    actions = actions_of(data, item)
    stored = OLDER("encrypted.item", "encrypt_dynamodb_item")(item, config(item, actions, OLDER))
    assert rounded(sorted_sets(decrypt_dynamodb_item(stored, config(stored, actions)))) == rounded(
        sorted_sets(item)
    )


def sorted_sets(item: Any) -> Any:
    match item:
        case {"SS": list() as members} | {"NS": list() as members} | {"BS": list() as members}:
            return {next(iter(item)): sorted(members)}
        case dict():
            return {name: sorted_sets(member) for name, member in item.items()}
        case list():
            return [sorted_sets(member) for member in item]
    return item


@given(st.data())
def test_any_changed_bit_of_a_signed_value_is_refused(data: st.DataObject) -> None:
    stored = encrypt_dynamodb_item(ANN, config(ANN))
    name = data.draw(st.sampled_from(["secret", SIGNATURE]))
    value = stored[name]["B"]
    place = data.draw(st.integers(0, len(value) * 8 - 1))
    changed = bytearray(value)
    changed[place // 8] ^= 1 << place % 8
    tampered = {**stored, name: {"B": bytes(changed)}}
    with pytest.raises(SignatureVerificationError):
        decrypt_dynamodb_item(tampered, config(tampered))


@given(st.data())
def test_any_changed_bit_of_the_unsigned_description_gives_the_item_or_a_refusal(data: st.DataObject) -> None:
    stored = encrypt_dynamodb_item(ANN, config(ANN))
    value = stored[DESCRIPTION]["B"]
    place = data.draw(st.integers(0, len(value) * 8 - 1))
    changed = bytearray(value)
    changed[place // 8] ^= 1 << place % 8
    tampered = {**stored, DESCRIPTION: {"B": bytes(changed)}}
    with suppress(DynamodbEncryptionSdkError, TypeError, UnicodeDecodeError):
        assert decrypt_dynamodb_item(tampered, config(tampered)) == ANN


@pytest.mark.parametrize(
    "change",
    [{"city": {"S": "Zug"}}, {"pk": {"S": "bob"}}, {"more": {"S": "x"}}, {"secret": {"S": "hunter2"}}],
    ids=["signed value", "key", "added attribute", "plaintext in place of ciphertext"],
)
def test_a_changed_item_is_refused(change: dict[str, Any]) -> None:
    tampered = {**encrypt_dynamodb_item(ANN, config(ANN)), **change}
    with pytest.raises(SignatureVerificationError, match="Unable to verify signature"):
        decrypt_dynamodb_item(tampered, config(tampered))


def test_an_unsigned_item_is_refused() -> None:
    with pytest.raises(DecryptionError, match="No signature attribute found in item"):
        decrypt_dynamodb_item(ANN, config(ANN))


@pytest.mark.parametrize("name", [SIGNATURE, DESCRIPTION])
def test_a_reserved_attribute_is_not_encrypted_over(name: str) -> None:
    stored = encrypt_dynamodb_item(ANN, config(ANN))
    again = {key: value for key, value in stored.items() if key == name or not key.startswith("*")}
    with pytest.raises(EncryptionError, match="Reserved attribute name"):
        encrypt_dynamodb_item(again, config(ANN))


@pytest.mark.parametrize("mode", ["/CTR/NoPadding", "/CTR/PKCS5Padding", "/CBC/NoPadding", "/ECB/NoPadding"])
def test_no_mode_but_the_formats_own_decrypts(mode: str) -> None:
    stored = encrypt_dynamodb_item(ANN, config(ANN))
    description = material_description.deserialize(stored[DESCRIPTION])
    changed_description = material_description.serialize({**description, "amzn-ddb-map-sym-mode": mode})
    with pytest.raises(DeserializationError, match="are not written in the mode"):
        decrypt_dynamodb_item({**stored, DESCRIPTION: changed_description}, config(stored))


def test_nothing_is_decrypted_before_the_signature_holds() -> None:
    class Watched(DelegatedKey):
        @property
        def algorithm(self) -> str:
            return "AES"

        @property
        def allowed_for_raw_materials(self) -> bool:
            return True

        def decrypt(self, *_: Any, **__: Any) -> bytes:
            raise AssertionError("decrypted an item that does not verify")

    mac = JceNameLocalDelegatedKey.generate("HmacSHA256", 256)
    provider = StaticCryptographicMaterialsProvider(RawDecryptionMaterials(mac, Watched()))
    stored = encrypt_dynamodb_item(ANN, config(ANN))
    case = {"table": {"name": "people", "partition_key": "pk"}, "actions": ACTIONS}
    with pytest.raises(SignatureVerificationError):
        decrypt_dynamodb_item(stored, crypto_config(DYNASEAL, case, provider, stored))


def test_actions_that_were_changed_in_place_are_obeyed() -> None:
    configured = config(ANN, {"*": "DO_NOTHING"})
    action = DYNASEAL("identifiers", "CryptoAction")
    configured.attribute_actions.attribute_actions["secret"] = action.ENCRYPT_AND_SIGN
    assert "B" in encrypt_dynamodb_item(ANN, configured)["secret"]


def test_reading_leaves_the_callers_item_alone() -> None:
    stored = encrypt_dynamodb_item(ANN, config(ANN))
    before = dict(stored)
    decrypt_dynamodb_item(stored, config(stored))
    assert stored == before


def test_python_values_come_back() -> None:
    item = {"pk": "ann", "secret": {"pin": 1234}, "city": "Bern", "memo": None}
    stored = encrypt_python_item(item, config({}))
    assert decrypt_python_item(stored, config({})) == item


def test_no_secret_is_in_a_message_a_log_or_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    key = JceNameLocalDelegatedKey(
        b"k" * 32,
        "AES",
        DYNASEAL("identifiers", "EncryptionKeyType").SYMMETRIC,
        DYNASEAL("identifiers", "KeyEncodingType").RAW,
    )
    mac = JceNameLocalDelegatedKey.generate("HmacSHA256", 256)
    materials = RawEncryptionMaterials(mac, key), RawDecryptionMaterials(mac, key)
    shown = [repr(key), repr(materials), repr(config(ANN))]
    stored = encrypt_dynamodb_item(ANN, config(ANN))
    with caplog.at_level(logging.DEBUG), pytest.raises(SignatureVerificationError) as raised:
        decrypt_dynamodb_item({**stored, "city": {"S": "hunter2"}}, config(stored))
    shown += [caplog.text, str(raised.value)]
    assert not any("hunter2" in text or "kkkk" in text for text in shown)
    assert "Unable to verify signature" in caplog.text


def test_a_java_item_is_read_without_an_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    data = read(VECTORS / "legacy-items.json")
    case = next(case for case in data["cases"] if case["id"] == "java-binary-set-order")
    with caplog.at_level(logging.ERROR):
        decrypted(DYNASEAL, {**case, "keys": data["keys"]})
    assert not caplog.records
