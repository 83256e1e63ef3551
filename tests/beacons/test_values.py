from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import (
    ConfigError,
    GetPrefix,
    GetSegment,
    GetSegments,
    GetSubstring,
    GetSuffix,
    Lower,
    Upper,
)
from dynaseal.beacons.compiled.hashes import beacon_hash, derive_keys
from dynaseal.beacons.compiled.locations import parse_location
from dynaseal.beacons.compiled.virtual_fields import characters, code_units

KEY = derive_keys(bytes(32), ["x"])["x"]


@given(st.binary(max_size=40), st.integers(2, 63))
def test_a_shorter_beacon_is_the_end_of_a_longer_one(data: bytes, length: int) -> None:
    longer, shorter = beacon_hash(KEY, data, length), beacon_hash(KEY, data, length - 1)
    assert len(longer) == (length + 3) // 4
    assert int(longer, 16) < 2**length
    assert int(longer, 16) % 2 ** (length - 1) == int(shorter, 16)


def test_each_beacon_has_a_key_of_its_own() -> None:
    keys = derive_keys(bytes(32), ["a", "b"])
    assert keys["a"] != keys["b"]
    assert len(keys["a"]) == 64


@given(st.text())
def test_code_units_join_to_the_same_string(string: str) -> None:
    units = code_units(string)
    assert len(units) == len(string.encode("utf-16-be", "surrogatepass")) // 2
    assert characters(units) == string.encode("utf-16-be", "surrogatepass").decode(
        "utf-16-be", "surrogatepass"
    )


@given(st.text(alphabet="ab c", max_size=12), st.integers(1, 15))
def test_a_prefix_and_the_rest_after_it_are_the_whole_string(string: str, length: int) -> None:
    assert GetPrefix(length).apply(string) + GetSuffix(-length).apply(string) == string
    assert GetPrefix(-length).apply(string) + GetSuffix(length).apply(string) == string


@given(st.text(alphabet="ab-", max_size=12), st.integers(0, 8))
def test_segments_before_and_from_a_position_are_all_but_the_last(string: str, at: int) -> None:
    pieces = string.split("-")[:-1]
    before, after = GetSegments("-", 0, at).apply(string), GetSegments("-", at, 99).apply(string)
    assert (before.split("-") if before or (at and pieces) else []) + (
        after.split("-") if after or at < len(pieces) else []
    ) == pieces


@pytest.mark.parametrize(
    ("transform", "result"),
    [
        (Upper(), "éABC-DEF"),
        (Lower(), "éabc-def"),
        (GetSubstring(1, 99), "Abc-dE"),
        (GetSubstring(-99, 2), "éA"),
        (GetSegment("-", -1), "dEf"),
        (GetSegment("-", 2), ""),
        (GetSegment("-", -3), ""),
        (GetSegments("-", 0, 99), "éAbc"),
    ],
)
def test_a_transform_counts_as_aws_counts(transform: Any, result: str) -> None:
    assert transform.apply("éAbc-dEf") == result


@pytest.mark.parametrize("string", ["", ".", "a.", "a[", "a[]", "a[x]", "a]b[0", "[0]", "a[0]b", "a[-1]"])
def test_what_is_not_a_location_is_refused(string: str) -> None:
    with pytest.raises(ConfigError, match="which is not a location"):
        parse_location(string, "the beacon")


@pytest.mark.parametrize("string", ["a", "a.b", "a[0]", "a.b[3].c", "a[1][2]", "a b.c-d"])
def test_a_location_is_written_as_it_was_read(string: str) -> None:
    assert str(parse_location(string, "the beacon")) == string
