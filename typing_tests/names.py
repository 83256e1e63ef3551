"""The names of the package are known to type checkers, those that are imported lazily too; no others are."""

from typing import Any, assert_type

import dynaseal
from dynaseal import (
    CryptoAction,
    ItemEncryptor,
    KmsError,
)

assert_type(dynaseal.__version__, str)
assert_type(dynaseal.CryptoAction("SIGN_ONLY"), CryptoAction)
dynaseal.EncryptedTabel  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
CryptoAction.SIGN_EVERYTHING  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


def an_item_is_encrypted_and_decrypted(encryptor: ItemEncryptor) -> None:
    stored = encryptor.encrypt_item({"pk": {"S": "ann"}})
    assert_type(encryptor.decrypt_item(stored), dict[str, Any])


def a_refusal_of_kms_has_awss_code(error: KmsError) -> None:
    assert_type(error.response.get("Error", {}).get("Code", ""), str)
