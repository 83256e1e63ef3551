"""Properties of every item: it decrypts to what was encrypted, and no changed bit is accepted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    CryptoAction,
    DecryptError,
    DynasealError,
    EncryptError,
    FormatError,
    ItemEncryptor,
    MultiKeyring,
    PlaintextPolicy,
    RawAesKeyring,
    TableConfig,
)
from support import strategies

KEYRING = RawAesKeyring("tests", "one", bytes(32))
OTHER = RawAesKeyring("tests", "two", bytes(range(32)))


def encryptor(
    suite: AlgorithmSuite = AlgorithmSuite.COMMIT_KEY_SYMSIG,
    /,
    table: str = "people",
    **actions: CryptoAction,
) -> ItemEncryptor:
    return ItemEncryptor(
        TableConfig(
            table,
            "pk",
            attribute_actions=AttributeActions(attribute_actions=actions, literal_names=list(actions)),
            keyring=KEYRING,
            algorithm_suite=suite,
        )
    )


@given(strategies.items, st.sampled_from(AlgorithmSuite))
@settings(max_examples=150)
def test_an_item_comes_back_and_only_its_key_is_stored_in_the_clear(
    item: dict[str, Any], suite: AlgorithmSuite
) -> None:
    stored = encryptor(suite).encrypt_item(item)

    assert encryptor(suite).decrypt_item(stored) == item
    assert {name for name, value in stored.items() if "B" not in value} == {"pk"}
    assert stored["pk"] == item["pk"]


@given(
    st.dictionaries(strategies.names, st.tuples(strategies.values, st.sampled_from(CryptoAction)), max_size=6)
)
@settings(max_examples=150)
def test_an_item_is_read_by_a_table_whose_actions_have_changed_since(
    attributes: dict[str, tuple[dict[str, Any], CryptoAction]],
) -> None:
    nothing = {name for name, (_, action) in attributes.items() if action is CryptoAction.DO_NOTHING}
    actions = {name: action for name, (_, action) in attributes.items()} | {"pk": CryptoAction.SIGN_ONLY}
    if CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT in actions.values():
        actions["pk"] = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
    nothing.discard("pk")
    item = {**{name: value for name, (value, _) in attributes.items()}, "pk": {"N": "7"}}
    writer = TableConfig(
        "t", "pk", attribute_actions=actions, keyring=KEYRING, allowed_unsigned_attributes=nothing
    )
    reader = TableConfig(
        "t", "pk", attribute_actions=AttributeActions(), keyring=KEYRING, allowed_unsigned_attributes=nothing
    )

    stored = ItemEncryptor(writer).encrypt_item(item)

    assert ItemEncryptor(reader).decrypt_item(stored) == item


@pytest.mark.parametrize("suite", AlgorithmSuite)
def test_every_changed_bit_of_a_stored_item_is_refused(suite: AlgorithmSuite) -> None:
    item = {
        "pk": {"S": "k"},
        "secret": {"S": "s"},
        "list": {"L": [{"N": "1"}, {"BOOL": True}]},
        "clear": {"B": b"abc"},
    }
    crypt = encryptor(suite, clear=CryptoAction.SIGN_ONLY)
    stored = crypt.encrypt_item(item)

    flips = 0
    for name, value in stored.items():
        if name == "pk":
            continue
        data = value["B"]
        for bit in range(len(data) * 8):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(DecryptError):
                crypt.decrypt_item({**stored, name: {"B": bytes(changed)}})
            flips += 1
    assert flips == sum(len(value["B"]) for name, value in stored.items() if name != "pk") * 8


@given(st.binary(max_size=300), st.binary(max_size=200))
def test_any_bytes_as_header_and_footer_end_in_a_documented_error(head: bytes, foot: bytes) -> None:
    item = {"pk": {"S": "k"}, "aws_dbe_head": {"B": head}, "aws_dbe_foot": {"B": foot}}
    with pytest.raises(DecryptError):
        encryptor().decrypt_item(item)


@given(st.data())
def test_a_header_with_bytes_cut_out_or_put_in_ends_in_a_documented_error(data: st.DataObject) -> None:
    stored = encryptor().encrypt_item({"pk": {"S": "k"}, "a": {"S": "x"}})
    name = data.draw(st.sampled_from(["aws_dbe_head", "aws_dbe_foot", "a"]))
    whole = stored[name]["B"]
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    changed = whole[:start] + data.draw(st.binary(max_size=8)) + whole[end:]
    if changed == whole:
        return
    with pytest.raises(DecryptError):
        encryptor().decrypt_item({**stored, name: {"B": changed}})


def test_an_item_moved_to_another_key_or_table_is_refused() -> None:
    stored = encryptor().encrypt_item({"pk": {"S": "ann"}, "a": {"S": "x"}})

    with pytest.raises(DecryptError):
        encryptor().decrypt_item({**stored, "pk": {"S": "bob"}})
    with pytest.raises(DecryptError):
        encryptor(table="others").decrypt_item(stored)


def test_two_attributes_swapped_are_refused() -> None:
    stored = encryptor().encrypt_item({"pk": {"S": "k"}, "a": {"S": "x"}, "b": {"S": "y"}})

    with pytest.raises(DecryptError):
        encryptor().decrypt_item({**stored, "a": stored["b"], "b": stored["a"]})


def test_any_one_keyring_of_a_multi_keyring_reads() -> None:
    both = TableConfig(
        "t", "pk", attribute_actions=AttributeActions(), keyring=MultiKeyring(KEYRING, [OTHER])
    )
    stored = ItemEncryptor(both).encrypt_item({"pk": {"S": "k"}, "a": {"S": "x"}})

    for one in (KEYRING, OTHER):
        config = TableConfig("t", "pk", attribute_actions=AttributeActions(), keyring=one)
        assert ItemEncryptor(config).decrypt_item(stored)["a"] == {"S": "x"}


def test_one_item_encrypted_twice_shares_no_ciphertext() -> None:
    item = {"pk": {"S": "k"}, "a": {"S": "x" * 40}}
    first, second = encryptor().encrypt_item(item), encryptor().encrypt_item(item)

    assert first["a"] != second["a"]
    assert first["aws_dbe_head"] != second["aws_dbe_head"]


def test_an_encrypted_item_is_not_encrypted_again() -> None:
    stored = encryptor().encrypt_item({"pk": {"S": "k"}})
    with pytest.raises(EncryptError, match="reserved"):
        encryptor().encrypt_item(stored)


@pytest.mark.parametrize(
    ("policy", "writes", "reads"),
    [
        (PlaintextPolicy.FORCE_WRITE_ALLOW_READ, "plaintext", True),
        (PlaintextPolicy.FORBID_WRITE_ALLOW_READ, "ciphertext", True),
        (PlaintextPolicy.FORBID_WRITE_FORBID_READ, "ciphertext", False),
    ],
)
def test_the_plaintext_policy_decides_what_is_written_and_read(
    policy: PlaintextPolicy, writes: str, reads: bool
) -> None:
    item = {"pk": {"S": "k"}, "a": {"S": "x"}}
    config = TableConfig(
        "people", "pk", attribute_actions=AttributeActions(), keyring=KEYRING, plaintext_policy=policy
    )
    crypt = ItemEncryptor(config)

    assert (crypt.encrypt_item(item) == item) is (writes == "plaintext")
    assert crypt.decrypt_item(encryptor().encrypt_item(item)) == item
    if reads:
        assert crypt.decrypt_item(item) == item
    else:
        with pytest.raises(FormatError, match="not encrypted"):
            crypt.decrypt_item(item)


@pytest.mark.parametrize("policy", PlaintextPolicy)
def test_an_item_of_the_older_library_never_passes_for_plaintext(policy: PlaintextPolicy) -> None:
    config = TableConfig(
        "people", "pk", attribute_actions=AttributeActions(), keyring=KEYRING, plaintext_policy=policy
    )
    older = {"pk": {"S": "k"}, "a": {"B": b"ciphertext"}, "*amzn-ddb-map-sig*": {"B": b"signature"}}

    with pytest.raises(FormatError, match="older library"):
        ItemEncryptor(config).decrypt_item(older)


@pytest.mark.parametrize("number", ["1e37", "1e38", "-1.5e60", "9.9e125", "0", "-1e-130", "1" * 38 + "e50"])
def test_every_number_comes_back_as_a_python_value(number: str) -> None:
    item = {"pk": "k", "a": Decimal(number), "nested": [{"n": Decimal(number)}, {Decimal(number), 1}]}
    assert encryptor().decrypt_python_item(encryptor().encrypt_python_item(item)) == item


@pytest.mark.parametrize("item", [None, [], "item", 1])
def test_what_is_not_an_item_of_python_values_is_a_type_error(item: Any) -> None:
    for method in (encryptor().encrypt_python_item, encryptor().decrypt_python_item):
        with pytest.raises(TypeError, match="an item is a dictionary of attribute names and values, not"):
            method(item)


def test_python_items_have_boto3s_types() -> None:
    item = {
        "pk": "k",
        "n": Decimal("1.5"),
        "b": b"\x00",
        "s": {"x", "y"},
        "l": [1, None, True],
        "m": {"k": "v"},
    }

    stored = encryptor().encrypt_python_item(item)
    back = encryptor().decrypt_python_item(stored)

    assert back == item
    assert type(back["b"]).__name__ == type(stored["aws_dbe_head"]).__name__ == "Binary"


def test_an_error_names_the_item_and_never_its_secrets() -> None:
    stored = encryptor().encrypt_item({"pk": {"S": "ann"}, "a": {"S": "TOP SECRET"}})
    changed = {**stored, "a": {"B": stored["a"]["B"][:-1] + b"\x00"}}

    with pytest.raises(DynasealError) as caught:
        encryptor().decrypt_item(changed)

    assert "table people, item pk='ann'" in str(caught.value)
    assert "TOP SECRET" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(
    "value", [{"S": 1}, {"N": 1}, {"B": "x"}, {"X": "x"}, {}, {"S": "a", "N": "1"}, "text", {"L": "x"}]
)
def test_a_value_of_a_wrong_python_type_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        encryptor().encrypt_item({"pk": {"S": "k"}, "a": value})
