"""What is wrong with an argument is said when a configuration or keyring is made."""

from __future__ import annotations

import copy
import pickle
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import boto3
import pytest

from dynaseal import (
    AttributeActions,
    AwsKmsDiscoveryKeyring,
    AwsKmsDiscoveryMultiKeyring,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsMrkMultiKeyring,
    AwsKmsMultiKeyring,
    BeaconVersion,
    BranchKeyCache,
    CompoundBeacon,
    ConfigError,
    Constructor,
    ConstructorPart,
    CryptoAction,
    DefaultMaterialsManager,
    EncryptedPart,
    EncryptError,
    GetPrefix,
    GetSegment,
    GetSegments,
    GetSubstring,
    GetSuffix,
    Insert,
    ItemEncryptor,
    KeyStore,
    MultiKeyring,
    MultiKeySource,
    RawAesKeyring,
    RequiredContextMaterialsManager,
    SearchConfig,
    SignedPart,
    SingleKeySource,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
    Upper,
    VirtualField,
    VirtualPart,
    policies_for,
)
from dynaseal.core.arguments import WrongTypeError
from dynaseal.core.quoting import escaped, quoted
from dynaseal.materials.keyrings.kms import KmsKeyring
from dynaseal.materials.kms_calls import MAX_COUNTED, OTHER_KEYS, KmsCall, KmsCalls
from support.stubbed_dynamodb import StubbedDynamoDb

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RAW = RawAesKeyring("payroll", "2026", bytes(32))
STORE = KeyStore("keys", "keys", ARN)
ACTIONS = {"pk": CryptoAction.SIGN_ONLY, "salary": CryptoAction.ENCRYPT_AND_SIGN}


def table(**changes: Any) -> TableConfig:
    arguments: dict[str, Any] = {"attribute_actions": ACTIONS, "keyring": RAW, **changes}
    return TableConfig(
        arguments.pop("logical_table_name", "people"), arguments.pop("partition_key_name", "pk"), **arguments
    )


def kms_client() -> Any:
    session: Any = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-west-2")
    return session.client("kms")


def resource() -> Any:
    return StubbedDynamoDb().resource()


