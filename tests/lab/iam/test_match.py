"""Patterns in policies: what they match, and what they do not."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal_lab.iam.match import Template, action_matches, arn_matches, glob, resource_matches, template
from dynaseal_lab.model import ConditionKeys

STRINGS = st.text(alphabet="ab*?.:/$\\", max_size=12)


@pytest.mark.parametrize(
    ("pattern", "action", "matches"),
    [
        ("*", "kms:Decrypt", True),
        ("kms:*", "kms:Decrypt", True),
        ("KMS:decrypt", "kms:Decrypt", True),
        ("kms:De?rypt", "kms:Decrypt", True),
        ("kms:Decrypt?", "kms:Decrypt", False),
        ("kms:De", "kms:Decrypt", False),
        ("kms.Decrypt", "kms:Decrypt", False),
        ("dynamodb:*", "kms:Decrypt", False),
        ("kms:*Data*", "kms:GenerateDataKey", True),
    ],
)
def test_actions_ignore_case_and_have_two_wildcards(pattern: str, action: str, matches: bool) -> None:
    assert action_matches(pattern, action) is matches


TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/demo"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("*", True),
        (TABLE, True),
        (TABLE.upper(), False),
        ("arn:aws:dynamodb:*:*:table/d*", True),
        ("arn:aws:dynamodb:*", True),
        ("arn:aws:dynamodb:eu-west-?:111122223333:table/demo", True),
        ("arn:aws:dynamodb:e*t-1:111122223333:table/demo", True),
        ("arn:aws:dynamodb:e*3:table/demo", False),  # a wildcard inside a segment stays in it
        ("arn:aws:dynamodb:eu-west-1:1111?2222?333:table/demo", False),
        (TABLE + "/index/*", False),
        (TABLE.replace("table/demo", "table.demo"), False),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/${aws:username}", True),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/${aws:userid}", False),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/${aws:userid, 'demo'}", True),
        ("arn:aws:dynamodb:eu-west-1:111122223333:table/${aws:many}", False),
    ],
)
def test_resources_are_compared_segment_by_segment(pattern: str, matches: bool) -> None:
    condition_keys = {"aws:username": ["demo"], "aws:many": ["demo", "other"]}
    assert resource_matches(template(pattern), TABLE, condition_keys) is matches


def test_wildcards_in_a_variables_value_are_not_wildcards() -> None:
    assert not resource_matches(
        template("arn:aws:s3:::b/${aws:username}"), "arn:aws:s3:::b/x", {"aws:username": ["*"]}
    )
    assert resource_matches(
        template("arn:aws:s3:::b/${aws:username}"), "arn:aws:s3:::b/*", {"aws:username": ["*"]}
    )


def test_the_three_special_characters_can_be_written_as_variables() -> None:
    assert glob(template("a${*}b${?}c${$}*"), "a*b?c$rest", {})
    assert not glob(template("a${*}b"), "axb", {})


def test_an_older_policy_version_has_no_variables() -> None:
    assert glob(template("${aws:username}", variables=False), "${aws:username}", {})


@pytest.mark.parametrize(
    "string", ["${}", "${ }", "${username}", "${aws:username,}", "${aws:x, d}", "${aws:x'y'}"]
)
def test_a_malformed_variable_is_refused(string: str) -> None:
    with pytest.raises(ValueError, match="Invalid policy variable"):
        template(string)


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/team/a", True),
        ("arn:aws:iam::*", "arn:aws:iam::111122223333:role/a", False),
        ("arn:*:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/a", True),
        ("arn:aws:iam::1*3:role/a", "arn:aws:iam::111122223333:role/a", True),
        ("*", "arn:aws:iam::111122223333:role/a", False),
    ],
)
def test_arn_operators_compare_all_six_segments(pattern: str, arn: str, matches: bool) -> None:
    assert arn_matches(template(pattern), arn, {}) is matches


def matches_by_definition(pattern: str, string: str) -> bool:
    """Match wildcards without regular expressions, by trying every split."""
    if not pattern:
        return not string
    if pattern[0] == "*":
        return any(matches_by_definition(pattern[1:], string[cut:]) for cut in range(len(string) + 1))
    return bool(string) and pattern[0] in ("?", string[0]) and matches_by_definition(pattern[1:], string[1:])


@given(STRINGS, STRINGS)
def test_wildcards_match_by_their_definition(pattern: str, string: str) -> None:
    assert glob(template(pattern, variables=False), string, {}) is matches_by_definition(pattern, string)


@given(STRINGS)
def test_every_string_matches_itself_when_its_special_characters_are_escaped(string: str) -> None:
    escaped = re.sub(r"[*?$]", lambda special: f"${{{special[0]}}}", string)
    assert glob(template(escaped), string, {})


@pytest.mark.parametrize("compare", [glob, resource_matches])
def test_a_pattern_full_of_wildcards_does_not_take_long(
    compare: Callable[[Template, str, ConditionKeys], bool],
) -> None:
    pattern = template("arn:aws:s3:::" + "*a" * 200 + "b")
    assert not compare(pattern, "arn:aws:s3:::" + "a" * 5000, {})
    inside = template("arn:aws:s3:" + "*a" * 200 + "b::x")
    assert not compare(inside, "arn:aws:s3:" + "a" * 5000 + "::x", {})


SEGMENTS = st.lists(st.text(alphabet="ab*", max_size=5), min_size=6, max_size=6).map(":".join)


@given(SEGMENTS, st.lists(st.text(alphabet="ab", max_size=4), min_size=6, max_size=6).map(":".join))
def test_wildcards_in_an_arns_segments_match_as_a_plain_regular_expression_does(
    pattern: str, arn: str
) -> None:
    parts = [re.escape(part).replace(r"\*", "[^:]*") for part in pattern.split(":")]
    crossing = [f"{part[:-5]}.*" if part.endswith("[^:]*") else part for part in parts]
    expression = ":".join([*crossing[:-1], parts[-1].replace("[^:]*", ".*")])
    assert resource_matches(template(pattern), arn, {}) is (re.fullmatch(expression, arn) is not None)
