"""Errors survive being copied and pickled, as a process pool does with those of its workers."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

import dynaseal
from dynaseal import ItemEncryptor, RawAesKeyring, SignatureError
from dynaseal.boto.interception.updates.errors import UpdateConflictError
from dynaseal.boto.keys.key_store_kms import KeyStoreKmsError
from dynaseal.boto.keys.key_store_table import KeyStoreTableError
from dynaseal.boto.keys.kms import KmsDecryptError, KmsEncryptError, KmsError
from dynaseal.errors import DynasealError, UnwrapError
from dynaseal.expressions.refusals import InvalidExpressionError
from support.people import people, person

RESPONSE = {
    "Error": {"Code": "AccessDeniedException", "Message": "no"},
    "ResponseMetadata": {"RetryAttempts": 1},
}
KEY_ID = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EXAMPLES: dict[type[DynasealError], Callable[[], DynasealError]] = {
    InvalidExpressionError: lambda: InvalidExpressionError("m", dynamodb_message="words"),
    SignatureError: SignatureError,
    UpdateConflictError: lambda: UpdateConflictError("people", "UpdateItem", 5),
    UnwrapError: lambda: UnwrapError("m", hint="h", causes=[KmsDecryptError(RESPONSE, "Decrypt", KEY_ID)]),
    KmsError: lambda: KmsError(RESPONSE, "Decrypt", KEY_ID, "us-west-2"),
    KmsEncryptError: lambda: KmsEncryptError(RESPONSE, "GenerateDataKey", KEY_ID, "us-west-2"),
    KmsDecryptError: lambda: KmsDecryptError(RESPONSE, "Decrypt", KEY_ID, "us-west-2"),
    KeyStoreKmsError: lambda: KeyStoreKmsError(RESPONSE, "Decrypt", KEY_ID),
    KeyStoreTableError: lambda: KeyStoreTableError(RESPONSE, "GetItem", "keys"),
}


def classes(base: type[DynasealError] = DynasealError) -> Iterator[type[DynasealError]]:
    """Yield every class of error in the library."""
    for name in dynaseal.__all__:
        getattr(dynaseal, name)  # imports every public module
    yield base
    for each in base.__subclasses__():
        if each.__module__.startswith("dynaseal."):
            yield from classes(each)


def example(kind: type[DynasealError]) -> DynasealError:
    """Return an error with every field set."""
    error = EXAMPLES[kind]() if kind in EXAMPLES else kind("message", hint="hint")
    error.where = "table people, item pk='ann'"
    error.add_note("a note")
    return error


def fields(error: BaseException) -> dict[str, Any]:
    """Return all that an error says, including its causes."""
    said = vars(error) | {"class": type(error), "str": str(error), "args": error.args}
    return {**said, "causes": [fields(cause) for cause in said.get("causes", ())]}


KINDS = sorted(set(classes()), key=str)
DUPLICATES: dict[str, Callable[[Any], Any]] = {
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "pickled": lambda error: pickle.loads(pickle.dumps(error)),
}


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
@pytest.mark.parametrize("how", DUPLICATES)
def test_an_error_keeps_its_fields(kind: type[DynasealError], how: str) -> None:
    error = example(kind)
    assert fields(DUPLICATES[how](error)) == fields(error)


def decrypt(stored: dict[str, Any]) -> None:
    config = people()
    ItemEncryptor(config).decrypt_item(stored)


def test_a_tampered_item_does_not_break_a_process_pool() -> None:
    stored = ItemEncryptor(people()).encrypt_item(person())
    stored["city"] = {"S": "Basel"}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(SignatureError, match="pk='ann'"):
            pool.submit(decrypt, stored).result()
        assert pool.submit(abs, -1).result() == 1


def test_an_error_of_a_subclass_keeps_what_the_subclass_adds() -> None:
    keyring = RawAesKeyring("tests", "key", bytes(32))
    error = example(UnwrapError)
    error.__dict__["keyring_name"] = repr(keyring)
    assert pickle.loads(pickle.dumps(error)).keyring_name == repr(keyring)