WRONG: dict[str, Callable[[], Any]] = {
    "an ARN as keyring": lambda: table(keyring=ARN),
    "a class as keyring": lambda: table(keyring=RawAesKeyring),
    "a KMS client as keyring": lambda: table(keyring=kms_client()),
    "a keyring as cmm": lambda: table(keyring=None, cmm=RAW),
    "a number as table name": lambda: table(logical_table_name=3),
    "a list as key name": lambda: table(partition_key_name=["pk"]),
    "a tuple as sort key": lambda: table(sort_key_name=("sk",)),
    "a list of actions": lambda: table(attribute_actions=["pk"]),
    "an action as string": lambda: table(attribute_actions={**ACTIONS, "city": "SIGN_ONLY"}),
    "a string of unsigned names": lambda: table(allowed_unsigned_attributes="views"),
    "a number as prefix": lambda: table(allowed_unsigned_attribute_prefix=1),
    "a number as suite": lambda: table(algorithm_suite=0x6700),
    "a string as policy": lambda: table(plaintext_policy="FORBID_WRITE_ALLOW_READ"),
    "a beacon as search": lambda: table(search=StandardBeacon("salary", 10)),
    "a string as surrogate keys": lambda: table(surrogate_keys="pk"),
    "a line break after an ARN": lambda: AwsKmsKeyring(f"{ARN}\n"),
    "a blank before an ARN": lambda: AwsKmsKeyring(f" {ARN}"),
    "bytes as ARN": lambda: AwsKmsKeyring(ARN.encode()),  # pyright: ignore[reportArgumentType]
    "a Region as client": lambda: AwsKmsKeyring(ARN, client="us-west-2"),  # pyright: ignore[reportArgumentType]
    "a string of grant tokens": lambda: AwsKmsKeyring(ARN, grant_tokens="abc"),
    "a client as clients": lambda: AwsKmsMultiKeyring(ARN, clients=3),  # pyright: ignore[reportArgumentType]
    "a string of accounts": lambda: AwsKmsDiscoveryKeyring(account_ids="111122223333"),
    "numbers of accounts": lambda: AwsKmsDiscoveryKeyring(account_ids=[111122223333]),  # pyright: ignore[reportArgumentType]
    "an ARN as generator": lambda: MultiKeyring(ARN),  # pyright: ignore[reportArgumentType]
    "a class as child": lambda: MultiKeyring(RAW, [RawAesKeyring]),  # pyright: ignore[reportArgumentType]
    "a string as wrapping key": lambda: RawAesKeyring("a", "b", "c" * 32),  # pyright: ignore[reportArgumentType]
    "bytes as key name": lambda: RawAesKeyring("a", b"b", bytes(32)),  # pyright: ignore[reportArgumentType]
    "a name as key store": lambda: AwsKmsHierarchicalKeyring("keys", branch_key_id="a", ttl_seconds=9),  # pyright: ignore[reportArgumentType]
    "a string as TTL": lambda: AwsKmsHierarchicalKeyring(STORE, branch_key_id="a", ttl_seconds="9"),  # pyright: ignore[reportArgumentType]
    "a string as capacity": lambda: BranchKeyCache("9"),  # pyright: ignore[reportArgumentType]
    "no name of a key store": lambda: KeyStore("", "keys", ARN),
    "a session as client": lambda: KeyStore("keys", "keys", ARN, dynamodb_client=boto3),  # pyright: ignore[reportArgumentType]
    "a Table as client": lambda: KeyStore("keys", "keys", ARN, dynamodb_client=resource().Table("keys")),
    "a resource's client": lambda: KeyStore("keys", "keys", ARN, dynamodb_client=resource().meta.client),
    "a string as length": lambda: StandardBeacon("a", "8"),  # pyright: ignore[reportArgumentType]
    "a string as style": lambda: StandardBeacon("a", 8, style="AsSet"),  # pyright: ignore[reportArgumentType]
    "one beacon for a list": lambda: BeaconVersion(
        STORE,
        SingleKeySource("a"),
        standard_beacons=StandardBeacon("a", 8),  # pyright: ignore[reportArgumentType]
    ),
    "no list of versions": lambda: SearchConfig(BeaconVersion(STORE, SingleKeySource("a"))),  # pyright: ignore[reportArgumentType]
    "a number as beacon key id": lambda: SingleKeySource(3),  # pyright: ignore[reportArgumentType]
    "a keyring as configuration": lambda: ItemEncryptor(RAW),  # pyright: ignore[reportArgumentType]
    "a path": lambda: AttributeActions(CryptoAction.SIGN_ONLY, {"a.ssn": CryptoAction.ENCRYPT_AND_SIGN}),
    "a number as inserted string": lambda: Insert(1),  # pyright: ignore[reportArgumentType]
    "no split": lambda: GetSegments(None, 0, 1),  # pyright: ignore[reportArgumentType]
    "a string as index": lambda: GetSegment("|", "0"),  # pyright: ignore[reportArgumentType]
    "a string as prefix length": lambda: GetPrefix("3"),  # pyright: ignore[reportArgumentType]
    "a string as suffix length": lambda: GetSuffix("3"),  # pyright: ignore[reportArgumentType]
    "strings as a range": lambda: GetSubstring("1", "2"),  # pyright: ignore[reportArgumentType]
    "a class as transform": lambda: VirtualPart("a", [Upper]),  # pyright: ignore[reportArgumentType]
    "a number as signed part's location": lambda: SignedPart("a", "A-", 1),  # pyright: ignore[reportArgumentType]
    "a list as branch key's context": lambda: STORE.create_key("a", ["b"]),  # pyright: ignore[reportArgumentType]
    "a number as branch key's version": lambda: STORE.get_branch_key_version("a", 1),  # pyright: ignore[reportArgumentType]
    "an index": lambda: AttributeActions(CryptoAction.SIGN_ONLY, {"a[0]": CryptoAction.ENCRYPT_AND_SIGN}),
    "a path below a named attribute": lambda: table(
        attribute_actions={**ACTIONS, "salary.net": CryptoAction.ENCRYPT_AND_SIGN}
    ),
}


