"""What a configuration uses: whether it can write is what an attempt to write shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import (
    AttributeActions,
    AwsKmsDiscoveryKeyring,
    Curve,
    EncryptError,
    ItemEncryptor,
    MultiKeyring,
    RawAesKeyring,
    RawEcdhKeyring,
    RawRsaKeyring,
    RsaPadding,
    TableConfig,
)
from dynaseal.boto.keys.uses import uses_of
from support.keyrings import KEYS

ITEM = {"pk": {"S": "ann"}, "salary": {"N": "9100"}}
EC_PRIVATE = KEYS["ec-P-256-sender"]["private_key"].encode()
EC_PUBLIC = bytes.fromhex(KEYS["ec-P-256-recipient"]["public_key_der"])
RSA_PUBLIC, RSA_PRIVATE = (KEYS["rsa-a"][name].encode() for name in ("public_key", "private_key"))
PADDING = RsaPadding.OAEP_SHA256_MGF1
SINGLE = {
    "AES": RawAesKeyring("n", "k", bytes(32)),
    "discovery": AwsKmsDiscoveryKeyring(),
    "RSA, writing": RawRsaKeyring("n", "k", PADDING, public_key=RSA_PUBLIC),
    "RSA, reading": RawRsaKeyring("n", "k", PADDING, private_key=RSA_PRIVATE),
    "ECDH, static": RawEcdhKeyring.static(Curve.P256, EC_PRIVATE, EC_PUBLIC),
    "ECDH, ephemeral": RawEcdhKeyring.ephemeral(Curve.P256, EC_PUBLIC),
    "ECDH, discovery": RawEcdhKeyring.discovery(Curve.P256, EC_PRIVATE),
}
# Those that can write are more frequent: one that cannot decides for all around it.
WRITING = ["AES", "RSA, writing", "ECDH, static", "ECDH, ephemeral"]
ANY = st.one_of(st.sampled_from(WRITING), st.sampled_from(WRITING), st.sampled_from([*SINGLE])).map(
    SINGLE.get
)
NESTED = st.recursive(
    ANY,
    lambda inner: (
        st.builds(MultiKeyring, st.none(), st.lists(inner, min_size=1, max_size=2))
        | st.builds(MultiKeyring, inner, st.lists(inner, max_size=2))
    ),
    max_leaves=6,
)


def check(keyring: Any) -> None:
    config = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
    try:
        ItemEncryptor(config).encrypt_item(ITEM)
    except EncryptError:
        writes = False
    else:
        writes = True
    assert uses_of(config).can_write is writes


@pytest.mark.parametrize("kind", SINGLE)
def test_a_keyring_can_write_if_an_item_can_be_written_with_it(kind: str) -> None:
    check(SINGLE[kind])


@given(NESTED)
def test_combined_keyrings_can_write_if_an_item_can_be_written_with_them(keyring: Any) -> None:
    check(keyring)
