"""Surrogate keys in items: what is stored, who reads it, and what does not verify."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import (
    CompoundBeacon,
    ConfigError,
    CryptoAction,
    DecryptError,
    EncryptedPart,
    EncryptError,
    ItemEncryptor,
    MultiKeySource,
    PlaintextPolicy,
    SignatureError,
    SignedPart,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
    UnwrapError,
    VirtualField,
    VirtualPart,
)
from support.customers import ACTIONS, BEACON_KEY, EMAIL, customers, order, search

ENCRYPTOR = ItemEncryptor(customers())
AS_AWS = ItemEncryptor(customers(surrogate_keys=(), search=None))
"""What AWS's libraries see: a signed key and an encrypted attribute, and nothing that binds them."""


def test_an_item_comes_back_as_the_application_wrote_it() -> None:
    item = order(note={"S": "twice"})
    assert ENCRYPTOR.decrypt_item(ENCRYPTOR.encrypt_item(item)) == item


def test_dynamodb_sees_tokens_and_no_real_value() -> None:
    stored = ENCRYPTOR.encrypt_item(order())
    assert [len(stored[name]["S"]) for name in ("pk", "sk")] == [64, 64]
    assert [list(stored[name]) for name in ("email", "order")] == [["B"], ["B"]]
    assert "ann@" not in str(stored)


def test_a_token_is_the_whole_hmac_under_a_key_of_its_table_and_key() -> None:
    info = b"DYNASEAL_SURROGATE_KEY" + b"\0\0\0\x09customers" + b"\0\0\0\x02pk"
    key = HKDF(SHA512(), 64, None, info).derive(BEACON_KEY)
    mac = hmac.new(key, b"\x00\x01" + b"ann@example.com", hashlib.sha384).digest()
    assert ENCRYPTOR.encrypt_item(order())["pk"] == {"S": urlsafe_b64encode(mac).decode()}


def test_the_same_value_has_the_same_token_and_another_elsewhere() -> None:
    pk = ENCRYPTOR.encrypt_item(order())["pk"]
    assert ENCRYPTOR.encrypt_item(order(number=2))["pk"] == pk
    others = [
        customers(name="other"),
        customers(SurrogateKey("sk", "email"), SurrogateKey("pk", "order")),
        customers(search=search(bytes(32))),
    ]
    stored = [ItemEncryptor(config).encrypt_item(order()) for config in others]
    assert pk not in [item[name] for item in stored for name in ("pk", "sk")]


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000, places=2))
def test_a_number_has_one_token_however_it_is_written(number: Any) -> None:
    spelled = [
        ENCRYPTOR.encrypt_item({**order(), "order": {"N": text}})["sk"]
        for text in (str(number), f"{number}0", f"{number:E}")
    ]
    assert spelled[0] == spelled[1] == spelled[2]
    as_text = ENCRYPTOR.encrypt_item({**order(), "order": {"S": str(number)}})["sk"]
    assert as_text != spelled[0]


def test_a_reader_without_the_surrogate_keys_reads_the_item_with_its_tokens() -> None:
    stored = ENCRYPTOR.encrypt_item(order())
    assert AS_AWS.decrypt_item(stored) == {**order(), "pk": stored["pk"], "sk": stored["sk"]}


def test_an_item_that_another_writer_gave_the_right_tokens_is_read() -> None:
    stored = ENCRYPTOR.encrypt_item(order())
    written = AS_AWS.encrypt_item({**order(), "pk": stored["pk"], "sk": stored["sk"]})
    assert ENCRYPTOR.decrypt_item(written) == order()


def other_tokens() -> dict[str, Any]:
    other = ENCRYPTOR.encrypt_item(order("bob@example.com", 2))
    return {"pk": other["pk"], "sk": other["sk"]}


@pytest.mark.parametrize("name", ["pk", "sk"])
def test_a_token_of_another_value_does_not_verify_even_where_the_signature_does(name: str) -> None:
    right = ENCRYPTOR.encrypt_item(order())
    tokens = {"pk": right["pk"], "sk": right["sk"], name: other_tokens()[name]}
    with pytest.raises(SignatureError):
        ENCRYPTOR.decrypt_item(AS_AWS.encrypt_item({**order(), **tokens}))


@pytest.mark.parametrize("value", [{"N": "1"}, {"B": b"x"}, {"S": ""}])
def test_a_key_that_is_not_a_token_does_not_verify(value: dict[str, Any]) -> None:
    tokens = {**{name: ENCRYPTOR.encrypt_item(order())[name] for name in ("pk", "sk")}, "pk": value}
    with pytest.raises(SignatureError):
        ENCRYPTOR.decrypt_item(AS_AWS.encrypt_item({**order(), **tokens}))


def test_an_item_without_its_real_value_does_not_verify() -> None:
    item = {**order(), **other_tokens()}
    del item["email"]
    with pytest.raises(SignatureError):
        ENCRYPTOR.decrypt_item(AS_AWS.encrypt_item(item))


def test_a_token_exchanged_in_the_table_does_not_verify() -> None:
    with pytest.raises(DecryptError):
        ENCRYPTOR.decrypt_item({**ENCRYPTOR.encrypt_item(order()), **other_tokens()})


