"""Condition operators, a line for each; and what missing and multiple values mean."""

import pytest

from dynaseal_lab.iam.conditions import make_condition

CONDITION_KEYS = {
    "aws:one": ["Blue"],
    "aws:many": ["a", "b"],
    "aws:none": [],
    "aws:number": ["10"],
    "aws:date": ["2026-05-06T07:08:09Z"],
    "aws:bool": ["true"],
    "aws:ip": ["203.0.113.7"],
    "aws:ip6": ["2001:db8::1"],
    "aws:arn": ["arn:aws:iam::111122223333:role/a"],
    "aws:binary": ["AQI="],
    "aws:username": ["Blue"],
}


def holds(operator: str, key: str, *values: str) -> bool:
    return make_condition(operator, key, values, variables=True).holds(CONDITION_KEYS)


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("StringEquals", "aws:One", ["Blue"], True),
        ("StringEquals", "aws:one", ["blue"], False),
        ("StringEquals", "aws:one", ["Red", "Blue"], True),
        ("StringEquals", "aws:one", ["B*"], False),
        ("StringEquals", "aws:one", ["${aws:username}"], True),
        ("StringEquals", "aws:one", ["${aws:absent}"], False),
        ("StringNotEquals", "aws:one", ["Red"], True),
        ("StringNotEquals", "aws:one", ["Red", "Blue"], False),
        ("StringEqualsIgnoreCase", "aws:one", ["bLUE"], True),
        ("StringEqualsIgnoreCase", "aws:one", ["red"], False),
        ("StringEqualsIgnoreCase", "aws:one", ["${aws:absent}"], False),
        ("StringNotEqualsIgnoreCase", "aws:one", ["bLUE"], False),
        ("stringlike", "aws:one", ["B?u*"], True),
        ("StringLike", "aws:one", ["b*"], False),
        ("StringNotLike", "aws:one", ["B*"], False),
        ("NumericEquals", "aws:number", ["10.0"], True),
        ("NumericNotEquals", "aws:number", ["10"], False),
        ("NumericLessThan", "aws:number", ["11"], True),
        ("NumericLessThan", "aws:number", ["9"], False),
        ("NumericLessThanEquals", "aws:number", ["10"], True),
        ("NumericGreaterThan", "aws:number", ["9"], True),
        ("NumericGreaterThanEquals", "aws:number", ["11"], False),
        ("NumericEquals", "aws:one", ["1"], False),
        ("DateEquals", "aws:date", ["2026-05-06T07:08:09Z"], True),
        ("DateNotEquals", "aws:date", ["2026-05-06T07:08:09+00:00"], False),
        ("DateLessThan", "aws:date", ["2026-05-07"], True),
        ("DateLessThanEquals", "aws:date", ["1778051289"], True),
        ("DateGreaterThan", "aws:date", ["2026-05-07T00:00:00Z"], False),
        ("DateGreaterThanEquals", "aws:date", ["2026-05-06T07:08:09Z"], True),
        ("Bool", "aws:bool", ["TRUE"], True),
        ("Bool", "aws:bool", ["false"], False),
        ("BinaryEquals", "aws:binary", ["AQI="], True),
        ("BinaryEquals", "aws:binary", ["AQM="], False),
        ("IpAddress", "aws:ip", ["203.0.113.0/24"], True),
        ("IpAddress", "aws:ip", ["203.0.113.7"], True),
        ("IpAddress", "aws:ip", ["198.51.100.0/24", "2001:db8::/32"], False),
        ("IpAddress", "aws:ip6", ["2001:db8::/32"], True),
        ("IpAddress", "aws:ip6", ["203.0.113.0/24"], False),
        ("NotIpAddress", "aws:ip", ["203.0.113.0/24"], False),
        ("NotIpAddress", "aws:ip", ["198.51.100.0/24"], True),
        ("ArnEquals", "aws:arn", ["arn:aws:iam::*:role/*"], True),
        ("ArnLike", "aws:arn", ["arn:aws:iam::111122223333:role/b"], False),
        ("ArnNotEquals", "aws:arn", ["arn:aws:iam::111122223333:role/a"], False),
        ("ArnNotLike", "aws:arn", ["arn:aws:iam::111122223333:role/b"], True),
        ("Null", "aws:one", ["false"], True),
        ("Null", "aws:one", ["true"], False),
        ("Null", "aws:absent", ["true"], True),
        ("Null", "aws:absent", ["false"], False),
    ],
)
def test_an_operator_compares_the_request_with_the_policy(
    operator: str, key: str, values: list[str], expected: bool
) -> None:
    assert holds(operator, key, *values) is expected


