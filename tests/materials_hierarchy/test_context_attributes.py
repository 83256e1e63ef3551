"""An item's attributes, read from its encryption context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal.core.context import base_context, version_1_entry, version_2_entries
from dynaseal.core.values.writing import serialize
from dynaseal.materials.context_attributes import NoAttributesError, context_attributes
from support.strategies import names, values

KEYS = {"aws-crypto-partition-name": "pk", "aws-crypto-sort-name": "sk"}
GOOD = KEYS | {"aws-crypto-attr.pk": "AAFh", "aws-crypto-attr.sk": "AAI3"}


@given(values, values)
def test_version_1_gives_the_key_attributes_back(
    partition: dict[str, object], sort: dict[str, object]
) -> None:
    context = base_context("t", "pk", "sk") | {
        "aws-crypto-attr.pk": version_1_entry(*serialize(partition)),
        "aws-crypto-attr.sk": version_1_entry(*serialize(sort)),
    }

    assert context_attributes(context) == {"pk": partition, "sk": sort}


@given(st.dictionaries(names, values, max_size=5), values)
def test_version_2_gives_every_attribute_of_the_context_back(
    others: dict[str, dict[str, object]], partition: dict[str, object]
) -> None:
    attributes = others | {"pk": partition}
    ordered = sorted(attributes, key=str.encode)
    context = base_context("t", "pk", None) | version_2_entries(
        [(name, *serialize(attributes[name])) for name in ordered]
    )

    table_entries = {"aws_dbe_table_name": {"S": "t"}, "aws_dbe_partition_name": {"S": "pk"}}
    assert context_attributes(context) == attributes | table_entries


@pytest.mark.parametrize(
    "context",
    [
        {},
        KEYS,
        {"aws-crypto-attr.pk": "AAFh"},
        {**GOOD, "aws-crypto-attr.pk": "not base64"},
        {**GOOD, "aws-crypto-attr.pk": ""},
        {**GOOD, "aws-crypto-attr.pk": "AAH/"},
        {**GOOD, "aws-crypto-attr.pk": "CQkJ"},
        {**GOOD, "aws-crypto-legend": ""},
        {**GOOD, "aws-crypto-legend": "S"},
        {**GOOD, "aws-crypto-legend": "SSS"},
        {**GOOD, "aws-crypto-legend": "SX"},
        {**GOOD, "aws-crypto-legend": "SL"},
        {key: value for key, value in GOOD.items() if not key.endswith(".sk")},
    ],
)
def test_a_context_that_does_not_fit_is_refused(context: dict[str, str]) -> None:
    with pytest.raises(NoAttributesError):
        context_attributes(context)


@given(st.dictionaries(st.sampled_from([*GOOD, "aws-crypto-legend", "x"]), st.text(max_size=8)))
def test_no_context_whatever_raises_anything_else(context: dict[str, str]) -> None:
    try:
        attributes = context_attributes(context)
    except NoAttributesError:
        return
    assert attributes
