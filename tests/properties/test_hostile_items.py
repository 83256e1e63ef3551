"""Items made by an attacker, some of them with the keys: refused or read, in linear time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    CryptoAction,
    DecryptError,
    EncryptedDataKey,
    EncryptError,
    FormatError,
    ItemEncryptor,
    Keyring,
    MultiKeyring,
    RawAesKeyring,
    SignatureError,
    TableConfig,
    UnwrapError,
    describe_item,
)
from dynaseal.core import header, signatures
from dynaseal.core.context import PUBLIC_KEY, serialize
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME
from dynaseal.core.shapes import Shapes
from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.types import MAX_DEPTH, MalformedValueError
from dynaseal.core.wire import u16, u32
from support.call_counter import call_count
from support.sorted_sets import with_sorted_sets
from support.unchecked_items import Attribute, encrypt_unchecked

ENCRYPTED, SIGNED, CONTEXT = b"esc"
KEYRING = RawAesKeyring("tests", "one", bytes(32))
KEY = Attribute(SIGNED, {"S": "k"})
SIGNATURE_ORDER = (
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
)
NULL = {"NULL": True}


def table(keyring: Keyring = KEYRING, default: CryptoAction = CryptoAction.ENCRYPT_AND_SIGN) -> TableConfig:
    return TableConfig("people", "pk", attribute_actions=AttributeActions(default), keyring=keyring)


def item_by_attacker(attributes: Mapping[str, Attribute], **how: Any) -> dict[str, Any]:
    return encrypt_unchecked(table(), KEYRING, {"pk": KEY, **attributes}, **how)


def read(item: Mapping[str, Any]) -> dict[str, Any]:
    return ItemEncryptor(table()).decrypt_item(item)


def with_head(head: bytes) -> dict[str, Any]:
    return {"pk": {"S": "k"}, HEADER_NAME: {"B": head}, FOOTER_NAME: {"B": bytes(48)}}


@given(
    st.binary(min_size=2, max_size=2) | st.sampled_from([b"\x02\x00", b"\x03\x00", b"\x01\x01"]), st.binary()
)
def test_whatever_bytes_were_sealed_are_refused_or_are_those_of_the_value_read(
    type_id: bytes, data: bytes
) -> None:
    item = item_by_attacker({"a": Attribute(ENCRYPTED, plaintext=(type_id, data))})
    try:
        expected = deserialize(type_id, data)
    except MalformedValueError:
        with pytest.raises(FormatError, match="was encrypted from"):
            read(item)
    else:
        assert with_sorted_sets(read(item)["a"]) == with_sorted_sets(expected)


@given(st.binary(max_size=40))
def test_whatever_stored_context_was_sealed_is_refused_or_read_whole(stored_context: bytes) -> None:
    item = item_by_attacker({}, stored_context=stored_context)
    try:
        stored = header.parse(item[HEADER_NAME]["B"]).stored_context
    except FormatError:
        with pytest.raises(FormatError):
            read(item)
    else:
        assert serialize(stored) == stored_context
        assert read(item) == {"pk": {"S": "k"}}


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.sampled_from(b"esc"), max_size=4), st.booleans())
@settings(max_examples=150)
def test_a_version_2_item_whose_context_lacks_its_keys_is_refused_whatever_its_legend(
    letters: dict[str, int], is_version_2: bool
) -> None:
    attributes = {
        name: Attribute(ENCRYPTED, plaintext=(b"\x00\x00", b""))
        if letter == ENCRYPTED
        else Attribute(letter, NULL)
        for name, letter in letters.items()
        if name != "pk"
    }
    item = item_by_attacker(attributes, version=2 if is_version_2 else 1)
    if is_version_2:
        with pytest.raises(FormatError, match="not bound"):
            read(item)
    else:
        assert read(item) == {"pk": {"S": "k"}, **dict.fromkeys(attributes, NULL)}


@pytest.mark.parametrize(
    "text",
    ["é", "\U0001f511", "=", "AA==", "A" * 65_000, "****", "\n", "AAAA", "A" * 65 + "="],
)
def test_an_invalid_public_key_is_refused(text: str) -> None:
    item = item_by_attacker({}, stored_context=serialize({PUBLIC_KEY: text}))
    head = bytearray(item[HEADER_NAME]["B"])
    head[1] = AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG.flavor

    with pytest.raises(FormatError, match="public key"):
        read({**item, HEADER_NAME: {"B": bytes(head)}})
    with pytest.raises(FormatError, match="public key"):
        read(item)


def test_an_item_of_255_data_keys_is_read_by_the_last_and_refused_without_it() -> None:
    broken = EncryptedDataKey("tests", b"one" + u32(128) + u32(12) + bytes(12), bytes(96))
    item = item_by_attacker({}, more_data_keys=[broken] * 254)

    assert read(item) == {"pk": {"S": "k"}}

    parsed = header.parse(item[HEADER_NAME]["B"])
    without = header.write_partial(
        parsed.version,
        parsed.suite,
        message_id=parsed.message_id,
        legend=parsed.legend,
        stored_context=serialize(parsed.stored_context),
        data_keys=[broken] * 255,
    )
    with pytest.raises(UnwrapError, match="cannot unwrap"):
        read({**item, HEADER_NAME: {"B": without + parsed.commitment}})


def test_more_recipients_than_a_header_can_name_are_refused() -> None:
    crypt = ItemEncryptor(table(MultiKeyring(KEYRING, [KEYRING] * 255)))

    with pytest.raises(EncryptError, match="255"):
        crypt.encrypt_item({"pk": {"S": "k"}})


@pytest.mark.parametrize("entries", [65_000, 65_535])
def test_a_stored_context_of_thousands_of_entries_is_read_unless_with_the_tables_it_is_too_many(
    entries: int,
) -> None:
    stored_context = serialize({f"{at:05}": "" for at in range(entries)})
    if entries == 65_000:
        assert read(item_by_attacker({}, stored_context=stored_context)) == {"pk": {"S": "k"}}
        return
    partial = bytes((1, 0)) + bytes(32) + u16(1) + b"s" + stored_context + b"\x01" + bytes(6)
    with pytest.raises(DecryptError, match="65538 entries"):
        read(with_head(partial + bytes(32)))


@pytest.mark.parametrize(
    "head",
    [
        bytes((1, 0)) + bytes(32) + b"\xff\xff",
        bytes((1, 0)) + bytes(32) + b"\xff\xff" + b"e" * 65_535,
        bytes((1, 0)) + bytes(34) + b"\xff\xff",
        bytes((1, 0)) + bytes(34) + b"\xff\xff" + b"\xff" * 400_000,
        bytes((1, 0)) + bytes(34) + b"\x00\x00" + b"\xff",
        bytes((1, 0)) + bytes(34) + b"\x00\x00" + b"\xff" + b"\x00" * 400_000,
        bytes((2, 1)) + b"\xff" * 400_000,
        b"\x00" * 400_000,
    ],
    ids=range(8),
)
def test_a_header_that_promises_more_than_it_holds_is_refused(head: bytes) -> None:
    with pytest.raises(FormatError):
        read(with_head(head))


def test_65535_signed_attributes_are_the_most() -> None:
    crypt = ItemEncryptor(table(default=CryptoAction.SIGN_ONLY))
    item = {"pk": {"S": "k"}, **{f"{at:x}": NULL for at in range(65_534)}}

    assert crypt.decrypt_item(crypt.encrypt_item(item)) == item

    with pytest.raises(EncryptError, match="at most 65,535 are allowed"):
        crypt.encrypt_item({**item, "one more": NULL})


def test_more_context_attributes_than_a_context_can_have_are_refused() -> None:
    crypt = ItemEncryptor(table(default=CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT))
    item = {"pk": {"S": "k"}, **{f"{at:x}": NULL for at in range(65_533)}}

    with pytest.raises(EncryptError, match="encryption context cannot be written: it has 6553"):
        crypt.encrypt_item(item)


def test_a_context_attribute_longer_than_an_entry_can_be_is_refused_by_name() -> None:
    crypt = ItemEncryptor(table(default=CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT))

    with pytest.raises(EncryptError, match=r"entry 'aws-crypto-attr\.long' is longer"):
        crypt.encrypt_item({"pk": {"S": "k"}, "long": {"S": "x" * 65_536}})


@pytest.mark.parametrize(
    ("shape", "cached_large_shapes"),
    [
        (tuple(f"a{at}" for at in range(1000)), 1),
        (("x" * 60_000,), 1),
        (tuple(f"a{at}" for at in range(8192)), 0),
        (("x" * 131_072,), 0),
    ],
    ids=["many names", "a long name", "too many names", "too long a name"],
)
def test_a_few_large_shapes_are_cached_and_no_larger_ones(
    shape: tuple[str, ...], cached_large_shapes: int
) -> None:
    shapes = Shapes(table(default=CryptoAction.SIGN_ONLY).schema)

    for _ in range(2):
        assert len(shapes.for_writing(("pk", *shape)).names) == len(shape) + 1
        assert len(shapes.for_reading(("pk", *shape), 1, b"s" * (len(shape) + 1)).names) == len(shape) + 1
    shapes.for_writing(("pk", "a"))

    assert shapes._small_for_writing.cache_info().currsize == 1
    assert shapes._small_for_reading.cache_info().currsize == 0
    assert shapes._large_for_writing.cache_info().currsize == cached_large_shapes
    assert shapes._large_for_reading.cache_info().currsize == cached_large_shapes


def test_hostile_shapes_push_each_other_out_of_the_cache() -> None:
    shapes = Shapes(table(default=CryptoAction.SIGN_ONLY).schema)

    for number in range(10):
        shapes.for_writing(("pk", *(f"{number}-{at}" for at in range(1000))))

    assert shapes._large_for_writing.cache_info().currsize == 4


def test_an_item_of_513_attributes_costs_no_more_calls_per_attribute_than_one_of_511() -> None:
    def calls_per_attribute(count: int) -> float:
        crypt = ItemEncryptor(table(default=CryptoAction.SIGN_ONLY))
        stored = crypt.encrypt_item({"pk": {"S": "k"}, **{f"a{at}": NULL for at in range(count)}})
        crypt.decrypt_item(stored)
        return call_count(lambda: crypt.decrypt_item(stored)) / count

    assert calls_per_attribute(600) <= calls_per_attribute(500) * 1.05


def test_an_item_of_tens_of_thousands_of_reserved_names_is_described_and_refused() -> None:
    item = {
        **with_head(b"\x01"),
        **{f"aws_dbe_{at}": NULL for at in range(60_000)},
        **{f"{at}": NULL for at in range(60_000)},
    }

    assert len(describe_item(item).beacons) == 60_000
    with pytest.raises(FormatError):
        read(item)


def _der(*numbers: bytes, head: bytes = b"") -> bytes:
    body = b"".join(b"\x02" + bytes((len(number),)) + number for number in numbers)
    return (head or b"\x30" + bytes((len(body),))) + body


def _number(value: int, zeros: int = 0) -> bytes:
    return bytes(zeros) + value.to_bytes(value.bit_length() // 8 + 1, "big")


VARIANTS: dict[str, Callable[[int, int], bytes]] = {
    "a long length": lambda r, s: _der(_number(r), _number(s), head=b"\x30\x81\x66"),
    "an indefinite length": lambda r, s: _der(_number(r), _number(s), head=b"\x30\x80") + bytes(2),
    "a zero before r": lambda r, s: _der(_number(r, 1), _number(s)),
    "a zero before s": lambda r, s: _der(_number(r), _number(s, 1)),
    "a negative r": lambda r, s: _der(_number(r)[1:], _number(s)),
    "a third number": lambda r, s: _der(_number(r), _number(s), b"\x00"),
    "a byte after it": lambda r, s: _der(_number(r), _number(s)) + b"\x00",
    "r and s changed over": lambda r, s: _der(_number(s), _number(r)),
    "r plus the order": lambda r, s: _der(_number(r + SIGNATURE_ORDER), _number(s)),
    "r of zero": lambda _, s: _der(b"\x00", _number(s)),
    "s of zero": lambda r, _: _der(_number(r), b"\x00"),
    "both of one": lambda _r, _s: _der(b"\x01", b"\x01"),
    "another tag": lambda r, s: b"\x31" + _der(_number(r), _number(s))[1:],
    "nothing": lambda _r, _s: b"",
    "zeros": lambda _r, _s: bytes(103),
}


@pytest.mark.parametrize(
    "backend", [signatures.cryptography_backend(), signatures.backend()], ids=lambda b: b.name
)
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_signature_in_any_other_spelling_does_not_verify(
    variant: Callable[[int, int], bytes], backend: signatures.Backend
) -> None:
    key, digest = backend.generate(), os.urandom(48)
    r = s = 0
    while not (r.bit_length() == s.bit_length() == 384):
        r, s = decode_dss_signature(key.sign(digest))
    public_key = signatures.load_public_key(key.public_key)
    assert backend.verify(public_key, digest, encode_dss_signature(r, s))

    assert not backend.verify(public_key, digest, variant(r, s))


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_an_item_with_a_signature_in_another_spelling_is_refused(
    variant: Callable[[int, int], bytes],
) -> None:
    item = item_by_attacker({}, suite=AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG)
    foot = item[FOOTER_NAME]["B"]
    changed = foot[:48] + variant(*decode_dss_signature(foot[48:]))
    assert changed != foot

    with pytest.raises((FormatError, SignatureError)):
        read({**item, FOOTER_NAME: {"B": changed}})


def test_a_valid_signature_of_another_length_is_refused() -> None:
    item = item_by_attacker({}, suite=AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG)
    foot = item[FOOTER_NAME]["B"]
    r, s = decode_dss_signature(foot[48:])
    twin = encode_dss_signature(r, SIGNATURE_ORDER - s)

    if len(twin) != signatures.SIGNATURE_LENGTH:  # nearly always; else it is as good as the first
        with pytest.raises(FormatError):
            read({**item, FOOTER_NAME: {"B": foot[:48] + twin}})


HEADERS: dict[str, Callable[[int], bytes]] = {
    "context": lambda count: _head(stored_context=serialize({f"{at:05}": "" for at in range(count)})),
    "legend": lambda count: _head(legend=b"e" * count),
    "data keys": lambda count: _head(data_keys=min(count // 40, 255)),
}


def _head(*, legend: bytes = b"s", stored_context: bytes = b"\x00\x00", data_keys: int = 1) -> bytes:
    keys = bytes((data_keys,)) + bytes(6) * data_keys
    return bytes((1, 0)) + bytes(32) + u16(len(legend)) + legend + stored_context + keys + bytes(32)


@pytest.mark.parametrize("make", HEADERS.values(), ids=HEADERS)
def test_a_header_twice_as_long_is_twice_the_work(make: Callable[[int], bytes]) -> None:
    once, twice = make(5000), make(10_000)

    assert call_count(lambda: header.parse(twice)) < 2.1 * call_count(lambda: header.parse(once)) + 100


def test_an_item_of_twice_the_attributes_is_twice_the_work() -> None:
    crypt = ItemEncryptor(table())
    once, twice = ({"pk": {"S": "k"}, **{f"{at:05}": NULL for at in range(n)}} for n in (1000, 2000))
    stored_once, stored_twice = crypt.encrypt_item(once), crypt.encrypt_item(twice)

    assert (
        call_count(lambda: crypt.encrypt_item(twice))
        < 2.1 * call_count(lambda: crypt.encrypt_item(once)) + 500
    )
    assert (
        call_count(lambda: crypt.decrypt_item(stored_twice))
        < 2.1 * call_count(lambda: crypt.decrypt_item(stored_once)) + 500
    )
    assert (
        call_count(lambda: describe_item(stored_twice))
        < 2.1 * call_count(lambda: describe_item(stored_once)) + 500
    )


@pytest.mark.parametrize("part", ["provider_info", "ciphertext", "provider_id"])
def test_a_keyring_that_makes_more_than_a_header_can_carry_fails_the_item(part: str) -> None:
    class Verbose:
        def on_encrypt(self, materials: Any) -> Any:
            wrapped = KEYRING.on_encrypt(materials)
            (key,) = wrapped.encrypted_data_keys
            long: Any = "x" * 65_536 if part == "provider_id" else bytes(65_536)
            parts = {name: getattr(key, name) for name in ("provider_id", "provider_info", "ciphertext")}
            return materials.with_wrapped_key(
                wrapped.plaintext_data_key, EncryptedDataKey(**{**parts, part: long}), bytes(32)
            )

        def on_decrypt(self, materials: Any, encrypted_data_keys: Any) -> Any:
            return KEYRING.on_decrypt(materials, encrypted_data_keys)

    with pytest.raises(EncryptError, match="65,535 bytes"):
        ItemEncryptor(table(Verbose())).encrypt_item({"pk": {"S": "k"}})


@pytest.mark.parametrize("value", [b"x", [7], [], "x", None, ["B"]])
def test_an_encrypted_attribute_that_is_not_a_mapping_is_a_type_error(value: Any) -> None:
    item = ItemEncryptor(table()).encrypt_item({"pk": {"S": "k"}, "salary": {"N": "1"}})
    with pytest.raises(TypeError, match="an attribute value is a dictionary of one type"):
        read({**item, "salary": value})


@pytest.mark.parametrize("kinds", ["L", "M", "LM", "ML"])
def test_lists_and_maps_nested_deeper_than_dynamodb_stores_are_refused_on_reading(kinds: str) -> None:
    def nested(levels: int) -> tuple[bytes, bytes]:
        type_id, data = b"\x00\x00", b""  # null
        for level in range(levels):
            name = b"" if kinds[level % len(kinds)] == "L" else b"\x00\x01" + u32(1) + b"k"
            data = u32(1) + name + type_id + u32(len(data)) + data
            type_id = b"\x02\x00" if name else b"\x03\x00"
        return type_id, data

    assert deserialize(*nested(MAX_DEPTH - 1))
    for levels in (MAX_DEPTH, MAX_DEPTH + 1, 20_000):
        with pytest.raises(MalformedValueError, match="nested"):
            deserialize(*nested(levels))
