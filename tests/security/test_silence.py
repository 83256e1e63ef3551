"""No plaintext and no key shows in a repr, a log record, an error or a report, in any encoding.

`tests/materials/test_secrets.py` checks each kind of keyring alone. Here keyrings work on whole items, and
every object that the public ones hold is checked too.
"""

from __future__ import annotations

import json
import logging
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from dynaseal import (
    AttributeActions,
    ConfigError,
    Curve,
    DecryptError,
    DefaultMaterialsManager,
    DynasealError,
    EncryptedTable,
    EncryptError,
    FormatError,
    ItemEncryptor,
    Keyring,
    KeyStoreError,
    KmsError,
    MultiKeyring,
    RawAesKeyring,
    RawEcdhKeyring,
    RawRsaKeyring,
    RequiredContextMaterialsManager,
    RsaPadding,
    SignatureError,
    TableConfig,
    UnsupportedOperationError,
    UnwrapError,
    describe_item,
)
from dynaseal.beacons.compiled.hashes import derive_keys
from dynaseal.core.arguments import WrongTypeError
from dynaseal.expressions import apply_update, parse_update
from dynaseal.expressions.refusals import InvalidExpressionError
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials
from support.fake_aws import ARN
from support.keyrings import KEYS
from support.secrets import AES_KEY, BINARY, ITEM, NUMBER, TEXT, SecretsFixture, library_objects


@pytest.fixture
def fixture() -> SecretsFixture:
    return SecretsFixture()


def written_and_read(encryptor: ItemEncryptor) -> dict[str, Any]:
    stored = encryptor.encrypt_item(ITEM)
    assert encryptor.decrypt_item(stored) == ITEM
    return stored


def test_no_object_that_the_public_ones_hold_shows_a_secret(fixture: SecretsFixture) -> None:
    configs = [
        fixture.config(fixture.aes),
        fixture.config(MultiKeyring(fixture.aes, [fixture.kms])),
        fixture.searchable(),
    ]
    encryptors = [ItemEncryptor(config) for config in configs]
    stored = [written_and_read(encryptor) for encryptor in encryptors]
    required = RequiredContextMaterialsManager(DefaultMaterialsManager(fixture.aes), ["aws-crypto-attr.pk"])
    roots = [
        *(configs, encryptors, required, fixture.store, fixture.cache, fixture.client()),
        EncryptedTable(fixture.stub.resource().Table("people"), config=fixture.config(fixture.aes)),
        *(fixture.store.get_active_branch_key("tenant"), fixture.store.get_beacon_key("tenant")),
        *(describe_item(item) for item in (*stored, ITEM)),
        *(_asymmetric_keyrings()),
    ]

    shown = list(library_objects(roots))
    compiled = configs[-1].compiled_search
    assert compiled is not None
    beacon_key = fixture.store.get_beacon_key("tenant").beacon_key
    fixture.secrets.keys += derive_keys(beacon_key, compiled.standard_beacons).values()

    fixture.secrets.check(*map(repr, shown), *map(str, shown))
    classes = {type(shown_object).__name__ for shown_object in shown}
    assert classes >= {
        "BranchKeyMaterials",
        "_Entry",
        "_Keys",
        "GcmKey",
        "KeyStore",
        "TableSearch",
        "ItemReport",
    }


def _asymmetric_keyrings() -> list[Keyring]:
    private = KEYS["ec-P-256-recipient"]["private_key"].encode()
    return [
        RawRsaKeyring("tests", "rsa", RsaPadding.PKCS1, private_key=KEYS["rsa-a"]["private_key"].encode()),
        RawEcdhKeyring.discovery(Curve.P256, private),
    ]


def test_a_secret_that_shows_would_be_found(fixture: SecretsFixture) -> None:
    assert fixture.secrets.found_in(f"... {TEXT} ...")
    assert fixture.secrets.found_in(repr({"key": AES_KEY}))
    assert fixture.secrets.found_in(b64encode(b"xy" + BINARY + b"z").decode())
    assert fixture.secrets.found_in(BINARY.hex(" ").upper())
    assert not fixture.secrets.found_in("nothing")


def test_a_report_shows_names_and_types_and_no_plaintext(fixture: SecretsFixture) -> None:
    encryptor = ItemEncryptor(fixture.config(fixture.aes))

    for item in (ITEM, written_and_read(encryptor)):
        report = describe_item(item)
        fixture.secrets.check(repr(report), str(report), json.dumps(report.to_dict()))


def test_the_log_shows_no_secret_though_it_is_written_to(
    fixture: SecretsFixture, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "dynaseal")
    per_item = ItemEncryptor(fixture.config(fixture.kms))
    for _ in range(10):
        written_and_read(per_item)
    cached = ItemEncryptor(fixture.config(fixture.hierarchical))
    written_and_read(cached)
    fixture.clock.now += 590
    fixture.aws.kms.refusals[ARN] = "AccessDeniedException"
    written_and_read(cached)

    records = [record for record in caplog.records if record.name.startswith("dynaseal")]

    assert len(records) >= 2
    fixture.secrets.check(caplog.text, *(f"{record.msg} {record.args!r}" for record in records))