def test_another_beacon_key_neither_reads_nor_gives_away_that_it_is_the_key() -> None:
    with pytest.raises(SignatureError) as refused:
        ItemEncryptor(customers(search=search(bytes(32)))).decrypt_item(ENCRYPTOR.encrypt_item(order()))
    assert "ann@" not in str(refused.value)


def test_a_beacon_key_that_cannot_be_fetched_fails_encryption_and_decryption() -> None:
    config = customers()
    cast("Any", config.search).version.key_store.keys.clear()
    stored = ENCRYPTOR.encrypt_item(order())
    encryptor = ItemEncryptor(config)
    with pytest.raises(EncryptError, match="There is no branch key"):
        encryptor.encrypt_item(order())
    with pytest.raises(UnwrapError, match="There is no branch key"):
        encryptor.decrypt_item(stored)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"email": None}, "has no attribute 'email', from which its key 'pk' is made"),
        ({"pk": {"S": "ann@example.com"}}, "has the key 'pk' with a value that is not the token of 'email'"),
        ({"email": {"S": ""}}, "is not empty"),
        ({"email": {"BOOL": True}}, "Use a string, a number or binary"),
        ({"order": {"N": "many"}}, "'order' cannot be stored"),
    ],
)
def test_an_item_that_can_have_no_token_is_refused(change: dict[str, Any], message: str) -> None:
    item = {name: value for name, value in {**order(), **change}.items() if value}
    with pytest.raises(EncryptError, match=message) as refused:
        ENCRYPTOR.encrypt_item(item)
    assert "ann@" not in str(refused.value)


def test_an_items_own_tokens_may_be_given_with_it() -> None:
    stored = ENCRYPTOR.encrypt_item(order())
    again = ENCRYPTOR.encrypt_item({**order(), "pk": stored["pk"], "sk": stored["sk"]})
    assert ENCRYPTOR.decrypt_item(again) == order()


def test_the_keys_action_need_not_be_named_and_may_be_in_the_encryption_context() -> None:
    named = {name: action for name, action in ACTIONS.items() if name not in ("pk", "sk")}
    assert (
        ItemEncryptor(customers(attribute_actions=named)).decrypt_item(
            ItemEncryptor(customers(attribute_actions=named)).encrypt_item(order())
        )
        == order()
    )
    in_context = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
    config = customers(attribute_actions={**ACTIONS, "pk": in_context, "sk": in_context})
    assert ItemEncryptor(config).decrypt_item(ItemEncryptor(config).encrypt_item(order())) == order()


def test_beacons_are_made_of_real_values_beside_surrogate_keys() -> None:
    config = customers(search=search(standard_beacons=[StandardBeacon("mail", 8, "email")]))
    stored = ItemEncryptor(config).encrypt_item(order())
    assert len(stored["aws_dbe_b_mail"]["S"]) == 2
    assert ItemEncryptor(config).decrypt_item(stored) == order()


CONFIGURATIONS: list[tuple[dict[str, Any], str]] = [
    ({"search": None}, "Surrogate keys need a beacon key"),
    ({"search": search(key_source=MultiKeySource("tenant"), standard_beacons=[StandardBeacon("note", 8)])},
     "need a SingleKeySource"),
    ({"surrogate_keys": [EMAIL, SurrogateKey("sk", "email")]}, "the same name or the same source"),
    ({"surrogate_keys": [EMAIL, SurrogateKey("pk", "order")]}, "the same name or the same source"),
    ({"surrogate_keys": [SurrogateKey("city", "email")]}, "is not a key of the table"),
    ({"surrogate_keys": [SurrogateKey("pk", "city")]}, "The source 'city' .* is not encrypted"),
    ({"surrogate_keys": [SurrogateKey("pk", "unknown")]}, "The source 'unknown' .* is not encrypted"),
    ({"plaintext_policy": PlaintextPolicy.FORBID_WRITE_ALLOW_READ}, "cannot hold unencrypted items"),
    ({"plaintext_policy": PlaintextPolicy.FORCE_WRITE_ALLOW_READ}, "cannot hold unencrypted items"),
    ({"search": search(standard_beacons=[StandardBeacon("email", 8)])}, "Choose another name, and set loc="),
    (
        {
            "search": search(
                standard_beacons=[StandardBeacon("note", 8)],
                virtual_fields=[VirtualField("v", [VirtualPart("pk"), VirtualPart("note")])],
            )
        },
        "Use the surrogate key's source instead",
    ),
    (
        {
            "search": search(
                standard_beacons=[StandardBeacon("note", 8)],
                compound_beacons=[
                    CompoundBeacon("c", ".", [EncryptedPart("note", "n-")], [SignedPart("p", "p-", "pk")])
                ],
            )
        },
        "Use the surrogate key's source instead",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), CONFIGURATIONS)
def test_an_invalid_configuration_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        customers(**change)


@pytest.mark.parametrize(("name", "source"), [("", "email"), ("pk", ""), ("pk", "pk")])
def test_a_surrogate_key_has_two_names(name: str, source: str) -> None:
    with pytest.raises(ConfigError, match="two different names"):
        SurrogateKey(name, source)


def test_a_search_configuration_may_have_surrogate_keys_only() -> None:
    with pytest.raises(ConfigError, match="at least one standard beacon"):
        TableConfig(
            "customers",
            "pk",
            attribute_actions={"pk": CryptoAction.SIGN_ONLY},
            keyring=customers().keyring,
            search=search(),
        )
