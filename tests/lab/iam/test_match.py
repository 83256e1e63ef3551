"""Patterns: what fits, and what only looks as if it did."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal_lab.iam.match import action_matches, arn_matches, glob, resource_matches, template

TEXT = st.text(alphabet="ab*?.:/$\\", max_size=12)


@pytest.mark.parametrize(
    ("pattern", "action", "fits"),
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
def test_actions_ignore_case_and_know_two_wildcards(pattern: str, action: str, fits: bool):
    assert action_matches(pattern, action) is fits


TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/demo"


@pytest.mark.parametrize(
    ("pattern", "fits"),
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
def test_resources_are_compared_segment_by_segment(pattern: str, fits: bool):
    context = {"aws:username": ["demo"], "aws:many": ["demo", "other"]}
    assert resource_matches(template(pattern), TABLE, context) is fits


def test_a_variables_value_is_taken_literally():
    assert not resource_matches(
        template("arn:aws:s3:::b/${aws:username}"), "arn:aws:s3:::b/x", {"aws:username": ["*"]}
    )
    assert resource_matches(
        template("arn:aws:s3:::b/${aws:username}"), "arn:aws:s3:::b/*", {"aws:username": ["*"]}
    )


def test_three_characters_have_variables_of_their_own():
    assert glob(template("a${*}b${?}c${$}*"), "a*b?c$rest", {})
    assert not glob(template("a${*}b"), "axb", {})


def test_an_old_document_has_no_variables():
    assert glob(template("${aws:username}", variables=False), "${aws:username}", {})


@pytest.mark.parametrize(
    "text", ["${}", "${ }", "${username}", "${aws:username,}", "${aws:x, d}", "${aws:x'y'}"]
)
def test_a_variable_that_is_written_wrongly_is_refused(text: str):
    with pytest.raises(ValueError, match="Invalid policy variable"):
        template(text)


@pytest.mark.parametrize(
    ("pattern", "arn", "fits"),
    [
        ("arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/team/a", True),
        ("arn:aws:iam::*", "arn:aws:iam::111122223333:role/a", False),
        ("arn:*:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/a", True),
        ("arn:aws:iam::1*3:role/a", "arn:aws:iam::111122223333:role/a", True),
        ("*", "arn:aws:iam::111122223333:role/a", False),
    ],
)
def test_arn_operators_compare_all_six_segments(pattern: str, arn: str, fits: bool):
    assert arn_matches(template(pattern), arn, {}) is fits


def reference(pattern: str, text: str) -> bool:
    """Wildcards by their definition, without regular expressions."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(reference(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and reference(pattern[1:], text[1:])


@given(TEXT, TEXT)
def test_wildcards_do_what_their_definition_says(pattern: str, text: str):
    assert glob(template(pattern, variables=False), text, {}) is reference(pattern, text)


@given(TEXT)
def test_every_text_matches_itself_once_its_wildcards_are_escaped(text: str):
    escaped = re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", text)
    assert glob(template(escaped), text, {})


@pytest.mark.parametrize("compare", [glob, resource_matches])
def test_a_pattern_full_of_wildcards_is_answered_at_once(compare):
    pattern = template("arn:aws:s3:::" + "*a" * 200 + "b")
    assert not compare(pattern, "arn:aws:s3:::" + "a" * 5000, {})
    inside = template("arn:aws:s3:" + "*a" * 200 + "b::x")
    assert not compare(inside, "arn:aws:s3:" + "a" * 5000 + "::x", {})


SEGMENTS = st.lists(st.text(alphabet="ab*", max_size=5), min_size=6, max_size=6).map(":".join)


@given(SEGMENTS, st.lists(st.text(alphabet="ab", max_size=4), min_size=6, max_size=6).map(":".join))
def test_wildcards_in_segments_find_whatever_there_is_to_find(pattern: str, text: str):
    parts = [re.escape(part).replace(r"\*", "[^:]*") for part in pattern.split(":")]
    crossing = [f"{part[:-5]}.*" if part.endswith("[^:]*") else part for part in parts]
    plainly = ":".join([*crossing[:-1], parts[-1].replace("[^:]*", ".*")])
    assert resource_matches(template(pattern), text, {}) is (re.fullmatch(plainly, text) is not None)