HALF = "a\ud800"  # half of a surrogate pair, which UTF-8 cannot write

WITH_LONE_SURROGATE: dict[str, Callable[[], Any]] = {
    "a table's logical name": lambda: table(logical_table_name=HALF),
    "a partition key": lambda: table(partition_key_name=HALF),
    "a sort key": lambda: table(sort_key_name=HALF),
    "an attribute": lambda: table(attribute_actions={**ACTIONS, HALF: CryptoAction.SIGN_ONLY}),
    "an attribute beside a default": lambda: AttributeActions(
        attribute_actions={HALF: CryptoAction.SIGN_ONLY}
    ),
    "an unsigned attribute": lambda: table(allowed_unsigned_attributes=[HALF]),
    "an unsigned attribute in a set": lambda: table(allowed_unsigned_attributes={HALF}),
    "an unsigned prefix": lambda: table(allowed_unsigned_attribute_prefix=HALF),
    "a raw key's namespace": lambda: RawAesKeyring(HALF, "a", bytes(32)),
    "a raw key's name": lambda: RawAesKeyring("a", HALF, bytes(32)),
    "a KMS key": lambda: AwsKmsKeyring(HALF),
    "a grant token": lambda: AwsKmsKeyring(ARN, grant_tokens=[HALF]),
    "an account": lambda: AwsKmsDiscoveryKeyring(account_ids=[HALF]),
    "a branch key": lambda: AwsKmsHierarchicalKeyring(STORE, branch_key_id=HALF, ttl_seconds=9),
    "a key store's table": lambda: KeyStore(HALF, "keys", ARN),
    "a logical key store": lambda: KeyStore("keys", HALF, ARN),
    "a branch key to fetch": lambda: STORE.get_active_branch_key(HALF),
    "a version to fetch": lambda: STORE.get_branch_key_version("a", HALF),
    "a branch key to make": lambda: STORE.create_key(HALF, {"a": "b"}),
    "a branch key's context": lambda: STORE.create_key("a", {"a": HALF}),
    "a key in a branch key's context": lambda: STORE.create_key("a", {HALF: "b"}),
    "a required context key": lambda: RequiredContextMaterialsManager(DefaultMaterialsManager(RAW), [HALF]),
    "a standard beacon": lambda: StandardBeacon(HALF, 8),
    "a standard beacon's location": lambda: StandardBeacon("a", 8, loc=HALF),
    "a compound beacon": lambda: CompoundBeacon(HALF, "|"),
    "a compound beacon's split": lambda: CompoundBeacon("a", "\ud800"),
    "an encrypted part's prefix": lambda: EncryptedPart("a", HALF),
    "a signed part's prefix": lambda: SignedPart("a", HALF),
    "a signed part's location": lambda: SignedPart("a", "A-", HALF),
    "a virtual field": lambda: VirtualField(HALF, [VirtualPart("a")]),
    "an inserted string": lambda: Insert(HALF),
    "a split": lambda: GetSegment("\ud800", 0),
    "a beacon key": lambda: SingleKeySource(HALF),
    "a tenant's field": lambda: MultiKeySource(HALF),
}


@pytest.mark.parametrize("make", WITH_LONE_SURROGATE.values(), ids=WITH_LONE_SURROGATE)
def test_a_name_that_cannot_be_stored_is_refused_at_once(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError, match="lone surrogate"):
        make()


class Provider(RawAesKeyring):
    """A keyring with a provider id of its own."""

    provider_id: Any = "mine"

    def on_encrypt(self, materials: Any) -> Any:
        wrapped = super().on_encrypt(materials)
        keys = [replace(key, provider_id=self.provider_id) for key in wrapped.encrypted_data_keys]
        return replace(wrapped, encrypted_data_keys=tuple(keys))


