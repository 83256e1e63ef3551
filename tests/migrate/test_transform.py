"""The pure transform: every source to every target, and what is skipped, changed and refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    BeaconVersion,
    CompoundBeacon,
    ConfigError,
    CryptoAction,
    ItemEncryptor,
    Legacy,
    LegacyPolicy,
    MultiKeyring,
    PlaintextPolicy,
    RawAesKeyring,
    SearchConfig,
    SignedPart,
    SingleKeySource,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
)
from dynaseal.migrate import PLAINTEXT, Outcome, transform
from dynaseal.migrate.sizes import MAX_ITEM_SIZE, item_size
from dynaseal.migrate.transforming import Transformer
from support import keyrings, strategies
from support.legacy import DYNASEAL, static_provider
from support.searchable import FakeKeyStore

OLD_KEY = RawAesKeyring("tests", "old", bytes(32))
NEW_KEY = RawAesKeyring("tests", "new", bytes(range(32)))
UNSIGNED_SUITE = AlgorithmSuite.COMMIT_KEY_SYMSIG
ENCRYPTED, SIGNED, UNSIGNED, IN_CONTEXT = (
    CryptoAction.ENCRYPT_AND_SIGN,
    CryptoAction.SIGN_ONLY,
    CryptoAction.DO_NOTHING,
    CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT,
)
VERSION = "11111111-1111-4111-8111-111111111111"
PERSON = {"pk": {"S": "ann"}, "city": {"S": "Bern"}, "salary": {"N": "9100"}, "note": {"S": "n"}}


FORCE_OLDER = LegacyPolicy.FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT
ALLOW_OLDER = LegacyPolicy.FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT


def older_item(item: dict[str, Any]) -> dict[str, Any]:
    """The item as the older library stores it, with the actions of `config`."""
    return encryptor(legacy=Legacy(FORCE_OLDER, static_provider(DYNASEAL))).encrypt_item(item)


def store(**versions: str) -> FakeKeyStore:
    """A key store with the branch key `tenant` and its beacon key; other keys by name and version."""
    names = {"tenant": VERSION, **versions}
    return FakeKeyStore(
        {
            name: {"id": name, "version": version, "branch_key_hex": "07" * 32, "beacon_key_hex": number * 32}
            for (name, version), number in zip(names.items(), ("09", "0a", "0b"), strict=False)
        }
    )


def search(
    *beacons: StandardBeacon, compound: tuple[CompoundBeacon, ...] = (), key: str = "tenant", **more: Any
) -> SearchConfig:
    return SearchConfig(
        [BeaconVersion(store(other=VERSION), SingleKeySource(key), beacons, compound, **more)]
    )


def config(keyring: Any = OLD_KEY, /, **more: Any) -> TableConfig:
    actions = more.pop("actions", {"city": SIGNED, "note": UNSIGNED})
    return TableConfig(
        "people",
        "pk",
        **{
            "attribute_actions": AttributeActions(attribute_actions=actions),
            "keyring": keyring,
            "algorithm_suite": UNSIGNED_SUITE,
            **more,
        },
    )


def encryptor(keyring: Any = OLD_KEY, /, **more: Any) -> ItemEncryptor:
    return ItemEncryptor(config(keyring, **more))


def plaintext_reader() -> ItemEncryptor:
    return encryptor(plaintext_policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ)


TARGETS = {
    "another key": lambda: encryptor(NEW_KEY),
    "two keys": lambda: encryptor(MultiKeyring(NEW_KEY, [OLD_KEY])),
    "other actions": lambda: encryptor(actions={"salary": SIGNED, "note": UNSIGNED}),
    "signed instead of unsigned": lambda: encryptor(actions={"city": SIGNED, "note": SIGNED}),
    "unsigned instead of signed": lambda: encryptor(actions={"city": UNSIGNED, "note": UNSIGNED}),
    "in the encryption context": lambda: encryptor(actions={"city": IN_CONTEXT, "pk": IN_CONTEXT}),
    "another suite": lambda: encryptor(algorithm_suite=AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG),
    "a beacon": lambda: encryptor(search=search(StandardBeacon("salary", 10))),
    "a hierarchical keyring": lambda: encryptor(
        AwsKmsHierarchicalKeyring(store(), branch_key_id="tenant", ttl_seconds=60)
    ),
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("kind", ["plaintext", "current"])
def test_every_item_is_changed_once_and_then_skipped(name: str, kind: str) -> None:
    target = TARGETS[name]()
    source = plaintext_reader() if kind == "plaintext" else encryptor()
    stored = source.encrypt_item(PERSON)

    outcome = transform(stored, source, target)

    assert (outcome.state, outcome.form, outcome.reason) == ("changed", kind, None)
    assert outcome.item is not None
    assert target.decrypt_item(outcome.item) == PERSON
    assert stored == source.encrypt_item(PERSON) if kind == "plaintext" else stored["pk"] == PERSON["pk"]
    again = transform(outcome.item, source, target)
    assert (again.state, again.form, again.item) == ("skipped", "current", outcome.item)
    assert again.keys == outcome.new_keys == again.new_keys


@pytest.mark.parametrize("kind", keyrings.KINDS, ids=str)
def test_an_item_is_skipped_under_every_kind_of_keyring(kind: keyrings.Kind) -> None:
    kms = keyrings.fake_kms()
    writer, reader = (keyrings.build(kms, **spec) for spec in (kind.writer, kind.reader or kind.writer))
    both = writer if kind.reader is None else MultiKeyring(writer, [ReaderOnly(reader)])
    target = encryptor(both, algorithm_suite=kind.suites[-1])
    stored = target.encrypt_item(PERSON)

    for _ in range(2):
        assert transform(stored, encryptor(NEW_KEY), target).state == "skipped"


class ReaderOnly:
    """A keyring that reads with another one and adds nothing when an item is written."""

    def __init__(self, keyring: Any) -> None:
        self._keyring = keyring
        self.on_decrypt = keyring.on_decrypt

    def on_encrypt(self, materials: Any) -> Any:
        return materials


@given(
    strategies.items,
    st.sampled_from([PlaintextPolicy.FORCE_WRITE_ALLOW_READ, None]),
    st.sampled_from(sorted(TARGETS)),
)
@settings(max_examples=60, deadline=None)
def test_no_value_is_lost_and_the_second_time_nothing_changes(
    item: dict[str, Any], policy: PlaintextPolicy | None, name: str
) -> None:
    source = encryptor(plaintext_policy=policy) if policy else encryptor()
    target = TARGETS[name]()
    stored = source.encrypt_item(item)

    outcome = transform(stored, source, target)

    if outcome.state == "failed":  # an attribute without an action that the target's context would need
        assert outcome.item is None
        assert outcome.reason
        return
    assert outcome.item is not None
    assert target.decrypt_item(outcome.item) == item
    assert transform(outcome.item, source, target).state == "skipped"
    back = transform(outcome.item, target, PLAINTEXT)
    assert back.item == item


def test_an_item_is_skipped_although_the_source_cannot_read_it() -> None:
    target = encryptor(NEW_KEY)
    assert transform(target.encrypt_item(PERSON), encryptor(), target).state == "skipped"


def test_an_item_with_a_wrong_signature_is_not_skipped() -> None:
    target = encryptor(NEW_KEY)
    stored = target.encrypt_item(PERSON) | {"city": {"S": "Basel"}}

    outcome = transform(stored, encryptor(), target)

    assert (outcome.state, outcome.form, outcome.item) == ("failed", "current", None)
    assert outcome.reason is not None
    assert "With the source: " in outcome.reason
    assert "With the target: The item does not verify" in outcome.reason
    assert outcome.keys == ("tests new",)


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ("aws_dbe_foot", "The item has aws_dbe_head and no aws_dbe_foot"),
        ("aws_dbe_head", "The item has aws_dbe_foot and no aws_dbe_head"),
    ],
)
def test_a_header_without_a_footer_is_damaged_and_not_plaintext(removed: str, reason: str) -> None:
    source = plaintext_reader()
    stored = encryptor().encrypt_item(PERSON)
    del stored[removed]

    outcome = transform(stored, source, encryptor(NEW_KEY))

    assert (outcome.state, outcome.form, outcome.reason) == ("failed", "damaged", reason)


@pytest.mark.parametrize(
    "stored",
    [
        PERSON | {"*amzn-ddb-map-desc*": {"B": b"1"}},
        PERSON | {"aws_dbe_b_city": {"S": "a"}},
        PERSON | {"aws_dbe_head": {"B": b"\x01\x00"}, "aws_dbe_foot": {"B": b""}},
        PERSON | {"aws_dbe_head": {"S": "x"}, "aws_dbe_foot": {"B": b""}},
    ],
)
def test_traces_of_encryption_are_damaged_and_not_plaintext(stored: dict[str, Any]) -> None:
    outcome = transform(stored, plaintext_reader(), encryptor(NEW_KEY))
    assert (outcome.state, outcome.form) == ("failed", "damaged")
    assert outcome.reason


def test_encrypted_attributes_that_lost_header_and_footer_are_damaged() -> None:
    stored = encryptor().encrypt_item(PERSON)
    del stored["aws_dbe_head"], stored["aws_dbe_foot"]
    outcome = transform(stored, plaintext_reader(), encryptor(NEW_KEY))
    assert (outcome.state, outcome.form) == ("failed", "damaged")


def test_a_signature_without_a_description_is_an_older_item() -> None:
    stored = PERSON | {"*amzn-ddb-map-sig*": {"B": b"1"}}
    outcome = transform(stored, plaintext_reader(), encryptor(NEW_KEY))
    assert (outcome.state, outcome.form) == ("failed", "older")


def older_reader(**more: Any) -> ItemEncryptor:
    return encryptor(legacy=Legacy(ALLOW_OLDER, static_provider(DYNASEAL)), **more)


@pytest.mark.parametrize("name", TARGETS)
def test_an_item_of_the_older_format_is_changed_once_and_then_skipped(name: str) -> None:
    source, target = older_reader(), TARGETS[name]()
    outcome = transform(older_item(PERSON), source, target)
    assert (outcome.state, outcome.form, outcome.reason) == ("changed", "older", None)
    assert outcome.item is not None
    assert target.decrypt_item(outcome.item) == PERSON
    assert transform(outcome.item, source, target).state == "skipped"
    assert transform(older_item(PERSON), source, PLAINTEXT).item == PERSON


def test_an_item_of_the_older_format_that_does_not_verify_fails() -> None:
    changed = older_item(PERSON) | {"city": {"S": "Basel"}}
    outcome = transform(changed, older_reader(), encryptor(NEW_KEY))
    assert (outcome.state, outcome.form) == ("failed", "older")
    assert outcome.reason


def test_a_table_with_all_three_kinds_of_item_is_read_by_one_source() -> None:
    source = older_reader(plaintext_policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ)
    target = encryptor(NEW_KEY)
    for stored, form in (
        (PERSON, "plaintext"),
        (older_item(PERSON), "older"),
        (encryptor().encrypt_item(PERSON), "current"),
    ):
        outcome = transform(stored, source, target)
        assert (outcome.state, outcome.form) == ("changed", form)
        assert outcome.item is not None
        assert target.decrypt_item(outcome.item) == PERSON
    assert verified(older_item(PERSON), source).reason == "The item is of the older library's format"


def test_the_target_does_not_write_the_older_format() -> None:
    with pytest.raises(ConfigError, match="in the older format"):
        transform(PERSON, encryptor(), encryptor(legacy=Legacy(FORCE_OLDER, static_provider(DYNASEAL))))


def test_plaintext_is_read_only_where_the_source_allows_it() -> None:
    outcome = transform(PERSON, encryptor(), encryptor(NEW_KEY))
    assert (outcome.state, outcome.form) == ("failed", "plaintext")
    assert outcome.reason is not None
    assert "not encrypted" in outcome.reason


def test_the_target_is_plaintext_only_by_name() -> None:
    with pytest.raises(ConfigError, match="without encryption") as refused:
        transform(PERSON, encryptor(), plaintext_reader())
    assert refused.value.hint is not None
    assert "--to plaintext" in refused.value.hint


def test_items_go_back_to_plaintext() -> None:
    source = encryptor(plaintext_policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ)
    outcome = transform(source.encrypt_item(PERSON), source, PLAINTEXT)
    assert (outcome.state, outcome.item, outcome.new_keys) == ("changed", PERSON, ())
    assert transform(PERSON, source, PLAINTEXT).state == "skipped"


def test_what_would_look_encrypted_is_not_written_as_plaintext() -> None:
    source = encryptor()
    ciphertext = encryptor(NEW_KEY).encrypt_item(PERSON)["salary"]
    outcome = transform(source.encrypt_item(PERSON | {"salary": ciphertext}), source, PLAINTEXT)
    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "form of ciphertext" in outcome.reason


def test_an_attribute_that_the_target_does_not_name_is_a_failure_and_not_a_skipped_item() -> None:
    actions = {"pk": SIGNED, "salary": ENCRYPTED, "note": UNSIGNED}
    target = encryptor(attribute_actions=actions, allowed_unsigned_attributes=["note"])
    outcome = transform(encryptor().encrypt_item(PERSON), encryptor(), target)
    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "'city' has no action" in outcome.reason


def test_an_item_that_would_grow_too_large_is_reported_before_it_is_written() -> None:
    large = PERSON | {"note": {"S": "n" * (MAX_ITEM_SIZE - 100)}}
    assert item_size(large) < MAX_ITEM_SIZE
    outcome = transform(large, plaintext_reader(), encryptor(NEW_KEY))
    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "409,600" in outcome.reason


BEACONS = (
    (search(StandardBeacon("salary", 10)), search(StandardBeacon("salary", 20))),
    (search(StandardBeacon("salary", 10)), search(StandardBeacon("salary", 10), key="other")),
    (
        search(StandardBeacon("salary", 10)),
        search(StandardBeacon("salary", 10), StandardBeacon("phone", 9)),
    ),
    (search(StandardBeacon("salary", 10)), None),
    (None, search(StandardBeacon("salary", 10))),
)


@pytest.mark.parametrize(("before", "after"), BEACONS)
def test_an_item_whose_beacons_would_change_is_changed(before: Any, after: Any) -> None:
    source, target = encryptor(search=before), encryptor(search=after)
    person = PERSON | {"phone": {"S": "1"}}
    stored = source.encrypt_item(person)

    outcome = transform(stored, source, target)

    assert outcome.state == "changed"
    assert outcome.item is not None
    names = {name for name in outcome.item if name.startswith("aws_dbe_b_")}
    assert names == {name for name in target.encrypt_item(person) if name.startswith("aws_dbe_b_")}
    assert transform(outcome.item, source, target).state == "skipped"


def test_a_beacon_in_any_partition_is_as_it_would_be() -> None:
    partitioned = search(StandardBeacon("salary", 10), maximum_number_of_partitions=7)
    target = encryptor(search=partitioned)
    states = {transform(target.encrypt_item(PERSON), target, target).state for _ in range(20)}
    assert states == {"skipped"}


def test_a_signed_beacon_is_made_again_from_its_parts() -> None:
    def with_beacon(prefix: str, key: Any) -> ItemEncryptor:
        parts = [SignedPart("city", prefix)]
        return encryptor(
            key,
            search=search(
                StandardBeacon("salary", 9), compound=(CompoundBeacon("place", ".", signed_parts=parts),)
            ),
        )

    source, target = with_beacon("C-", OLD_KEY), with_beacon("T-", NEW_KEY)
    stored = source.encrypt_item(PERSON)
    assert stored["place"] == {"S": "C-Bern"}

    outcome = transform(stored, source, target)

    assert outcome.item is not None
    assert outcome.item["place"] == {"S": "T-Bern"}
    assert transform(outcome.item, source, target).state == "skipped"
    plain = transform(outcome.item, target, PLAINTEXT)
    assert plain.item == PERSON


def surrogate(key: str = "tenant") -> ItemEncryptor:
    return encryptor(
        NEW_KEY,
        actions={"email": ENCRYPTED},
        search=search(key=key),
        surrogate_keys=[SurrogateKey("pk", source="email")],
    )


def test_a_key_becomes_a_token_and_its_value_moves_to_the_source() -> None:
    target = surrogate()
    outcome = transform(encryptor().encrypt_item(PERSON), encryptor(), target)
    assert outcome.item is not None
    assert outcome.item["pk"] != PERSON["pk"]
    expected = {name: value for name, value in PERSON.items() if name != "pk"} | {"email": PERSON["pk"]}
    assert target.decrypt_item(outcome.item) == expected
    assert transform(outcome.item, encryptor(), target).state == "skipped"


def test_a_key_that_would_be_lost_is_a_failure() -> None:
    stored = encryptor().encrypt_item(PERSON | {"email": {"S": "ann@example.com"}})
    outcome = transform(stored, encryptor(), surrogate())
    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "would be lost" in outcome.reason


def test_a_new_beacon_key_makes_new_tokens() -> None:
    source, target = surrogate(), surrogate("other")
    item = {"email": {"S": "ann@example.com"}}
    stored = source.encrypt_item(item)
    outcome = transform(stored, source, target)
    assert outcome.item is not None
    assert outcome.item["pk"] != stored["pk"]
    assert target.decrypt_item(outcome.item) == item


def test_tokens_cannot_go_back_to_plaintext() -> None:
    source = surrogate()
    outcome = transform(source.encrypt_item({"email": {"S": "ann@example.com"}}), source, PLAINTEXT)
    assert outcome.state == "failed"
    assert outcome.reason is not None
    assert "token" in outcome.reason


def test_a_new_version_of_a_branch_key_is_a_new_key() -> None:
    class Rotated(FakeKeyStore):
        def get_branch_key_version(self, branch_key_id: str, version: str) -> Any:
            return replace(self.get_active_branch_key(branch_key_id), branch_key_version=version)

    def under(version: str) -> ItemEncryptor:
        keys = Rotated(store(tenant=version).keys)
        return encryptor(AwsKmsHierarchicalKeyring(keys, branch_key_id="tenant", ttl_seconds=60))

    old, new = VERSION, "22222222-2222-4222-8222-222222222222"
    stored = under(old).encrypt_item(PERSON)
    outcome = transform(stored, under(new), under(new))
    assert outcome.state == "changed"
    assert outcome.keys == (f"aws-kms-hierarchy tenant version {old}",)
    assert outcome.new_keys == (f"aws-kms-hierarchy tenant version {new}",)
    assert transform(stored, under(old), under(old)).state == "skipped"


def test_an_item_that_is_skipped_costs_one_call_of_kms() -> None:
    kms = keyrings.fake_kms()
    target = encryptor(keyrings.build(kms, kind="kms", key="kms-a"))
    items = [target.encrypt_item(PERSON) for _ in range(5)]
    before = target.kms_calls.total()

    outcomes = [transform(item, encryptor(), target) for item in items]

    assert {outcome.state for outcome in outcomes} == {"skipped"}
    assert target.kms_calls.total() - before == len(items) + 1  # and one encryption, to learn the keys' names


def test_another_region_of_a_multi_region_key_is_the_same_key() -> None:
    kms = keyrings.fake_kms()
    here, there = (encryptor(keyrings.build(kms, kind="kms-mrk", key=key)) for key in ("mrk-us", "mrk-eu"))
    assert transform(here.encrypt_item(PERSON), there, there).state == "skipped"


def verified(item: Any, target: ItemEncryptor) -> Outcome:
    return Transformer(encryptor(), target).verify(item)


def test_verifying_says_how_an_item_differs() -> None:
    target = encryptor(NEW_KEY, plaintext_policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ)
    both = encryptor(MultiKeyring(NEW_KEY, [OLD_KEY]))
    assert verified(target.encrypt_item(PERSON), target).state == "skipped"
    assert verified(PERSON, target).reason == "The item is not encrypted"
    assert (
        verified(both.encrypt_item(PERSON), target).reason
        == "The item is encrypted under tests new, tests old"
    )
    assert verified(encryptor().encrypt_item(PERSON), target).state == "failed"
    beacons = encryptor(NEW_KEY, search=search(StandardBeacon("salary", 9)))
    assert (
        verified(target.encrypt_item(PERSON), beacons).reason
        == "The item is not as the target would write it"
    )


def test_an_item_that_is_not_in_wire_form_is_an_outcome_too() -> None:
    python_item: Any = {"pk": "ann"}
    outcome = transform(python_item, plaintext_reader(), encryptor(NEW_KEY))
    assert outcome.state == "failed"
    assert outcome.reason


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "ü"}, 2),
        ({"N": "0"}, 1),
        ({"N": "123"}, 3),
        ({"N": "-12.5"}, 4),
        ({"B": b"abc"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "22"]}, 4),
        ({"BS": [b"a", b"bc"]}, 3),
        ({"L": [{"S": "a"}, {"L": []}]}, 3 + 1 + 1 + 1 + 3),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
    ],
)
def test_sizes_are_as_dynamodb_counts_them(value: dict[str, Any], size: int) -> None:
    assert item_size({"a": value}) == 1 + size


@pytest.mark.parametrize(
    "keyring", [NEW_KEY, MultiKeyring(NEW_KEY, [RawAesKeyring("tests", "third", bytes(32))])]
)
def test_a_target_is_not_tried_if_the_item_names_none_of_its_keys(
    keyring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = encryptor(keyring)
    stored = encryptor().encrypt_item(PERSON)
    monkeypatch.setattr(target, "decrypt_item", lambda _: pytest.fail("it cannot read the item"))
    outcome = transform(stored, encryptor(), target)
    assert (outcome.state, outcome.keys) == ("changed", ("tests old",))


def test_two_keys_of_one_name_are_told_apart() -> None:
    same_name = RawAesKeyring("tests", "old", bytes(range(32)))
    outcome = transform(encryptor().encrypt_item(PERSON), encryptor(), encryptor(same_name))
    assert outcome.state == "changed"
    assert outcome.item is not None
    assert encryptor(same_name).decrypt_item(outcome.item) == PERSON
