"""Parameters checked against the models' constraints, with AWS's messages."""

from typing import Any

import pytest

from dynaseal_lab.model import Fault
from dynaseal_lab.wire.validate import validate


def message(service: str, operation: str, params: dict[str, Any]) -> str:
    with pytest.raises(Fault) as caught:
        validate(service, operation, params, "ValidationException")
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_valid_parameters_are_accepted() -> None:
    validate("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"x"}, "ValidationException")
    validate("iam", "CreateUser", {"UserName": "ann+b@c.d", "Path": "/a/"}, "ValidationError")


def test_a_missing_member_must_not_be_null() -> None:
    assert message("kms", "Encrypt", {"Plaintext": b"x"}) == (
        "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_every_violation_is_counted() -> None:
    assert message("kms", "Encrypt", {"KeyId": ""}).startswith("2 validation errors detected: ")


def test_enumerations_are_listed() -> None:
    refusal = message("kms", "GenerateDataKey", {"KeyId": "k", "KeySpec": "AES_1"})
    assert (
        "Value 'AES_1' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: ["
        in refusal
    )


def test_ranges_and_lengths_are_named() -> None:
    assert "Member must have value less than or equal to 1024" in message(
        "kms", "GenerateRandom", {"NumberOfBytes": 1025}
    )
    assert "Member must have length less than or equal to 6144" in message(
        "kms", "Decrypt", {"CiphertextBlob": bytes(6145)}
    )


def test_a_name_with_forbidden_characters_is_refused_in_iams_words() -> None:
    assert "The specified value for userName is invalid. It must contain only alphanumeric" in message(
        "iam", "CreateUser", {"UserName": "ä b"}
    )


def test_tags_may_have_letters_of_all_scripts() -> None:
    tags = [{"Key": "größe", "Value": "大"}]
    validate("iam", "TagUser", {"UserName": "ann", "Tags": tags}, "ValidationError")
    assert "tags.1.member.key" in message(
        "iam", "TagUser", {"UserName": "ann", "Tags": [{"Key": "a*b", "Value": ""}]}
    )


def test_secrets_are_not_repeated() -> None:
    refusal = message("kms", "Encrypt", {"KeyId": "k", "Plaintext": b"hidden" * 1000})
    assert "hidden" not in refusal