def test_a_variable_is_text_in_a_policy_whose_version_has_none() -> None:
    condition = make_condition("StringEquals", "aws:one", ["${aws:username}"], variables=False)
    assert not condition.holds(CONDITION_KEYS)
    assert condition.holds({"aws:one": ["${aws:username}"]})


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("StringEquals", "x", False),
        ("StringNotEquals", "x", True),
        ("StringNotLike", "x", True),
        ("ArnNotLike", "arn:aws:iam::1:role/x", True),
        ("NotIpAddress", "10.0.0.0/8", True),
        ("NumericNotEquals", "1", True),
        ("DateNotEquals", "2026-01-01", True),
        ("NumericLessThan", "1", False),
        ("Bool", "true", False),
        ("Bool", "false", False),
        ("StringEqualsIfExists", "x", True),
        ("NumericLessThanIfExists", "1", True),
        ("BoolIfExists", "false", True),
        ("ForAllValues:StringEquals", "x", True),
        ("ForAllValues:StringNotEquals", "x", True),
        ("ForAnyValue:StringEquals", "x", False),
        ("ForAnyValue:StringNotEquals", "x", False),
        ("ForAnyValue:StringEqualsIfExists", "x", True),
    ],
)
def test_a_condition_on_a_key_that_the_request_does_not_have(
    operator: str, value: str, expected: bool
) -> None:
    assert holds(operator, "aws:absent", value) is expected


@pytest.mark.parametrize(
    ("operator", "key", "values", "expected"),
    [
        ("ForAllValues:StringEquals", "aws:many", ["a", "b", "c"], True),
        ("ForAllValues:StringEquals", "aws:many", ["a"], False),
        ("ForAllValues:StringEquals", "aws:none", ["a"], True),
        ("ForAllValues:StringNotEquals", "aws:many", ["c"], True),
        ("ForAllValues:StringNotEquals", "aws:many", ["a"], False),
        ("ForAnyValue:StringEquals", "aws:many", ["b"], True),
        ("ForAnyValue:StringEquals", "aws:many", ["c"], False),
        ("ForAnyValue:StringEquals", "aws:none", ["a"], False),
        ("ForAnyValue:StringNotEquals", "aws:many", ["a"], True),
        ("ForAnyValue:StringNotEquals", "aws:many", ["a", "b"], False),
        ("forallvalues:stringlikeifexists", "aws:many", ["?"], True),
        ("StringEquals", "aws:many", ["a", "b"], False),
        ("StringNotEquals", "aws:many", ["c"], False),
    ],
)
def test_a_condition_on_a_key_with_several_values(
    operator: str, key: str, values: list[str], expected: bool
) -> None:
    assert holds(operator, key, *values) is expected


@pytest.mark.parametrize(
    "operator",
    [
        "StringMatches",
        "",
        "ForSomeValues:StringEquals",
        "ForAllValues:",
        "NullIfExists",
        "ForAnyValue:Null",
        "a:b:Bool",
    ],
)
def test_an_unknown_operator_is_refused(operator: str) -> None:
    with pytest.raises(ValueError, match="Invalid Condition type"):
        make_condition(operator, "aws:one", ["x"], variables=True)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericEquals", "ten"),
        ("NumericLessThan", "NaN"),
        ("DateLessThan", "soon"),
        ("Bool", "yes"),
        ("Null", "maybe"),
        ("IpAddress", "203.0.113.300"),
        ("IpAddress", "everywhere"),
        ("BinaryEquals", "!"),
        ("Bool", "${aws:bool}"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(operator: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"Not (a|base64)|does not appear to be|Invalid isoformat"):
        make_condition(operator, "aws:one", [value], variables=True)