class Adding(DefaultMaterialsManager):
    """A materials manager that adds an entry to each item's encryption context."""

    entry: tuple[Any, Any] = ("a", "b")

    def get_encryption_materials(
        self, suite: Any, encryption_context: Any, required_context_keys: Any
    ) -> Any:
        context = {**encryption_context, self.entry[0]: self.entry[1]}
        return super().get_encryption_materials(suite, context, required_context_keys)


@pytest.mark.parametrize("wrong", [HALF, b"a", 1])
def test_what_a_users_keyring_or_manager_names_must_be_strings_that_can_be_stored(wrong: Any) -> None:
    item = {"pk": {"S": "a"}, "salary": {"N": "1"}}
    keyring, manager = Provider("payroll", "2026", bytes(32)), Adding(RAW)
    encryptors = [ItemEncryptor(table(keyring=keyring)), ItemEncryptor(table(keyring=None, cmm=manager))]
    for encryptor in encryptors:
        encryptor.encrypt_item(item)
    keyring.provider_id = wrong
    with pytest.raises(EncryptError, match=r"provider.id"):
        encryptors[0].encrypt_item(item)
    for manager.entry in ((wrong, "b"), ("a", wrong)):
        with pytest.raises(EncryptError, match="encryption context"):
            encryptors[1].encrypt_item(item)


def test_a_branch_key_id_of_a_supplier_must_be_one_that_can_be_stored() -> None:
    keyring = AwsKmsHierarchicalKeyring(STORE, branch_key_id_supplier=lambda _: HALF, ttl_seconds=9)
    with pytest.raises(EncryptError, match="lone surrogate"):
        ItemEncryptor(table(keyring=keyring)).encrypt_item({"pk": {"S": "a"}, "salary": {"N": "1"}})


def test_a_tables_name_fits_into_the_encryption_context() -> None:
    item = {"pk": {"S": "a"}, "salary": {"N": "1"}}
    longest = ItemEncryptor(table(logical_table_name="\u00e9" * 32_767 + "x"))
    assert longest.decrypt_item(longest.encrypt_item(item)) == item
    for name in ("", "\u00e9" * 32_768):
        with pytest.raises(ConfigError, match="1 to 65,535 bytes"):
            table(logical_table_name=name)


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_a_wrong_argument_is_refused_at_once(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError):
        make()


OTHER_ARN = ARN.replace("us-west-2", "eu-west-1")
VERSION = BeaconVersion(STORE, SingleKeySource("a"))
LISTS: dict[str, tuple[Callable[[Any], Any], Sequence[Any]]] = {
    "keyrings": (lambda given: MultiKeyring(RAW, given).keyrings, [AwsKmsKeyring(ARN)]),
    "keys": (lambda given: list(map(repr, AwsKmsMultiKeyring(ARN, given).keyrings)), [OTHER_ARN]),
    "multi-Region keys": (
        lambda given: list(map(repr, AwsKmsMrkMultiKeyring(ARN, given).keyrings)),
        [OTHER_ARN],
    ),
    "Regions": (lambda given: len(AwsKmsDiscoveryMultiKeyring(given).keyrings), ["us-west-2", "eu-west-1"]),
    "accounts": (lambda given: repr(AwsKmsDiscoveryKeyring(account_ids=given)), ["111122223333"]),
    "grant tokens": (lambda given: AwsKmsKeyring(ARN, grant_tokens=given).grant_tokens, ["token"]),
    "grant tokens of several keys": (
        lambda given: [
            keyring.grant_tokens
            for keyring in AwsKmsMultiKeyring(ARN, [OTHER_ARN], grant_tokens=given).keyrings
            if isinstance(keyring, KmsKeyring)
        ],
        ["token"],
    ),
    "required keys": (
        lambda given: RequiredContextMaterialsManager(DefaultMaterialsManager(RAW), given).required_keys,
        ["aws-crypto-attr.tenant"],
    ),
    "beacons": (
        lambda given: BeaconVersion(STORE, SingleKeySource("a"), given).standard_beacons,
        [StandardBeacon("salary", 8)],
    ),
    "versions": (lambda given: SearchConfig(given).version, [VERSION]),
    "constructor's parts": (
        lambda given: Constructor(given).parts,
        [ConstructorPart("salary", required=True)],
    ),
    "virtual field's parts": (lambda given: VirtualField("field", given).parts, [VirtualPart("salary")]),
    "literal names": (
        lambda given: (
            AttributeActions(
                CryptoAction.SIGN_ONLY, {"a.b": CryptoAction.SIGN_ONLY}, literal_names=given
            ).literal_names
        ),
        ["a.b"],
    ),
    "transforms": (lambda given: VirtualPart("salary", given).transforms, [Upper()]),
    "constructors": (
        lambda given: CompoundBeacon("place", "|", constructors=given).constructors,
        [Constructor([ConstructorPart("salary", required=True)])],
    ),
    "unsigned names": (
        lambda given: (
            table(
                attribute_actions={**ACTIONS, "seen": CryptoAction.DO_NOTHING},
                allowed_unsigned_attributes=given,
            ).allowed_unsigned_attributes
        ),
        ["seen"],
    ),
}


