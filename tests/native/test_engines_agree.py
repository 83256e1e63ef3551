"""Both engines make the same of every item: what one accepts, the other accepts, with the same result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynaseal.encryptor
from dynaseal import (
    AlgorithmSuite,
    AwsKmsHierarchicalKeyring,
    BranchKeyCache,
    DefaultMaterialsManager,
    DynasealError,
    ItemEncryptor,
    RawAesKeyring,
    UnwrapError,
)
from dynaseal.materials.model import DecryptionMaterials
from dynaseal.native import NativeEngine
from dynaseal.native_items import NativeItems
from native.cases import Cases, DifferenceError
from native.engines import (
    DEFAULTS,
    KNOWN,
    OTHERS,
    OneBranchKey,
    Pair,
    config,
    hierarchical,
    in_python,
    native_result,
    natively,
    pairs_of,
    raw,
    read,
    written,
)
from support import strategies

pytestmark = pytest.mark.usefixtures("engine")

PAIRS = pairs_of(KNOWN)
OTHER_PAIRS = pairs_of(OTHERS)
KINDS = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "x"]
pairs = st.sampled_from(sorted(PAIRS)).map(PAIRS.__getitem__)
other_pairs = st.sampled_from(sorted(OTHER_PAIRS)).map(OTHER_PAIRS.__getitem__)


@settings(deadline=None, max_examples=300)
@given(pairs, strategies.items)
def test_each_reads_what_the_other_writes(pair: Pair, item: dict[str, Any]) -> None:
    native, python = pair
    assert native._native_writer is not None
    stored = native._native_writer.encrypt(item)
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
    pair: Pair, item: dict[str, Any], data: st.DataObject
) -> None:
    native, python = pair
    stored = changed(python.encrypt_item(item), data)
    expected = read(python, stored)
    assert read(native, stored) == expected
    found = native_result(native, stored)
    assert found is None or found == expected
    assert native.usual_decrypted([stored]) == [found]


@settings(deadline=None, max_examples=300)
@given(
    pairs | other_pairs,
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
def test_they_refuse_the_same_values(pair: Pair, name: str, value: Any) -> None:
    native, python = pair
    item = {"pk": {"S": "k"}, name: value}
    assert written(native, item) == written(python, item)


# Items whose materials Python gets.


@settings(deadline=None, max_examples=200)
@given(other_pairs, strategies.items)
def test_each_reads_what_the_other_writes_with_materials_from_python(
    pair: Pair, item: dict[str, Any]
) -> None:
    native, python = pair
    expected = python.decrypt_item(python.encrypt_item(item))
    with pytest.MonkeyPatch.context() as patched:
        for name in ("seal", "unseal"):
            patched.delattr(dynaseal.encryptor.engine, name)
        stored = native.encrypt_item(item)
        assert native.decrypt_item(stored) == expected
    assert python.decrypt_item(stored) == expected
    assert list(stored) == list(python.encrypt_item(item))
    assert native.decrypt_item(python.encrypt_item(item)) == expected


@settings(deadline=None, max_examples=300)
@given(other_pairs, strategies.items, st.data())
def test_they_accept_the_same_changed_items_with_materials_from_python(
    pair: Pair, item: dict[str, Any], data: st.DataObject
) -> None:
    native, python = pair
    stored = changed(python.encrypt_item(item), data)
    assert read(native, stored) == read(python, stored)


def test_materials_that_do_not_fit_are_refused_alike() -> None:
    class Manager(DefaultMaterialsManager):
        length = 32

        def decrypt_materials(self, *arguments: Any, **more: Any) -> DecryptionMaterials:
            found = super().decrypt_materials(*arguments, **more)
            assert found.plaintext_data_key
            assert found.symmetric_signing_key
            return found.with_unwrapped_key(
                found.plaintext_data_key[: self.length], found.symmetric_signing_key
            )

    manager = Manager(RawAesKeyring("tests", "one", bytes(32)))
    table = config(None, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0], cmm=manager)
    native, python = natively(table), in_python(table)
    stored = python.encrypt_item({"pk": {"S": "k"}, "x": {"N": "1"}})
    manager.length = 31
    assert read(native, stored) == read(python, stored)


# Many items at once.


@settings(deadline=None, max_examples=100)
@given(pairs | other_pairs, st.lists(strategies.items, max_size=5), st.data())
def test_many_items_are_as_each_of_them(pair: Pair, items: list[dict[str, Any]], data: st.DataObject) -> None:
    native, python = pair
    stored = native.encrypt_many(items)
    assert [python.decrypt_item(each) for each in stored] == [
        python.decrypt_item(python.encrypt_item(item)) for item in items
    ]
    assert native.decrypt_many(stored) == [python.decrypt_item(each) for each in stored]
    some_changed = [changed(each, data) if data.draw(st.booleans()) else each for each in stored]
    for each, usual in zip(some_changed, native.usual_decrypted(some_changed), strict=True):
        assert usual is None or usual == read(python, each)
        assert read(native, each) == read(python, each)


def test_one_of_many_items_is_refused_as_by_itself() -> None:
    native, python = PAIRS["raw 256", "COMMIT_KEY_SYMSIG", DEFAULTS[0].name]
    items = [{"pk": {"S": str(number)}} for number in range(200)]
    stored = native.encrypt_many(items)
    stored[150] = {**stored[150], "aws_dbe_foot": stored[149]["aws_dbe_foot"]}
    usual = native.usual_decrypted(stored)
    assert [plain for plain in usual if plain] == items[:150] + items[151:]
    assert usual[150] is None
    with pytest.raises(DynasealError) as refused:
        native.decrypt_many(stored)
    assert (type(refused.value), str(refused.value)) == read(python, stored[150])


@pytest.mark.parametrize(
    "item", [None, [], "x", {"pk": 1}, {1: {"S": "k"}}, {"pk": {"S": "k"}, "aws_dbe_x": {}}]
)
def test_many_items_leave_what_is_unusual_to_python(item: Any) -> None:
    native, _ = PAIRS["raw 256", "COMMIT_KEY_SYMSIG", DEFAULTS[0].name]
    usual = {"pk": {"S": "k"}}
    assert [stored is None for stored in native.usual_encrypted([usual, item, usual])] == [False, True, False]
    stored = native.encrypt_item(usual)
    assert native.usual_decrypted([item, stored]) == [None, usual]


@pytest.mark.parametrize("suite", AlgorithmSuite)
def test_many_items_may_come_from_any_iterable(suite: AlgorithmSuite) -> None:
    items = [{"pk": {"S": str(number)}} for number in range(3)]
    for encryptor in PAIRS["raw 256", suite.name, DEFAULTS[0].name]:
        stored = encryptor.encrypt_many(item for item in items)
        assert encryptor.decrypt_many(iter(stored)) == items
        assert encryptor.decrypt_many(dict(enumerate(stored)).values()) == items


@pytest.mark.parametrize("item", [None, [], "item", b"item", 1, [("pk", {"S": "k"})]])
def test_what_is_not_an_item_is_a_type_error(item: Any) -> None:
    expected = f"an item is a dictionary of attribute names and values, not {type(item).__name__}"
    for encryptor in PAIRS["raw 256", "COMMIT_KEY_SYMSIG", DEFAULTS[0].name]:
        for method in (encryptor.encrypt_item, encryptor.decrypt_item):
            with pytest.raises(TypeError, match=expected):
                method(item)
        for method in (encryptor.encrypt_many, encryptor.decrypt_many):
            with pytest.raises(TypeError, match=expected):
                method([item])


def test_a_method_that_was_replaced_is_called_for_each_of_many_items() -> None:
    calls: list[Any] = []

    class Counting(ItemEncryptor):
        def decrypt_item(self, encrypted_item: Any) -> dict[str, Any]:
            calls.append(encrypted_item)
            return super().decrypt_item(encrypted_item)

    keyring = RawAesKeyring("tests", "one", bytes(32))
    encryptor = Counting(config(keyring, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0]))
    stored = encryptor.encrypt_many([{"pk": {"S": "k"}}] * 3)
    assert encryptor.decrypt_many(stored) == [{"pk": {"S": "k"}}] * 3
    assert calls == stored


# What `make fuzz-engines` does a million times.


def test_random_cases_make_no_difference() -> None:
    cases, count = Cases(seed=17), 0
    for compared in cases.run():
        count += compared
        if count > 2000:
            break
    assert count / 4 < cases.accepted < count * 3 / 4


def test_a_difference_is_found() -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(NativeItems, "decrypt", lambda _self, _item: {"pk": {"S": "k"}})
        with pytest.raises(DifferenceError):
            for _ in Cases(seed=17).run():
                pass


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


@pytest.mark.parametrize("make", [raw, hierarchical])
def test_a_method_that_was_replaced_on_the_class_of_a_keyring_is_called(make: Any) -> None:
    encryptor = natively(config(make(), AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0]))
    item = {"pk": {"S": "k"}}
    stored = encryptor.encrypt_item(item)
    calls = (
        ("on_encrypt", lambda: encryptor.encrypt_item(item)),
        ("on_encrypt", lambda: encryptor.encrypt_many([item])),
        ("on_decrypt", lambda: encryptor.decrypt_item(stored)),
        ("on_decrypt", lambda: encryptor.decrypt_many([stored])),
    )
    for name, call in calls:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(
                type(encryptor.config.keyring), name, mock.Mock(side_effect=UnwrapError("replaced"))
            )
            with pytest.raises(UnwrapError, match="replaced"):
                call()
        call()


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


def test_a_branch_key_whose_time_ends_during_a_long_list_is_fetched_again() -> None:
    store, now = OneBranchKey(), [0.0]

    def clock() -> float:
        now[0] += 0.001
        return now[0]

    keyring = AwsKmsHierarchicalKeyring(
        store, branch_key_id="tenant", ttl_seconds=1, cache=BranchKeyCache(clock=clock)
    )
    encryptor = ItemEncryptor(config(keyring, AlgorithmSuite.COMMIT_KEY_SYMSIG, DEFAULTS[0]))
    items = [{"pk": {"S": str(number)}} for number in range(3000)]
    encryptor.encrypt_item(items[0])
    assert encryptor.decrypt_many(encryptor.encrypt_many(items)) == items
    assert store.fetched >= 6


def test_long_lists_are_passed_to_the_engine_in_parts() -> None:
    native, _ = PAIRS["raw 256", "COMMIT_KEY_SYMSIG", DEFAULTS[0].name]
    items = native._native_reader
    assert items is not None
    plain = [{"pk": {"S": str(number)}} for number in range(2500)]
    stored = native.encrypt_many(plain)
    lengths: list[int] = []
    for name, long in (("encrypt_many", plain), ("decrypt_many", stored)):
        original = getattr(items._engine, name)

        def counting(jobs: Any, *more: Any, original: Any = original) -> Any:
            lengths.append(len(jobs))
            return original(jobs, *more)

        with mock.patch.object(items, "_engine", mock.Mock(**{name: counting})):
            assert len(getattr(items, name)(long)) == len(plain)
    assert sum(lengths) == 2 * len(plain)
    assert max(lengths) <= 1024


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


def engine_name(choice: str, *path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from dynaseal.native import engine_name; print(engine_name())"],
        env={**os.environ, "DYNASEAL_ENGINE": choice, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("choice", "name"), [("", "native"), ("native", "native"), ("python", "python")])
def test_the_environment_chooses_the_engine(choice: str, name: str) -> None:
    assert engine_name(choice).stdout.startswith(name)


UNUSABLE = {
    "raise ImportError('built for another system')": "cannot be imported: built for another system",
    "INTERFACE = 1": "does not fit this version of dynaseal",
    "": "does not fit this version of dynaseal",
}


@pytest.mark.parametrize("code", UNUSABLE)
def test_an_engine_that_cannot_be_used_is_left_out_unless_it_is_asked_for(code: str, tmp_path: Path) -> None:
    (tmp_path / "dynaseal_native.py").write_text(code)
    by_default = engine_name("", tmp_path)
    assert by_default.stdout == "python\n"
    assert "The native engine is not used" in by_default.stderr
    assert UNUSABLE[code] in by_default.stderr
    asked_for = engine_name("native", tmp_path)
    assert asked_for.returncode == 1
    assert UNUSABLE[code] in asked_for.stderr
    assert "ConfigError" in asked_for.stderr


def test_an_engine_that_does_not_exist_is_refused() -> None:
    assert "Set it to python or native" in engine_name("rust").stderr
