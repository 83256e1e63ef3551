"""Numbers at the edges of DynamoDB's grammar."""

import pytest

from dynaseal.core.numbers import normalize


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("00.00", "0"),
        ("0e999", "0"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.e5", "100000"),
        ("1.50", "1.5"),
        ("-001.50", "-1.5"),
        ("1E-3", "0.001"),
        ("100e-2", "1"),
        ("1e125", "1" + "0" * 125),
        ("1e-130", "0." + "0" * 129 + "1"),
        ("1" * 38, "1" * 38),
        ("1" * 38 + "000", "1" * 38 + "000"),
    ],
)
def test_a_number_has_one_normal_form(text: str, normal: str) -> None:
    assert normalize(text) == normal


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a number"),
        (" 1", "not a number"),
        ("1\n", "not a number"),
        ("0x10", "not a number"),
        ("NaN", "not a number"),
        ("1_0", "not a number"),
        ("\u0661", "not a number"),
        ("1" * 39, "38 significant digits"),
        ("1e126", "too large"),
        ("1e-131", "too small"),
    ],
)
def test_what_dynamodb_does_not_hold_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        normalize(text)