@pytest.mark.parametrize(("read", "members"), LISTS.values(), ids=LISTS)
def test_members_from_an_iterator_count_as_those_of_a_list(read: Callable[[Any], Any], members: Any) -> None:
    assert read(iter(members)) == read(list(members))


COLLECTIONS: list[Callable[[list[Any]], Any]] = [
    *(list, tuple, iter, deque),
    lambda members: (member for member in members),
    lambda members: dict.fromkeys(members).keys(),
    lambda members: dict(enumerate(members)).values(),
]


@pytest.mark.parametrize(("read", "members"), LISTS.values(), ids=LISTS)
def test_every_member_of_a_collection_of_any_kind_is_checked(
    read: Callable[[Any], Any], members: Any
) -> None:
    for collection in COLLECTIONS:
        assert read(collection([*members])) == read([*members])
        with pytest.raises(WrongTypeError):
            read(collection([*members, 7]))


@pytest.mark.parametrize(("read", "members"), LISTS.values(), ids=LISTS)
def test_strings_bytes_and_mappings_are_not_lists(read: Callable[[Any], Any], members: Any) -> None:
    for wrong in (
        "ab",
        b"ab",
        bytearray(b"ab"),
        bytearray(),
        memoryview(b"ab"),
        dict.fromkeys(members),
        {},
        7,
    ):
        with pytest.raises(WrongTypeError, match="must be a list"):
            read(wrong)


ORDERED = {
    "keyrings",
    "beacons",
    "versions",
    "constructor's parts",
    "virtual field's parts",
    "transforms",
    "constructors",
}


@pytest.mark.parametrize("name", LISTS)
def test_names_may_be_in_a_set_and_keyrings_and_definitions_may_not(name: str) -> None:
    read, members = LISTS[name]
    for kind in (set, frozenset):
        if name in ORDERED:
            with pytest.raises(WrongTypeError, match="must be a list, and is of the type"):
                read(kind(members))
        else:
            read(kind(members))
            with pytest.raises(WrongTypeError, match="member of"):
                read(kind([*members, 7]))


def test_an_empty_iterator_of_constructors_is_refused_as_an_empty_list_is() -> None:
    assert CompoundBeacon("place", "|", constructors=()).constructors == ()
    for nothing in ([], iter([])):
        with pytest.raises(ConfigError, match="empty list of constructors"):
            CompoundBeacon("place", "|", constructors=nothing)  # pyright: ignore[reportArgumentType]


def test_surrogate_keys_may_be_in_any_order() -> None:
    keys = {SurrogateKey("pk", source="salary")}
    for given in (keys, list(keys), iter(keys)):
        assert table(surrogate_keys=given, search=SearchConfig([VERSION])).surrogate_keys == tuple(keys)
    for wrong in ([*keys, "sk"], iter(["sk"]), {"pk": "salary"}, dict.fromkeys(keys)):
        with pytest.raises(WrongTypeError):
            table(surrogate_keys=wrong, search=SearchConfig([VERSION]))


