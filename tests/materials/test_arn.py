"""Key identifiers of KMS: read, written and compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import ConfigError
from dynaseal.materials.arn import check_key_id, check_multi_region_keys_differ, is_same_key, parse_arn
from support.keyrings import KMS_A, MRK_EU, MRK_US

parts = st.text(st.characters(exclude_characters=":/", exclude_categories=["Cs"]), min_size=1, max_size=8)
resources = st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(parts, parts, parts, st.sampled_from(["key", "alias"]), resources)
def test_an_arn_that_is_read_is_written_back_the_same(
    partition: str, region: str, account: str, kind: str, resource: str
) -> None:
    text = f"arn:{partition}:kms:{region}:{account}:{kind}/{resource}"

    assert str(parse_arn(text)) == text


@given(st.text(max_size=60) | st.text("arn:aws:kms/key-1", max_size=60) | st.text(":/a", max_size=12))
def test_any_text_is_an_arn_or_a_value_error(text: str) -> None:
    try:
        assert str(parse_arn(text)) == text
    except ValueError:
        return


def test_an_arn_has_at_most_2048_characters_none_of_them_a_space() -> None:
    longest = KMS_A + "0" * (2048 - len(KMS_A))
    assert check_key_id(longest) == longest
    for wrong in (f"{longest}0", KMS_A.replace("key/", "key/ "), f"{KMS_A}\u00e9", f"{KMS_A}\x00"):
        with pytest.raises(ConfigError, match="is not the ARN of a KMS key or alias"):
            check_key_id(wrong)


@pytest.mark.parametrize(
    ("key_id", "arn", "same"),
    [
        (KMS_A, KMS_A, True),
        (MRK_US, MRK_US, True),
        (MRK_US, MRK_EU, True),
        (MRK_US.replace("111122223333", "555566667777"), MRK_EU, False),
        (MRK_US.replace("arn:aws:", "arn:aws-cn:"), MRK_EU, False),
        (MRK_US.replace(":key/", ":alias/"), MRK_EU, False),
        (KMS_A.replace("us-west-2", "eu-west-1"), KMS_A, False),
        ("mrk-94fa39269a4f59685dfc71ab9d93bed4", MRK_EU, False),
        ("alias/hr", MRK_EU, False),
    ],
)
def test_replicas_of_a_multi_region_key_are_the_same_key_and_nothing_else_is(
    key_id: str, arn: str, same: bool
) -> None:
    assert is_same_key(key_id, parse_arn(arn)) is same


def test_a_single_region_key_may_be_given_twice_and_a_multi_region_key_may_not() -> None:
    check_multi_region_keys_differ([KMS_A, KMS_A, MRK_US])

    with pytest.raises(ConfigError):
        check_multi_region_keys_differ([MRK_US, MRK_US])
