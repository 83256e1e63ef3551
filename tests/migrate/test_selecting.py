"""Which items a migration takes, by their keys and by the date of their branch key's version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dynaseal import (
    AwsKmsHierarchicalKeyring,
    ConfigError,
    EncryptedDataKey,
    KeyStoreError,
    MultiKeyring,
    RawAesKeyring,
)
from dynaseal.migrate.forms import key_names
from dynaseal.migrate.selecting import select
from support.searchable import FakeKeyStore

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RAW = RawAesKeyring("tests", "old", bytes(32))
MADE = datetime(2026, 1, 1, tzinfo=UTC)


class DatedStore(FakeKeyStore):
    """A key store whose versions are a day apart."""

    def get_creation_time(self, branch_key_id: str, version: str) -> datetime:
        self.requested_ids.append(branch_key_id)
        return MADE + timedelta(days=int(version))


def hierarchical(store: Any) -> AwsKmsHierarchicalKeyring:
    return AwsKmsHierarchicalKeyring(store, branch_key_id="tenant", ttl_seconds=60)


def test_items_under_an_older_version_are_taken_and_others_are_not() -> None:
    store = DatedStore({})
    selection = select((), MADE + timedelta(days=2), RAW, MultiKeyring(RAW, [hierarchical(store)]))
    for _ in range(3):
        assert selection.includes(["aws-kms-hierarchy a tenant version 1"])
        assert not selection.includes(["aws-kms-hierarchy a tenant version 2"])
    assert store.requested_ids == ["a tenant", "a tenant"]
    assert not selection.includes(["tests old"])
    assert not selection.includes([])


@pytest.mark.parametrize(
    ("key", "data_key"),
    [
        ("old", EncryptedDataKey("tests", b"old", bytes(304))),
        ("the old key", EncryptedDataKey("tests", b"the old key", bytes(304))),
        ("a tenant", EncryptedDataKey("aws-kms-hierarchy", b"a tenant", bytes(304))),
        (ARN, EncryptedDataKey("aws-kms", ARN.encode(), bytes(304))),
    ],
)
def test_items_are_selected_by_the_name_of_their_key_even_if_it_has_spaces(
    key: str, data_key: EncryptedDataKey
) -> None:
    names = key_names([data_key])
    assert select([key], None).includes(names)
    assert not select([f"{key}er"], None).includes(names)
    assert not select([key[:-1]], None).includes(names)


class WrongStore(FakeKeyStore):
    """A key store that returns something else than a version's time, until it is mended."""

    time: Any = None

    def get_creation_time(self, branch_key_id: str, version: str) -> Any:
        self.requested_ids.append(f"{branch_key_id} {version}")
        return self.time


@pytest.mark.parametrize(
    "time", [None, "2026-01-01", 5, MADE.date(), MADE.time(), MADE.replace(tzinfo=None)], ids=repr
)
def test_a_time_that_no_time_can_be_compared_with_is_a_key_store_error_and_is_not_kept(time: Any) -> None:
    store = WrongStore({})
    store.time = time
    selection = select((), MADE + timedelta(days=2), hierarchical(store))
    for _ in range(2):
        with pytest.raises(KeyStoreError, match=r"version '1' of the branch key 'a', .* with a time zone$"):
            selection.includes(["aws-kms-hierarchy a version 1"])
    store.time = MADE
    assert selection.includes(["aws-kms-hierarchy a version 1"])


class AsynchronousStore(FakeKeyStore):
    async def get_creation_time(self, branch_key_id: str, version: str) -> datetime:
        raise AssertionError(branch_key_id, version)


def test_an_asynchronous_key_store_is_refused_in_words() -> None:
    selection = select((), MADE, hierarchical(AsynchronousStore({})))
    for _ in range(2):
        with pytest.raises(ConfigError, match="asynchronous is used by code that blocks"):
            selection.includes(["aws-kms-hierarchy a version 1"])


def test_a_date_needs_a_key_store_that_has_dates() -> None:
    for keyrings in ((RAW,), (hierarchical(FakeKeyStore({})),), (None,)):
        with pytest.raises(ConfigError, match="only the versions of branch keys have dates"):
            select((), MADE, *keyrings)
    with pytest.raises(ConfigError, match="time zone"):
        select((), datetime(2026, 1, 1), hierarchical(DatedStore({})))


def test_one_key_that_is_not_in_a_list_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Write keys=\[...\]"):
        select("old", None)
