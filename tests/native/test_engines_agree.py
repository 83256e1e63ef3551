"""Both engines make the same of every item: what one accepts, the other accepts, with the same result."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynaseal.encryptor
from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    BranchKeyCache,
    CryptoAction,
    DefaultMaterialsManager,
    DynasealError,
    ItemEncryptor,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.materials.key_store.branch_keys import BranchKeyMaterials
from dynaseal.native import NativeEngine
from support import strategies

pytestmark = pytest.mark.usefixtures("engine")

VERSION = "f1b1c8a6-5a0c-4d4b-9a52-8c6f1c2f3a11"


class OneBranchKey:
    """A key store with one branch key, which counts how often it is asked."""

    def __init__(self) -> None:
        self.fetched = 0

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        self.fetched += 1
        return BranchKeyMaterials(branch_key_id, VERSION, bytes(range(32)), {})

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        self.fetched += 1
        return BranchKeyMaterials(branch_key_id, version, bytes(range(32)), {})


def hierarchical(**more: Any) -> AwsKmsHierarchicalKeyring:
    return AwsKmsHierarchicalKeyring(
        OneBranchKey(), **{"branch_key_id": "tenant", "ttl_seconds": 600, **more}
    )


KEYRINGS = {
    "raw 128": RawAesKeyring("tests", "one", bytes(16)),
    "raw 192": RawAesKeyring("tests", "one", bytes(24)),
    "raw 256": RawAesKeyring("tests", "one", bytes(range(32))),
    "hierarchical": hierarchical(),
}
DEFAULTS = [action for action in CryptoAction if action is not CryptoAction.DO_NOTHING]


def config(keyring: Any, suite: AlgorithmSuite, default: CryptoAction, **more: Any) -> TableConfig:
    actions = AttributeActions(default, {"free": CryptoAction.DO_NOTHING, "open": CryptoAction.SIGN_ONLY})
    return TableConfig(
        "people",
        "pk",
        **{"keyring": keyring, "attribute_actions": actions, "algorithm_suite": suite, **more},
    )


def in_python(table: TableConfig) -> ItemEncryptor:
    """An encryptor that uses the Python engine."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dynaseal.encryptor, "native_engine", lambda: None)
        return ItemEncryptor(table)


def natively(table: TableConfig) -> ItemEncryptor:
    """An encryptor that uses the native engine, and has what it needs in its caches."""
    encryptor = ItemEncryptor(table)
    encryptor.decrypt_item(encryptor.encrypt_item({"pk": {"S": "warm"}}))
    return encryptor


def native_result(encryptor: ItemEncryptor, stored: dict[str, Any]) -> dict[str, Any] | None:
    """What the native engine itself makes of a stored item."""
    native = encryptor._native
    assert native is not None
    try:
        return encryptor._decrypt_natively(native, stored)
    except (DynasealError, TypeError):
        return None


def outcome(encryptor: ItemEncryptor, stored: dict[str, Any]) -> Any:
    try:
        return encryptor.decrypt_item(stored)
    except (DynasealError, TypeError) as error:
        return type(error), str(error)


PAIRS = {
    (name, suite, default): (natively(table), in_python(table))
    for name, keyring in KEYRINGS.items()
    for suite in AlgorithmSuite
    for default in DEFAULTS
    for table in [config(keyring, suite, default)]
}
KINDS = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "x"]
pairs = st.sampled_from(sorted(PAIRS, key=str)).map(PAIRS.__getitem__)


@settings(deadline=None, max_examples=300)
@given(pairs, strategies.items)
def test_each_reads_what_the_other_writes(
    pair: tuple[ItemEncryptor, ItemEncryptor], item: dict[str, Any]
) -> None:
    native, python = pair
    assert native._native is not None
    shape = native._shapes.for_writing(tuple(item))
    stored = native._native.encrypt(shape, item)
    assert stored is not None
    assert list(stored) == list(python.encrypt_item(item))
    assert python.decrypt_item(stored) == native_result(native, stored)
    stored = python.encrypt_item(item)
    assert native_result(native, stored) == python.decrypt_item(stored)