@pytest.mark.parametrize("read", [Constructor, lambda given: VirtualField("field", given), SearchConfig])
def test_an_empty_iterator_is_refused_as_an_empty_list_is(read: Callable[[Any], Any]) -> None:
    for nothing in ([], iter([])):
        with pytest.raises(ConfigError):
            read(nothing)


def test_the_error_for_a_wrong_keyring_says_what_to_write() -> None:
    with pytest.raises(ConfigError, match="AwsKmsKeyring\\('arn:aws:kms"):
        table(keyring=ARN)
    with pytest.raises(ConfigError, match="keyring=RawAesKeyring"):
        table(keyring=RawAesKeyring)


def test_a_misplaced_argument_is_named_with_its_place() -> None:
    keyring: Any = RawAesKeyring("mine", "one", bytes(32))
    keyrings: Any = [keyring]
    with pytest.raises(ConfigError, match=r"Pass several keyrings as children="):
        MultiKeyring(keyrings)
    with pytest.raises(ConfigError, match=r"DefaultMaterialsManager\(keyring\)"):
        RequiredContextMaterialsManager(keyring, ["aws-crypto-attr.a"])
    with pytest.raises(ConfigError, match=r"children\[1\] must be"):
        AwsKmsMultiKeyring(ARN, [ARN, 7])  # pyright: ignore[reportArgumentType]
    with pytest.raises(ConfigError, match=r"Choose one of Role\.READER"):
        policies_for(table(), "reader")  # pyright: ignore[reportArgumentType]


def test_literal_names_may_look_like_paths() -> None:
    encrypt = CryptoAction.ENCRYPT_AND_SIGN
    actions = AttributeActions(CryptoAction.SIGN_ONLY, {"a.b": encrypt}, literal_names=["a.b"])
    encryptor = ItemEncryptor(table(attribute_actions=actions))
    assert list(encryptor.encrypt_item({"pk": {"S": "x"}, "a.b": {"S": "y"}})["a.b"]) == ["B"]
    assert table(attribute_actions={**ACTIONS, "a.b": encrypt}).is_encrypted("a.b")


@pytest.mark.parametrize("value", [{"NULL": False}, {"M": {"k" * 65536: {"S": "x"}}}], ids=["null", "key"])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"L": [v]}, lambda v: {"M": {"a": v}}])
def test_what_dynamodb_would_refuse_is_refused_when_it_is_encrypted(
    value: dict[str, Any], wrap: Callable[[Any], Any]
) -> None:
    with pytest.raises(EncryptError, match="'salary' cannot be stored"):
        ItemEncryptor(table()).encrypt_item({"pk": {"S": "x"}, "salary": wrap(value)})


@pytest.mark.parametrize(
    "make",
    [
        table,
        lambda: ItemEncryptor(table()),
        lambda: RAW,
        lambda: AwsKmsKeyring(ARN),
        BranchKeyCache,
        lambda: STORE,
    ],
)
def test_a_copy_is_the_object_and_pickling_says_what_to_do(make: Callable[[], Any]) -> None:
    instance = make()
    assert copy.copy(instance) is instance
    assert copy.deepcopy([instance])[0] is instance
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="in each process"):
            pickle.dumps(instance, protocol)


def test_counts_of_keys_that_items_name_are_limited() -> None:
    calls = KmsCalls("table people")
    for number in range(3 * MAX_COUNTED):
        calls.add(KmsCall("Decrypt", f"{ARN}{number}"), per_item=False)
    total = calls.total()
    assert len(total) == MAX_COUNTED + 1
    assert total[KmsCall("Decrypt", OTHER_KEYS)] == 2 * MAX_COUNTED


def test_what_an_item_says_is_escaped_and_cut() -> None:
    assert quoted("a\x1b[2J\n") == r"'a\x1b[2J\n'"
    assert len(quoted("x" * 100_000)) < 300
    assert escaped("a\nb\x1b\u202e") == r"a\nb\x1b\u202e"
    assert len(escaped("x" * 100_000)) < 1_100
