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


def test_ciphertext_that_is_stored_as_a_string_of_the_same_bytes_is_refused() -> None:
    shape = Shape(
        layout=lay_out(2, [canonical_path("people", "secret")], b"e"),
        encrypted=("secret",),
        only_signed=(),
        names=("secret",),
        context=(),
        dropped=(),
        binds_keys=False,
    )
    ciphertext = b"\x00\x01" + b"x" * 21
    assert stored_fields(shape, {"secret": {"B": ciphertext}}) == ([(b"\x00\x01", b"x" * 21)], [])
    with pytest.raises(SignatureError):
        stored_fields(shape, {"secret": {"S": ciphertext.decode()}})
