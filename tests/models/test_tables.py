"""One declaration on every kind of model, and the declarations that contradict themselves."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, make_dataclass
from keyword import iskeyword
from typing import Annotated, Any, Final, NotRequired, TypedDict

import attrs
import pydantic
import pytest
import typing_extensions
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from dynaseal import (
    AsSet,
    BeaconVersion,
    ConfigError,
    CryptoAction,
    EncryptError,
    ItemEncryptor,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
)
from dynaseal.models import (
    Beacon,
    Encrypted,
    InContext,
    PartitionKey,
    Signed,
    SortKey,
    Surrogate,
    Unsigned,
    table_config,
)
from dynaseal.models.markers import ACTIONS
from dynaseal.models.tables import Settings
from support.patients import key_store

KEYRING = RawAesKeyring("tests", "2026", bytes(32))
SEARCH = SearchConfig([BeaconVersion(key_store(), SingleKeySource("tenant"))])
Secret = Annotated[str, Encrypted()]


@dataclass
class Person:
    pk: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    salary: Annotated[int, Encrypted()]
    city: Annotated[str, Signed()]
    visits: Annotated[int, Unsigned()]
    note: Secret | None = None


@pydantic.dataclasses.dataclass
class ValidatedPerson:
    pk: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    salary: Annotated[int, Encrypted()]
    city: Annotated[str, Signed()]
    visits: Annotated[int, Unsigned()]
    note: Secret | None = None


class PydanticPerson(pydantic.BaseModel):
    pk: Annotated[str, PartitionKey(), pydantic.Field(min_length=1)]
    number: Annotated[int, SortKey()]
    salary: Annotated[int, Encrypted()] = pydantic.Field(gt=0)
    city: Annotated[str, Signed()]
    visits: Annotated[int, Unsigned()]
    note: Secret | None = None


@attrs.define
class AttrsPerson:
    pk: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    salary: Annotated[int, Encrypted()]
    city: Annotated[str, Signed()]
    visits: Annotated[int, Unsigned()]
    note: Secret | None = None


class TypedPerson(TypedDict):
    pk: Annotated[str, PartitionKey()]
    number: Annotated[int, SortKey()]
    salary: Annotated[int, Encrypted()]
    city: Annotated[str, Signed()]
    visits: Annotated[NotRequired[int], Unsigned()]
    note: NotRequired[Secret]


class ExtendedPerson(typing_extensions.TypedDict):
    pk: typing_extensions.ReadOnly[Annotated[str, PartitionKey()]]
    number: Annotated[int, SortKey()]
    salary: typing_extensions.Required[Annotated[int, Encrypted()]]
    city: Annotated[str, Signed()]
    visits: Annotated[int, Unsigned()]
    note: typing_extensions.NotRequired[Secret]


MODELS = [Person, ValidatedPerson, PydanticPerson, AttrsPerson, TypedPerson, ExtendedPerson]


def config_of(model: Any, **more: Any) -> TableConfig:
    arguments: dict[str, Any] = {"keyring": KEYRING, "logical_table_name": "people", **more}
    return table_config(model, **arguments)


def model_of(**annotations: Any) -> type:
    return make_dataclass("Model", list(annotations.items()))


@pytest.mark.parametrize("model", MODELS)
def test_every_kind_of_model_declares_the_same_table(model: type) -> None:
    config = config_of(model)
    assert (config.logical_table_name, config.key_names) == ("people", ("pk", "number"))
    assert config.attribute_actions == {
        "pk": CryptoAction.SIGN_ONLY,
        "number": CryptoAction.SIGN_ONLY,
        "salary": CryptoAction.ENCRYPT_AND_SIGN,
        "city": CryptoAction.SIGN_ONLY,
        "visits": CryptoAction.DO_NOTHING,
        "note": CryptoAction.ENCRYPT_AND_SIGN,
    }
    assert config.allowed_unsigned_attributes == {"visits"}


@pytest.mark.parametrize(
    ("model", "as_dict"),
    [
        (Person, asdict),
        (ValidatedPerson, asdict),
        (PydanticPerson, pydantic.BaseModel.model_dump),
        (AttrsPerson, attrs.asdict),
        (TypedPerson, dict),
    ],
)
def test_an_item_of_a_model_is_stored_as_declared(model: Any, as_dict: Any) -> None:
    encryptor = ItemEncryptor(config_of(model))
    item = as_dict(model(pk="ann", number=1, salary=9100, city="Bern", visits=3, note="x"))
    stored = encryptor.encrypt_python_item(item)
    in_clear = {name for name in item if stored[name] == item[name]}
    assert in_clear == {"pk", "number", "city", "visits"}
    assert encryptor.decrypt_python_item(stored) == item


def test_an_attribute_that_is_no_field_is_refused_when_it_is_written() -> None:
    encryptor = ItemEncryptor(config_of(Person))
    with pytest.raises(EncryptError, match="The attribute 'other' has no action"):
        encryptor.encrypt_python_item({"pk": "ann", "number": 1, "other": "x"})


def test_a_key_is_in_the_encryption_context_if_any_attribute_is() -> None:
    config = config_of(model_of(pk=Annotated[str, PartitionKey()], tenant=Annotated[str, InContext()]))
    assert config.version == 2
    stored = ItemEncryptor(config).encrypt_item({"pk": {"S": "ann"}, "tenant": {"S": "acme"}})
    assert {stored["pk"]["S"], stored["tenant"]["S"]} == {"ann", "acme"}


def test_a_field_without_a_marker_has_the_default_action() -> None:
    model = model_of(pk=Annotated[str, PartitionKey()], free=str)
    config = config_of(model, default_action=CryptoAction.ENCRYPT_AND_SIGN)
    assert config.is_encrypted("free")
    assert not config.is_encrypted("pk")


def test_beacons_are_added_to_the_search_configuration() -> None:
    model = model_of(
        pk=Annotated[str, PartitionKey()],
        name=Annotated[str, Encrypted(), Beacon(16)],
        city=Annotated[str, Encrypted(), Beacon(8, name="place")],
        tags=Annotated[set[str], Encrypted(), Beacon(4, style=AsSet())],
    )
    config = config_of(model, search=SEARCH)
    assert config.search is not None
    assert config.search.version.standard_beacons == (
        StandardBeacon("name", 16),
        StandardBeacon("place", 8, loc="city"),
        StandardBeacon("tags", 4, style=AsSet()),
    )
    stored = ItemEncryptor(config).encrypt_item(
        {"pk": {"S": "1"}, "name": {"S": "Ann"}, "city": {"S": "Bern"}}
    )
    assert {"aws_dbe_b_name", "aws_dbe_b_place"} <= stored.keys()
    assert SEARCH.version.standard_beacons == ()


def test_the_real_value_of_a_key_is_marked_where_it_is() -> None:
    model = model_of(
        email=Annotated[str, PartitionKey(), Encrypted(), Surrogate("pk")],
        number=Annotated[int, SortKey()],
    )
    config = config_of(model, search=SEARCH)
    assert config.key_names == ("pk", "number")
    assert config.surrogate_keys == (SurrogateKey("pk", source="email"),)
    encryptor = ItemEncryptor(config)
    item = {"email": {"S": "ann@example.com"}, "number": {"N": "1"}}
    stored = encryptor.encrypt_item(item)
    assert len(stored["pk"]["S"]) == 64
    assert encryptor.decrypt_item(stored) == item


def test_the_key_with_the_token_may_be_a_field_too() -> None:
    model = model_of(pk=Annotated[str, PartitionKey()], email=Annotated[str, Encrypted(), Surrogate("pk")])
    config = config_of(model, search=SEARCH)
    assert config.surrogate_keys == (SurrogateKey("pk", source="email"),)
    assert ItemEncryptor(config).encrypt_item({"email": {"S": "a"}}).keys() >= {"pk", "email"}


class Aliased(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(alias_generator=to_camel)
    person_id: Annotated[str, PartitionKey()]
    yearly_salary: Annotated[int, Encrypted()]
    cache: int = pydantic.Field(exclude=True, default=0)

    @pydantic.computed_field
    @property
    def monthly_salary(self) -> Annotated[int, Encrypted()]:
        return self.yearly_salary // 12


class AliasedByItself(Aliased):
    model_config = pydantic.ConfigDict(serialize_by_alias=True)


@pytest.mark.parametrize(
    ("model", "by_alias"), [(Aliased, None), (Aliased, True), (Aliased, False), (AliasedByItself, None)]
)
def test_a_pydantic_models_attributes_are_those_that_it_dumps(
    model: type[Aliased], by_alias: bool | None
) -> None:
    config = config_of(model, by_alias=by_alias)
    dumped = model(personId="ann", yearlySalary=1200).model_dump(by_alias=by_alias)  # pyright: ignore[reportCallIssue] aliases
    assert config.named_attributes == dumped.keys()
    assert len(dumped) == 3


def test_a_subclass_declares_its_own_fields_beside_the_inherited_ones() -> None:
    @dataclass
    class Employee(Person):
        badge: Annotated[str, Encrypted()] = ""

    names = {field.name for field in fields(Employee)}
    assert names == {*config_of(Employee).named_attributes}


@dataclass
class Address:
    street: Annotated[str, Encrypted()]


class PydanticAddress(pydantic.BaseModel):
    street: Annotated[str, Encrypted()]


class Tags(pydantic.RootModel[list[str]]):
    pass


@dataclass
class Tree:
    pk: Annotated[str, PartitionKey()]
    children: Annotated[list[Tree], Encrypted()]


@pytest.mark.parametrize(
    "kind", [Address, PydanticAddress, list[Address], dict[str, Address | None], list[Secret], Tags]
)
def test_what_is_inside_an_encrypted_field_may_be_marked_encrypted(kind: Any) -> None:
    model = model_of(pk=Annotated[str, PartitionKey()], inside=Annotated[kind, Encrypted()])
    assert config_of(model).is_encrypted("inside")


def test_a_model_may_contain_itself() -> None:
    assert config_of(Tree).is_encrypted("children")


@pytest.mark.parametrize(
    "kind", [Address, PydanticAddress, list[Address], list[Secret], str | Annotated[int, Encrypted()]]
)
def test_a_marker_without_an_effect_is_refused(kind: Any) -> None:
    model = model_of(pk=Annotated[str, PartitionKey()], inside=Annotated[kind, Signed()])
    with pytest.raises(ConfigError, match=r"Model\.inside has Encrypted\(\) inside its type|no effect"):
        config_of(model)


_KEY = Annotated[str, PartitionKey()]


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"x": Secret}, "Model has no partition key"),
        ({"pk": _KEY, "x": str}, r"Model\.x has no action"),
        ({"pk": _KEY, "x": Annotated[str, Encrypted]}, r"Write Encrypted\(\) with parentheses"),
        (
            {"pk": _KEY, "x": Annotated[str, Encrypted(), Signed()]},
            "more than one action: Encrypted and Signed",
        ),
        ({"pk": _KEY, "x": Annotated[str, Encrypted(), Encrypted()]}, "more than one action"),
        ({"pk": _KEY, "x": _KEY}, r"more than one PartitionKey: Model\.pk and Model\.x"),
        ({"pk": Annotated[str, PartitionKey(), SortKey()]}, "both partition key and sort key"),
        ({"pk": Annotated[str, PartitionKey(), Encrypted()]}, "is a key and encrypted"),
        ({"pk": Annotated[str, PartitionKey(), Unsigned()]}, "is a key with the action DO_NOTHING"),
        (
            {"pk": Annotated[str, PartitionKey(), Signed()], "x": Annotated[str, InContext()]},
            "is a key with the action SIGN_ONLY",
        ),
        (
            {"pk": _KEY, "x": Annotated[str, Signed(), Beacon(8)]},
            r"Model\.x has a Beacon and is not encrypted",
        ),
        ({"pk": _KEY, "x": Annotated[str, Encrypted(), Beacon(8)]}, "no key for it"),
        (
            {"pk": _KEY, "x": Annotated[str, Signed(), Surrogate("pk")]},
            "has a Surrogate and is not encrypted",
        ),
        (
            {"pk": _KEY, "x": Annotated[str, Encrypted(), Surrogate("sk")]},
            "'sk' of 'x' is not a key of the table",
        ),
        (
            {"pk": _KEY, "x": Annotated[str, Encrypted(), Surrogate("a"), Surrogate("b")]},
            "Surrogate more than once",
        ),
        ({"pk": _KEY, "x": Annotated[str, Encrypted(), Beacon(8), Beacon(9)]}, "Beacon more than once"),
        ({"pk": _KEY, "aws_dbe_x": Secret}, "reserved"),
        ({"pk": _KEY, "x": "Missing"}, "'Missing' is not defined"),
    ],
)
def test_a_model_that_contradicts_itself_is_refused(annotations: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_of(model_of(**annotations))


def test_a_beacon_that_is_declared_twice_is_refused() -> None:
    model = model_of(pk=_KEY, x=Annotated[str, Encrypted(), Beacon(8)])
    version = BeaconVersion(key_store(), SingleKeySource("tenant"), [StandardBeacon("x", 9)])
    with pytest.raises(ConfigError, match="'x'"):
        ItemEncryptor(config_of(model, search=SearchConfig([version])))


class Excluded(pydantic.BaseModel):
    pk: Annotated[str, PartitionKey()]
    x: Annotated[str, Encrypted()] = pydantic.Field(exclude=True)


class Twice(pydantic.BaseModel):
    pk: Annotated[str, PartitionKey()]
    x: Annotated[str, Encrypted()] = pydantic.Field(serialization_alias="pk")


@pytest.mark.parametrize(
    ("model", "more", "message"),
    [
        (object, {}, "object is not a model"),
        (Tags, {}, "Tags is not a model"),
        (dict, {}, "dict is not a model"),
        (Person("a", 1, 1, "b", 1), {}, "A model must be a class"),
        (Person, {"by_alias": True}, "by_alias is only for pydantic"),
        (Person, {"logical_table_name": None}, "no name for its table"),
        (Person, {"default_action": "ENCRYPT"}, "default_action must be"),
        (Person, {"search": "beacons"}, "search must be"),
        (Person, {"keyring": None}, "either a keyring or a cmm"),
        (Excluded, {}, "exclude=True"),
        (Twice, {"by_alias": True}, "2 fields of Twice are stored as the attribute 'pk'"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(model: Any, more: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_of(model, **more)


def test_every_argument_of_a_tables_configuration_comes_from_the_model_or_can_be_passed() -> None:
    from_the_model = {
        "partition_key_name",
        "sort_key_name",
        "attribute_actions",
        "allowed_unsigned_attributes",
        "allowed_unsigned_attribute_prefix",  # a model names all attributes
        "surrogate_keys",
    }
    passed = {*inspect.signature(table_config).parameters, *Settings.__annotations__} - {"settings"}
    assert set(inspect.signature(TableConfig).parameters) - from_the_model <= passed


@settings(deadline=None)  # the first example imports what the others use
@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1, max_size=4).filter(lambda name: not iskeyword(name)),
        st.sampled_from([*ACTIONS]),
        max_size=6,
    )
)
def test_the_actions_are_the_markers(markers: dict[str, type[Any]]) -> None:
    annotations: dict[str, Any] = {name: Annotated[str, kind()] for name, kind in markers.items()}
    config = config_of(model_of(pk=_KEY, **annotations))
    assert {name: config.find_action(name) for name in markers} == {
        name: ACTIONS[kind] for name, kind in markers.items()
    }


def test_final_fields_are_read() -> None:
    @dataclass
    class Fixed:
        pk: Final[Annotated[str, PartitionKey()]]
        x: Final[Secret]

    assert config_of(Fixed).is_encrypted("x")
