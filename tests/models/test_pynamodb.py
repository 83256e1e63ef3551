"""Markers around the attributes of a PynamoDB Model."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from pynamodb.attributes import (
    DiscriminatorAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    VersionAttribute,
)
from pynamodb.connection import Connection
from pynamodb.models import Model

from dynaseal import (
    BeaconVersion,
    ConfigError,
    CryptoAction,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    UpdateMode,
    attach,
)
from dynaseal.models import Beacon, Surrogate, encrypted, in_context, signed, table_config, unsigned
from support.dynamodb import client_of, create_table, running_engine, session_arguments
from support.patients import key_store

KEYRING = RawAesKeyring("tests", "2026", bytes(32))


class Address(MapAttribute[str, Any]):
    street = encrypted(UnicodeAttribute())


class Person(Model):
    class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
        table_name = "people"

    pk = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)
    salary = encrypted(NumberAttribute(attr_name="wage", null=True))
    home = encrypted(Address(null=True))
    homes: Any = encrypted(ListAttribute(of=Address, null=True))
    anything: Any = encrypted(MapAttribute(null=True))
    version = signed(VersionAttribute())
    expires = unsigned(TTLAttribute(null=True))


def test_a_model_says_the_tables_name_its_keys_and_the_actions() -> None:
    config = table_config(Person, keyring=KEYRING)
    assert (config.logical_table_name, config.key_names) == ("people", ("pk", "number"))
    assert config.attribute_actions == {
        "pk": CryptoAction.SIGN_ONLY,
        "number": CryptoAction.SIGN_ONLY,
        "wage": CryptoAction.ENCRYPT_AND_SIGN,
        "home": CryptoAction.ENCRYPT_AND_SIGN,
        "homes": CryptoAction.ENCRYPT_AND_SIGN,
        "anything": CryptoAction.ENCRYPT_AND_SIGN,
        "version": CryptoAction.SIGN_ONLY,
        "expires": CryptoAction.DO_NOTHING,
    }


def test_another_logical_name_can_be_passed() -> None:
    assert table_config(Person, keyring=KEYRING, logical_table_name="staff").logical_table_name == "staff"


def test_a_subclass_inherits_the_markers() -> None:
    class Employee(Person):
        badge = encrypted(UnicodeAttribute())

    config = table_config(Employee, keyring=KEYRING)
    assert config.is_encrypted("badge")
    assert config.is_encrypted("wage")


def test_beacons_and_the_encryption_context_are_declared_too() -> None:
    class Patient(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
            table_name = "patients"

        pk = UnicodeAttribute(hash_key=True)
        tenant = in_context(UnicodeAttribute())
        name = encrypted(UnicodeAttribute(), Beacon(16))

    config = table_config(
        Patient,
        keyring=KEYRING,
        search=SearchConfig([BeaconVersion(key_store(), SingleKeySource("tenant"))]),
    )
    assert config.version == 2
    assert config.search is not None
    assert config.search.version.standard_beacons == (StandardBeacon("name", 16),)


@pytest.mark.parametrize("kind", [VersionAttribute, TTLAttribute, DiscriminatorAttribute])
def test_an_attribute_whose_value_dynamodb_compares_is_not_encrypted(kind: Any) -> None:
    class Compared(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
            table_name = "people"

        pk = UnicodeAttribute(hash_key=True)
        compared = encrypted(kind())

    with pytest.raises(ConfigError, match=rf"Compared\.compared is a {kind.__name__} and encrypted"):
        table_config(Compared, keyring=KEYRING)


@pytest.mark.parametrize("home", [Address(), ListAttribute(of=Address)])
def test_a_marker_inside_a_map_that_is_not_encrypted_is_refused(home: Any) -> None:
    class Resident(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
            table_name = "people"

        pk = UnicodeAttribute(hash_key=True)
        address = signed(home)

    with pytest.raises(ConfigError, match=r"Resident\.address has Encrypted\(\) inside its type"):
        table_config(Resident, keyring=KEYRING)


def test_attributes_without_a_marker_are_refused() -> None:
    class Open(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
            table_name = "people"

        pk = UnicodeAttribute(hash_key=True)
        salary = NumberAttribute()

    with pytest.raises(ConfigError, match=r"Open\.salary has no action"):
        table_config(Open, keyring=KEYRING)


@pytest.mark.parametrize("wrong", [UnicodeAttribute, "salary", None])
def test_only_attributes_of_pynamodb_can_be_marked(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="Only attributes of a PynamoDB Model"):
        encrypted(wrong)


def test_what_is_saved_is_encrypted_as_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_engine() as endpoint:
        plain = client_of(endpoint)
        name = create_table(plain, "pk", "number", numeric=("number",))
        arguments = session_arguments(endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", arguments["aws_access_key_id"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", arguments["aws_secret_access_key"])

        class Stored(Person):
            class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
                table_name = name
                region = arguments["region_name"]
                host = endpoint

        config = table_config(Stored, keyring=KEYRING, update_mode=UpdateMode.READ_MODIFY_WRITE)
        session = botocore.session.get_session()
        attach(session, {name: config})
        monkeypatch.setattr(Connection, "session", session)

        Stored("ann", 1, salary=9100, home=Address(street="Aarestrasse")).save()
        person = Stored.get("ann", 1)
        assert (person.salary, person.home.street, person.version) == (9100, "Aarestrasse", 1)
        person.update(actions=[Stored.salary.set(9200)])
        assert Stored.get("ann", 1).salary == 9200
        stored = plain.get_item(TableName=name, Key={"pk": {"S": "ann"}, "number": {"N": "1"}})["Item"]
        assert {attribute: next(iter(value)) for attribute, value in stored.items()} == {
            "pk": "S",
            "number": "N",
            "wage": "B",
            "home": "B",
            "version": "N",
            "aws_dbe_head": "B",
            "aws_dbe_foot": "B",
        }
        plain.close()


def test_the_real_value_of_a_hash_key_can_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_engine() as endpoint:
        plain = client_of(endpoint)
        name = create_table(plain, "pk")
        arguments = session_arguments(endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", arguments["aws_access_key_id"])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", arguments["aws_secret_access_key"])

        class Customer(Model):
            class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB adds the rest
                table_name = name
                region = arguments["region_name"]
                host = endpoint

            email = encrypted(UnicodeAttribute(hash_key=True), Surrogate("pk"))
            city = encrypted(UnicodeAttribute())

        search = SearchConfig([BeaconVersion(key_store(), SingleKeySource("tenant"))])
        config = table_config(Customer, keyring=KEYRING, search=search)
        session = botocore.session.get_session()
        attach(session, {name: config})
        monkeypatch.setattr(Connection, "session", session)

        Customer("ann@example.com", city="Bern").save()
        assert Customer.get("ann@example.com").city == "Bern"
        assert [found.city for found in Customer.query("ann@example.com")] == ["Bern"]
        (stored,) = plain.scan(TableName=name)["Items"]
        assert len(stored["pk"]["S"]) == 64
        assert "B" in stored["email"]
        plain.close()
