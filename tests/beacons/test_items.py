from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from dynaseal import (
    CompoundBeacon,
    EncryptError,
    ItemEncryptor,
    KeyStoreError,
    SignatureError,
    SignedPart,
    StandardBeacon,
)
from support.patients import ACTIONS, key_store, table
from support.searchable import FakeKeyStore

NAME = StandardBeacon("name", 16)
PLACE = CompoundBeacon("place", "/", signed_parts=[SignedPart("ward", "w-")])
ANN = {"pk": {"S": "1"}, "ward": {"S": "7b"}, "name": {"S": "Ann"}}


def test_beacons_are_stored_beside_the_item_and_gone_when_it_is_read() -> None:
    encryptor = ItemEncryptor(table(NAME))

    stored = encryptor.encrypt_item(ANN)

    assert len(stored["aws_dbe_b_name"]["S"]) == 4
    assert encryptor.decrypt_item(stored) == ANN


def test_a_signed_beacon_is_an_attribute_in_the_signature() -> None:
    encryptor = ItemEncryptor(table(NAME, compound_beacons=[PLACE]))

    stored = encryptor.encrypt_item(ANN)

    assert encryptor.decrypt_item(stored) == {**ANN, "place": {"S": "w-7b"}}
    with pytest.raises(SignatureError):
        encryptor.decrypt_item({**stored, "place": {"S": "w-8"}})
    with pytest.raises(SignatureError):
        encryptor.decrypt_item({name: value for name, value in stored.items() if name != "place"})


def test_a_signed_beacon_can_be_the_partition_key() -> None:
    actions = {name: action for name, action in ACTIONS.items() if name != "pk"}
    encryptor = ItemEncryptor(table(NAME, actions=actions, partition_key="place", compound_beacons=[PLACE]))
    item = {"ward": {"S": "7b"}, "name": {"S": "Ann"}}

    stored = encryptor.encrypt_item(item)

    assert stored["place"] == {"S": "w-7b"}
    assert encryptor.decrypt_item(stored) == {**item, "place": {"S": "w-7b"}}


def test_a_changed_beacon_outside_the_signature_is_not_noticed() -> None:
    encryptor = ItemEncryptor(table(NAME))
    stored = encryptor.encrypt_item(ANN)
    assert encryptor.decrypt_item({**stored, "aws_dbe_b_name": {"S": "0000"}}) == ANN


def test_the_callers_item_is_not_changed() -> None:
    item: dict[str, Any] = {**ANN}
    ItemEncryptor(table(NAME, compound_beacons=[PLACE])).encrypt_item(item)
    assert item == ANN


def test_the_beacon_key_is_fetched_once_for_many_items() -> None:
    store = key_store()
    encryptor = ItemEncryptor(table(NAME, key_store=store))

    assert store.requested_ids == []
    for _ in range(3):
        encryptor.encrypt_item(ANN)

    assert store.requested_ids == ["tenant"]


def test_an_item_is_refused_if_its_beacon_key_cannot_be_fetched() -> None:
    encryptor = ItemEncryptor(table(NAME, key_store=FakeKeyStore({})))
    with pytest.raises(EncryptError, match="There is no branch key 'tenant'") as refused:
        encryptor.encrypt_item(ANN)
    assert isinstance(refused.value.__cause__, KeyStoreError)


def test_items_fall_into_all_partitions_when_none_is_chosen() -> None:
    encryptor = ItemEncryptor(table(StandardBeacon("name", 63), maximum_number_of_partitions=3))
    seen = Counter(encryptor.encrypt_item(ANN)["aws_dbe_b_name"]["S"] for _ in range(60))
    assert len(seen) == 3


def test_no_message_shows_a_value() -> None:
    beacon = CompoundBeacon("place", "/", signed_parts=[SignedPart("ward", "w-")])
    encryptor = ItemEncryptor(table(NAME, compound_beacons=[beacon]))
    with pytest.raises(EncryptError, match="The value of the part 'ward' contains '/'") as refused:
        encryptor.encrypt_item({**ANN, "ward": {"S": "secret/ward"}})
    assert "secret" not in str(refused.value)


def test_keys_do_not_show_in_a_repr() -> None:
    encryptor = ItemEncryptor(table(NAME))
    encryptor.encrypt_item(ANN)
    search: Any = encryptor.search
    (cached,) = search._cache._entries.values()

    for key in (bytes(range(32)), cached.value.beacons["name"]):
        for spelling in (repr(key)[2:-1], key.hex()):
            assert spelling not in f"{search!r} {cached!r}"