def changed(item: dict[str, Any], name: str, **value: Any) -> dict[str, Any]:
    return {**item, name: value}


Attempt = Callable[[SecretsFixture], object]


def _encrypted(fixture: SecretsFixture, keyring: Keyring | None = None) -> dict[str, Any]:
    return ItemEncryptor(fixture.config(keyring or fixture.aes)).encrypt_item({**ITEM, "city": {"S": "Bern"}})


def _write(**attributes: Any) -> Attempt:
    return lambda fixture: ItemEncryptor(fixture.config(fixture.aes)).encrypt_item({**ITEM, **attributes})


def _write_python(value: object) -> Attempt:
    return lambda fixture: ItemEncryptor(fixture.config(fixture.aes)).encrypt_python_item(
        {"pk": "ann", "a": value}
    )


def _read(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Attempt:
    return lambda fixture: ItemEncryptor(fixture.config(fixture.aes)).decrypt_item(
        change(_encrypted(fixture))
    )


def _refused_by_kms(fixture: SecretsFixture) -> Keyring:
    fixture.aws.kms.refusals[ARN] = "AccessDeniedException"
    return fixture.kms


def _write_refused(fixture: SecretsFixture) -> object:
    return ItemEncryptor(fixture.config(_refused_by_kms(fixture))).encrypt_item(ITEM)


def _read_refused(fixture: SecretsFixture) -> object:
    stored = _encrypted(fixture, fixture.kms)
    return ItemEncryptor(fixture.config(_refused_by_kms(fixture))).decrypt_item(stored)


def _store_refused(fixture: SecretsFixture) -> object:
    fixture.aws.kms.refusals[ARN] = "AccessDeniedException"
    return fixture.store.get_active_branch_key("tenant")


def _table_refused(fixture: SecretsFixture) -> object:
    fixture.aws.dynamodb.refusals["GetItem"] = "AccessDeniedException"
    return fixture.store.get_active_branch_key("tenant")


def _store_refused_while_writing(fixture: SecretsFixture) -> object:
    fixture.aws.kms.refusals[ARN] = "AccessDeniedException"
    return ItemEncryptor(fixture.config(fixture.hierarchical)).encrypt_item(ITEM)


class Careless:
    """A materials manager that returns no data key."""

    def get_encryption_materials(
        self, suite: Any, encryption_context: Any, required_context_keys: Any
    ) -> EncryptionMaterials:
        return EncryptionMaterials(suite, encryption_context, required_context_keys=required_context_keys)

    def decrypt_materials(
        self,
        suite: Any,
        encrypted_data_keys: Any,  # noqa: ARG002 of the Protocol
        stored_context: Any,
        reproduced_context: Any,
    ) -> DecryptionMaterials:
        return DecryptionMaterials(suite, {**stored_context, **reproduced_context})


def _read_carelessly(fixture: SecretsFixture) -> object:
    config = TableConfig("people", "pk", attribute_actions=AttributeActions(), cmm=Careless())
    return ItemEncryptor(config).decrypt_item(_encrypted(fixture))


def _request(operation: str, **request: Any) -> Attempt:
    return lambda fixture: getattr(fixture.client(), operation)(TableName="people", **request)


VALUES = {":text": {"S": TEXT}, ":number": {"N": NUMBER}, ":binary": {"B": BINARY}}
ATTEMPTS: dict[str, tuple[type[Exception], Attempt]] = {
    "text as a number": (EncryptError, _write(a={"N": TEXT})),
    "a number too long": (EncryptError, _write(a={"N": NUMBER * 2})),
    "a string that is not one": (EncryptError, _write(a={"S": TEXT + "\ud800"})),
    "a member twice": (EncryptError, _write(a={"SS": [TEXT, TEXT]})),
    "a number twice": (EncryptError, _write(a={"NS": [NUMBER, NUMBER]})),
    "binary twice": (EncryptError, _write(a={"BS": [BINARY, BINARY]})),
    "a reserved name": (EncryptError, _write(aws_dbe_a={"S": TEXT})),
    "a key too long for a context": (EncryptError, _write(pk={"B": bytes(65_536)})),
    "bytes as text": (TypeError, _write(a={"S": BINARY})),
    "text as bytes": (TypeError, _write(a={"B": TEXT})),
    "a value of no type": (TypeError, _write(a={TEXT: TEXT})),
    "a value of two types": (TypeError, _write(a={"S": TEXT, "N": NUMBER})),
    "no value": (TypeError, _write(a=TEXT)),
    "a map whose keys are bytes": (TypeError, _write(a={"M": {BINARY: {"S": TEXT}}})),
    "a Python date": (TypeError, _write_python([TEXT, date(1990, 1, 1)])),
    "a Python object": (TypeError, _write_python(Decimal)),
    "a Python set of all sorts": (TypeError, _write_python({TEXT, BINARY})),
    "a Python number too long": (EncryptError, _write_python(Decimal(NUMBER * 2))),
    "a changed ciphertext": (
        SignatureError,
        _read(lambda item: changed(item, "text", B=item["number"]["B"])),
    ),
    "a changed clear value": (SignatureError, _read(lambda item: changed(item, "city", S=TEXT))),
    "plaintext put in": (SignatureError, _read(lambda item: changed(item, "text", S=TEXT))),
    "a malformed clear value": (FormatError, _read(lambda item: changed(item, "city", N=TEXT))),
    "plaintext for a header": (
        FormatError,
        _read(lambda item: changed(item, "aws_dbe_head", B=TEXT.encode())),
    ),
    "plaintext for a footer": (FormatError, _read(lambda item: changed(item, "aws_dbe_foot", B=BINARY))),
    "no encrypted item": (FormatError, _read(lambda _: ITEM)),
    "another key": (
        UnwrapError,
        lambda fixture: ItemEncryptor(fixture.config(RawAesKeyring("tests", "one", bytes(32)))).decrypt_item(
            _encrypted(fixture)
        ),
    ),
    "a manager without a key": (DecryptError, _read_carelessly),
    "KMS refuses to write": (KmsError, _write_refused),
    "KMS refuses to read": (KmsError, _read_refused),
    "KMS refuses the key store": (KeyStoreError, _store_refused),
    "KMS refuses the key store an item": (EncryptError, _store_refused_while_writing),
    "DynamoDB refuses the key store": (KeyStoreError, _table_refused),
    "no such branch key": (KeyStoreError, lambda fixture: fixture.store.get_active_branch_key("nobody")),
    "a key of a wrong length": (ConfigError, lambda _: RawAesKeyring("tests", "one", AES_KEY + b"x")),
    "a search in what is encrypted": (
        UnsupportedOperationError,
        _request(
            "scan",
            FilterExpression="#b BETWEEN :text AND :text OR contains(nested, :binary)",
            ExpressionAttributeNames={"#b": "binary"},
            ExpressionAttributeValues=VALUES,
        ),
    ),
    "an order of what is encrypted": (
        UnsupportedOperationError,
        _request(
            "query",
            KeyConditionExpression="pk = :number",
            FilterExpression="number > :number",
            ExpressionAttributeValues=VALUES,
        ),
    ),
    "a changed encrypted attribute": (
        UnsupportedOperationError,
        _request(
            "update_item",
            Key={"pk": {"S": "ann"}},
            UpdateExpression="SET #t = :text",
            ExpressionAttributeNames={"#t": "text"},
            ExpressionAttributeValues=VALUES,
        ),
    ),
    "an update that DynamoDB would refuse": (
        InvalidExpressionError,
        lambda _: apply_update(
            parse_update("SET n = n + :text"), {"n": {"N": "1"}}, None, {":text": {"S": TEXT}}
        ),
    ),
    "a value of the wrong type as keyring": (
        WrongTypeError,
        lambda _: TableConfig(
            "people", "pk", attribute_actions=AttributeActions(), keyring=cast("Any", AES_KEY)
        ),
    ),
    "an item that does not fit": (EncryptError, _request("put_item", Item={**ITEM, "a": {"N": TEXT}})),
}


@pytest.mark.parametrize(("expected", "attempt"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_no_error_shows_a_secret_nor_does_anything_that_led_to_it(
    fixture: SecretsFixture, expected: type[Exception], attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "dynaseal")

    with pytest.raises(expected) as caught:
        attempt(fixture)

    fixture.secrets.check(caplog.text)
    for error in _chain(caught.value):
        formatted = "".join(traceback.format_exception_only(error))
        fixture.secrets.check(str(error), repr(error), formatted, repr(error.args), repr(vars(error)))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, the errors that it came from, and those of its keyrings."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [cause for cause in (current.__cause__, current.__context__) if cause is not None]
        waiting += getattr(current, "causes", ())


def test_every_class_of_error_is_among_the_attempts() -> None:
    tried = {expected for expected, _ in ATTEMPTS.values()}
    public = {DynasealError, *_subclasses(DynasealError)}

    untried = {error for error in public if not any(issubclass(expected, error) for expected in tried)}

    # Attempts above raise these through a base class.
    assert {error.__name__ for error in untried} <= {
        "KmsEncryptError",
        "KmsDecryptError",
        "InvalidExpressionError",
        "KeyStoreKmsError",
        "KeyStoreTableError",
        "UpdateConflictError",
        "NoDataKeyError",
    }


def _subclasses(base: type) -> Iterator[type]:
    for subclass in base.__subclasses__():
        if subclass.__module__.startswith("dynaseal."):
            yield subclass
            yield from _subclasses(subclass)
