"""Limits of an item, and attributes whose stored type is not the one that encryption gives them."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal import (
    AttributeActions,
    EncryptError,
    FormatError,
    ItemEncryptor,
    RawAesKeyring,
    SignatureError,
    TableConfig,
)
from dynaseal.core.engine import lay_out
from dynaseal.core.item import stored_fields
from dynaseal.core.paths import canonical_path
from dynaseal.core.shapes import Shape
from support.people import people

KEYRING = RawAesKeyring("tests", "key", bytes(32))
ITEM: dict[str, Any] = {"pk": {"S": "ann"}, "secret": {"S": "stone"}}


def test_an_item_has_at_most_as_many_signed_attributes_as_a_legend_can_list() -> None:
    config = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=KEYRING)
    item = {"pk": {"S": "ann"}} | {f"a{number}": {"NULL": True} for number in range(65_535)}
    with pytest.raises(EncryptError, match="65536 signed attributes, and at most 65,535 are allowed"):
        ItemEncryptor(config).encrypt_item(item)


@pytest.mark.parametrize("name", ["aws_dbe_head", "aws_dbe_foot"])
@pytest.mark.parametrize("other", [{"S": "x"}, {"NULL": True}])
def test_a_header_or_footer_with_a_second_value_is_refused(name: str, other: dict[str, Any]) -> None:
    encryptor = ItemEncryptor(people())
    stored = encryptor.encrypt_item(ITEM)
    with pytest.raises(FormatError, match=f"The attribute '{name}' is not binary"):
        encryptor.decrypt_item({**stored, name: {**stored[name], **other}})


SECRET_IS_ENCRYPTED = Shape(
    layout=lay_out(2, [canonical_path("people", "secret")], b"e"),
    encrypted=("secret",),
    only_signed=(),
    names=("secret",),
    context=(),
    dropped=(),
    binds_keys=False,
)


@pytest.mark.parametrize("ciphertext", [b"", b"x" * 21])
@pytest.mark.parametrize("binary", [bytes, bytearray])
def test_an_encrypted_attribute_is_a_type_id_and_ciphertext_of_any_length(
    ciphertext: bytes, binary: type[bytes | bytearray]
) -> None:
    stored = {"secret": {"B": binary(b"\x00\x01" + ciphertext)}}
    assert stored_fields(SECRET_IS_ENCRYPTED, stored) == ([(b"\x00\x01", ciphertext)], [])
    with pytest.raises(FormatError, match="'secret' is shorter than its type id"):
        stored_fields(SECRET_IS_ENCRYPTED, {"secret": {"B": binary(b"\x00")}})


def test_ciphertext_that_is_stored_as_another_type_of_the_same_bytes_is_refused() -> None:
    ciphertext = b"\x00\x01" + b"x" * 21
    with pytest.raises(SignatureError):
        stored_fields(SECRET_IS_ENCRYPTED, {"secret": {"S": ciphertext.decode()}})
    with pytest.raises(TypeError, match="'secret', the content of S must be str"):
        stored_fields(SECRET_IS_ENCRYPTED, {"secret": {"S": ciphertext}})


def test_base64_as_long_as_ciphertext_is_not_taken_for_ciphertext() -> None:
    with pytest.raises(FormatError, match="'secret' holds binary as a string"):
        ItemEncryptor(people()).decrypt_item({"pk": {"S": "ann"}, "secret": {"B": "AAEC" * 9}})
