from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from dynaseal import (
    AttributeActions,
    CompoundBeacon,
    ConfigError,
    Constructor,
    ConstructorPart,
    CryptoAction,
    EncryptedPart,
    GetSegment,
    MultiKeySource,
    PartOnly,
    SearchConfig,
    Shared,
    SignedPart,
    SingleKeySource,
    StandardBeacon,
    VirtualField,
    VirtualPart,
)
from support import patients
from support.patients import table

NAME = StandardBeacon("name", 16)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"compound_beacons": [CompoundBeacon("both", ".", [EncryptedPart("city", "c-")])]},
            (
                "The compound beacon 'both' has the encrypted part 'city', which is not a standard beacon. "
                "Add StandardBeacon('city', length=...)"
            ),
        ),
        (
            {"compound_beacons": [CompoundBeacon("both", ".", signed_parts=[SignedPart("city", "c-")])]},
            (
                "The compound beacon 'both' has the signed part 'city' over 'city', which is not an "
                "attribute that is signed and in the clear. Give the attribute 'city' the action SIGN_ONLY"
            ),
        ),
        (
            {"compound_beacons": [CompoundBeacon("ward", ".", signed_parts=[SignedPart("ward", "w-")])]},
            (
                "A signed beacon cannot be named 'ward': this name belongs to an attribute with the action "
                "SIGN_ONLY. Choose another name"
            ),
        ),
        (
            {"virtual_fields": [VirtualField("tag", [VirtualPart("free")])]},
            (
                "The virtual field 'tag' uses 'free', which is not signed. "
                "Give the attribute 'free' an action that signs or encrypts it"
            ),
        ),
        (
            {"key_source": MultiKeySource("city")},
            (
                "The key field 'city' is encrypted, so that no search could compare it. "
                "Use the action SIGN_ONLY to store it, or DO_NOTHING to drop it"
            ),
        ),
    ],
)
def test_a_contradiction_is_refused_with_what_to_change(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        table(NAME, **more)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("beacon", "message"),
    [
        (StandardBeacon("first", 8, "note.names[12]"), "AWS's libraries repeat its first digit"),
        (StandardBeacon("first", 8, "note..x"), "'note..x', which is not a location"),
        (StandardBeacon("ward", 8), "this name belongs to an attribute with the action SIGN_ONLY"),
        (StandardBeacon("aws_dbe_x", 8, "city"), "begins with 'aws_dbe_', which is reserved"),
        (StandardBeacon("free", 8, "city"), "this name belongs to an attribute with the action DO_NOTHING"),
        (
            StandardBeacon("city", 8, style=PartOnly()),
            "has the style PartOnly, but no compound beacon has it as a part",
        ),
        (StandardBeacon("city", 8, style=Shared("name")), "their lengths are 8 and 16 bits"),
    ],
)
def test_an_invalid_beacon_is_refused(beacon: StandardBeacon, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        table(NAME, beacon)
    assert message in str(refused.value)


def test_a_constructor_may_only_name_parts_of_its_beacon() -> None:
    constructor = Constructor([ConstructorPart("city", required=True)])
    beacon = CompoundBeacon("both", ".", [EncryptedPart("name", "n-")], constructors=[constructor])
    with pytest.raises(
        ConfigError, match="has a constructor that names 'city', which is not one of its parts"
    ):
        table(NAME, compound_beacons=[beacon])


def test_constructors_left_out_are_made_but_an_empty_list_of_them_is_a_mistake() -> None:
    parts = [EncryptedPart("name", "n-")]
    config = table(NAME, compound_beacons=[CompoundBeacon("both", ".", parts, constructors=())])
    assert config.compiled_search is not None
    assert len(config.compiled_search.compound_beacons["both"].constructors) == 1
    with pytest.raises(ConfigError, match="Leave `constructors` out"):
        CompoundBeacon("both", ".", parts, constructors=[])


@pytest.mark.parametrize("split", ["", "--", "\U0001f600"])
def test_a_split_is_one_utf16_code_unit_as_with_aws(split: str) -> None:
    with pytest.raises(ConfigError, match="it must be one character"):
        GetSegment(split, 0)


def test_a_key_source_needs_a_positive_time_to_live() -> None:
    with pytest.raises(ConfigError, match="it must be positive"):
        SingleKeySource("tenant", ttl_seconds=0)


def test_there_is_exactly_one_version() -> None:
    with pytest.raises(ConfigError, match="exactly one version, not 2"):
        SearchConfig([patients.version(), patients.version()])


def test_with_a_default_action_beacons_see_what_it_implies() -> None:
    encrypting = AttributeActions(CryptoAction.ENCRYPT_AND_SIGN, {"ward": CryptoAction.SIGN_ONLY})
    signing = AttributeActions(CryptoAction.SIGN_ONLY)
    assert table(StandardBeacon("anything", 8), actions=encrypting).compiled_search is not None
    with pytest.raises(ConfigError, match="is over 'anything', which is not encrypted"):
        table(StandardBeacon("anything", 8), actions=signing)
    with pytest.raises(
        ConfigError, match="cannot be named 'pk': this name belongs to a key attribute of the table"
    ):
        table(StandardBeacon("pk", 8, "anything"), actions=encrypting)


def test_a_signed_beacon_is_signed_whatever_the_default_action() -> None:
    nothing = AttributeActions(
        CryptoAction.DO_NOTHING,
        {"ward": CryptoAction.SIGN_ONLY, "name": CryptoAction.ENCRYPT_AND_SIGN},
    )
    place = CompoundBeacon("place", "/", signed_parts=[SignedPart("ward", "w-")])

    config = table(NAME, actions=nothing, compound_beacons=[place])

    assert config.find_action("place") is CryptoAction.SIGN_ONLY
    assert config.is_signed("place")
    assert not config.is_signed("elsewhere")


def test_a_surrogate_key_is_checked_when_the_configuration_is_built_also_without_assertions() -> None:
    program = """
from dynaseal import ConfigError, CryptoAction, RawAesKeyring, SurrogateKey, TableConfig
try:
    TableConfig(
        "people", "pk", attribute_actions={"pk": CryptoAction.SIGN_ONLY},
        keyring=RawAesKeyring("tests", "key", bytes(32)), surrogate_keys=[SurrogateKey("pk", "unknown")],
    )
except ConfigError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, check=True)
    assert "The source 'unknown' of the surrogate key 'pk' is not encrypted" in run.stdout
