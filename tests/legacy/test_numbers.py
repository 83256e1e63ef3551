"""Numbers in the older format: spelled as DynamoDB spells them, and with all their digits."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pytest

from dynaseal.legacy import (
    decrypt_dynamodb_item,
    decrypt_python_item,
    encrypt_dynamodb_item,
    encrypt_python_item,
)
from dynaseal.legacy.exceptions import DeserializationError
from dynaseal.legacy.internal.formatting.deserialize.attribute import deserialize_attribute
from dynaseal.legacy.internal.formatting.serialize.attribute import serialize_attribute
from support.legacy import DYNASEAL, OLDER, Names, RecordedKms, crypto_config, provider, static_provider

DIGITS_38 = "12345678901234567890123456789012345678"
ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CASE = {
    "table": {"name": "numbers", "partition_key": "pk", "sort_key": "sk"},
    "actions": {"pk": "SIGN_ONLY", "sk": "SIGN_ONLY", "signed": "SIGN_ONLY"},
}


def config(item: dict[str, Any], names: Names = DYNASEAL) -> Any:
    return crypto_config(names, CASE, static_provider(names), item)


def as_dynamodb_stores(item: dict[str, Any]) -> dict[str, Any]:
    """An item with its top-level numbers as DynamoDB gives them back."""
    return {
        name: {"N": f"{Decimal(value['N']).normalize() + 0:f}"} if "N" in value else value
        for name, value in item.items()
    }


@pytest.mark.parametrize("number", ["1.0", "1E+2", "2.50", "-0", "-0.00", "+5", "0012", ".5"])
def test_a_number_key_can_be_read_again_however_it_was_spelled(number: str) -> None:
    kms = RecordedKms([])
    kms_provider = provider(DYNASEAL, {"kind": "kms", "key_id": ARN}, {}, kms)
    item = {"pk": {"S": "a"}, "sk": {"N": number}, "secret": {"S": "s"}}
    stored = as_dynamodb_stores(
        encrypt_dynamodb_item(item, crypto_config(DYNASEAL, CASE, kms_provider, item))
    )
    result = decrypt_dynamodb_item(stored, crypto_config(DYNASEAL, CASE, kms_provider, stored))
    assert result["secret"] == {"S": "s"}
    assert kms.calls[0][1]["EncryptionContext"]["sk"] == stored["sk"]["N"] == result["sk"]["N"]


@pytest.mark.parametrize("reader", [DYNASEAL, OLDER], ids=["read here", "read by the older library"])
def test_a_signed_minus_zero_becomes_zero(reader: Names) -> None:
    signed = {"M": {"a": {"L": [{"N": "-0.0"}, {"NS": ["-0", "1"]}, {"N": "-1.0"}]}}}
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "signed": signed}
    stored = encrypt_dynamodb_item(item, config(item))
    assert stored["signed"] == {"M": {"a": {"L": [{"N": "0"}, {"NS": ["0", "1"]}, {"N": "-1.0"}]}}}
    decrypt = reader("encrypted.item", "decrypt_dynamodb_item")
    assert decrypt(dict(stored), config(stored, reader))["signed"] == stored["signed"]
    assert item["signed"] is signed, "the caller's item is not changed"


def test_an_encrypted_number_keeps_all_its_digits() -> None:
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "n": {"N": DIGITS_38}, "s": {"NS": [DIGITS_38, "-0"]}}
    stored = encrypt_dynamodb_item(item, config(item))
    result = decrypt_dynamodb_item(stored, config(stored))
    assert (result["n"], result["s"]) == ({"N": DIGITS_38}, {"NS": ["0", DIGITS_38]})
    older = OLDER("encrypted.item", "decrypt_dynamodb_item")(dict(stored), config(stored, OLDER))
    assert older["n"] == {"N": "12345678901234567890123456790000000000"}, "as that one reads every number"


@pytest.mark.parametrize("reader", [DYNASEAL, OLDER], ids=["read here", "read by the older library"])
def test_a_signed_number_of_38_digits_is_signed_as_the_older_library_does(reader: Names) -> None:
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "signed": {"N": DIGITS_38}}
    stored = encrypt_dynamodb_item(item, config(item))
    decrypt = reader("encrypted.item", "decrypt_dynamodb_item")
    assert decrypt(dict(stored), config(stored, reader))["signed"] == {"N": DIGITS_38}


def test_a_number_that_dynamodb_spells_with_many_zeros_is_read_and_written() -> None:
    number = "1" + "0" * 120
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "signed": {"N": number}, "secret": {"N": number}}
    stored = encrypt_dynamodb_item(item, config(item))
    assert decrypt_dynamodb_item(stored, config(stored)) == item


def test_a_number_with_many_zeros_comes_back_as_a_python_value() -> None:
    item = {"pk": "a", "sk": 1, "secret": {Decimal("1E+38"), Decimal("-2.5")}, "signed": Decimal("1.0")}
    stored = encrypt_python_item(item, config({}))
    result = decrypt_python_item(stored, config({}))
    assert result == item
    assert str(result["signed"]) == "1.0", "a number that is only signed keeps its spelling"


def test_signing_does_not_depend_on_the_threads_decimal_context() -> None:
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "signed": {"N": "1234567.5"}}
    with decimal.localcontext(prec=3):
        stored = encrypt_dynamodb_item(item, config(item))
    assert decrypt_dynamodb_item(stored, config(stored))["signed"] == {"N": "1234567.5"}


@pytest.mark.parametrize("number", ["1" * 39, "1e127", "1e-200", "NaN", "Infinity", "one", ""])
def test_what_dynamodb_does_not_store_is_not_encrypted(number: str) -> None:
    with pytest.raises(decimal.DecimalException):
        serialize_attribute({"N": number})


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "NaN", "Infinity", "-1e126"])
def test_a_short_number_is_never_decrypted_to_a_long_string(number: str) -> None:
    data = number.encode()
    with pytest.raises(DeserializationError):
        deserialize_attribute(b"\x00n" + len(data).to_bytes(4) + data)