def changed(stored: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """A stored item in which somebody has changed something."""
    name = data.draw(st.sampled_from(sorted(stored)))
    content = stored[name].get("B")
    how = data.draw(st.sampled_from(["flip", "cut", "add", "drop", "exchange", "insert", "value"]))
    if isinstance(content, bytes) and content and how in ("flip", "cut", "add"):
        at = data.draw(st.integers(0, len(content) - 1))
        parts = {
            "flip": content[:at] + bytes((content[at] ^ data.draw(st.integers(1, 255)),)) + content[at + 1 :],
            "cut": content[:at],
            "add": content[:at] + data.draw(st.binary(min_size=1, max_size=3)) + content[at:],
        }
        return {**stored, name: {"B": parts[how]}}
    if how == "drop":
        return {each: value for each, value in stored.items() if each != name}
    if how == "exchange":
        return {**stored, name: stored[data.draw(st.sampled_from(sorted(stored)))]}
    if how == "insert":
        return {**stored, data.draw(strategies.names): data.draw(strategies.values)}
    return {**stored, name: data.draw(strategies.values)}


@settings(deadline=None, max_examples=500)
@given(pairs, strategies.items, st.data())
def test_they_accept_the_same_changed_items_and_word_the_errors_alike(
    pair: tuple[ItemEncryptor, ItemEncryptor], item: dict[str, Any], data: st.DataObject
) -> None:
    native, python = pair
    stored = changed(python.encrypt_item(item), data)
    expected = outcome(python, stored)
    assert outcome(native, stored) == expected
    found = native_result(native, stored)
    assert found is None or found == expected


@settings(deadline=None, max_examples=300)
@given(
    pairs,
    strategies.names,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.binary(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "x"]),
                inner,
                max_size=2,
            )
        ),
        max_leaves=6,
    ),
)
def test_they_refuse_the_same_values(
    pair: tuple[ItemEncryptor, ItemEncryptor], name: str, value: Any
) -> None:
    native, python = pair
    item = {"pk": {"S": "k"}, name: value}

    def written(encryptor: ItemEncryptor) -> Any:
        try:
            return encryptor.decrypt_item(encryptor.encrypt_item(item))
        except (DynasealError, TypeError) as error:
            return type(error), str(error)

    assert written(native) == written(python)


# What the engine must not decide.


class Counted(RawAesKeyring):
    """A keyring of somebody's own."""

    calls = 0

    def on_encrypt(self, materials: Any) -> Any:
        self.calls += 1
        return super().on_encrypt(materials)


def test_a_subclass_of_a_keyring_is_asked() -> None:
    keyring = Counted("tests", "one", bytes(32))
    ItemEncryptor(config(keyring, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0])).encrypt_item(
        {"pk": {"S": "k"}}
    )
    assert keyring.calls == 1


def test_a_keyring_whose_method_was_replaced_is_asked() -> None:
    keyring = RawAesKeyring("tests", "one", bytes(32))
    encryptor = natively(config(keyring, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0]))
    calls: list[Any] = []
    original = keyring.on_encrypt
    keyring.on_encrypt = lambda materials: calls.append(materials) or original(materials)
    encryptor.encrypt_item({"pk": {"S": "k"}})
    assert len(calls) == 1


def test_a_materials_manager_is_asked() -> None:
    calls: list[Any] = []

    class Manager(DefaultMaterialsManager):
        def get_encryption_materials(
            self, suite: AlgorithmSuite, encryption_context: Any, required_context_keys: frozenset[str]
        ) -> Any:
            calls.append(suite)
            return super().get_encryption_materials(suite, encryption_context, required_context_keys)

    manager = Manager(RawAesKeyring("tests", "one", bytes(32)))
    table = config(None, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0], cmm=manager)
    ItemEncryptor(table).encrypt_item({"pk": {"S": "k"}})
    assert len(calls) == 1


def test_a_branch_key_whose_time_is_over_is_fetched_again() -> None:
    store, now = OneBranchKey(), [0.0]
    keyring = AwsKmsHierarchicalKeyring(
        store, branch_key_id="tenant", ttl_seconds=10, cache=BranchKeyCache(clock=lambda: now[0])
    )
    encryptor = ItemEncryptor(config(keyring, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0]))
    stored = encryptor.encrypt_item({"pk": {"S": "k"}})
    encryptor.decrypt_item(stored)
    assert store.fetched == 2
    for _ in range(3):
        encryptor.decrypt_item(encryptor.encrypt_item({"pk": {"S": "k"}}))
    assert store.fetched == 2
    now[0] = 11.0
    encryptor.decrypt_item(encryptor.encrypt_item({"pk": {"S": "k"}}))
    assert store.fetched == 4


def test_another_tenants_item_is_not_unwrapped() -> None:
    mine, theirs = hierarchical(), hierarchical(branch_key_id="other")
    stored = natively(config(theirs, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0])).encrypt_item(
        {"pk": {"S": "k"}}
    )
    reader = natively(config(mine, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0]))
    assert native_result(reader, stored) is None
    with pytest.raises(DynasealError, match="no data key under the branch key 'tenant'"):
        reader.decrypt_item(stored)


def test_nothing_shows_a_key(engine: NativeEngine) -> None:
    wrapper = engine.Wrapper.raw_aes("tests", "one", b"0123456789abcdef")
    assert "0123456789abcdef" not in repr(wrapper) + str(vars(type(wrapper)))


# Which engine is used.


def engine_name(choice: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from dynaseal.native import engine_name; print(engine_name())"],
        env={**os.environ, "DYNASEAL_ENGINE": choice},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("choice", "name"), [("", "native"), ("native", "native"), ("python", "python")])
def test_the_environment_chooses_the_engine(choice: str, name: str) -> None:
    assert engine_name(choice).stdout.startswith(name)


def test_an_engine_that_does_not_exist_is_refused() -> None:
    assert "Set it to python or native" in engine_name("rust").stderr
