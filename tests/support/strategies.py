"""Hypothesis strategies for DynamoDB's values, items and numbers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dynaseal.core.numbers import normalize

strings = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
member_names = strings.filter(bool)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: not name.startswith("aws_dbe_")
)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A number in any form that DynamoDB accepts."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    point = draw(st.integers(0, len(digits)))
    sign = draw(st.sampled_from(["", "-", "+"]))
    exponent = draw(st.one_of(st.just(""), st.integers(-80, 80).map("e{}".format)))
    return (
        f"{sign}{digits[:point]}.{digits[point:]}{exponent}"
        if point < len(digits)
        else sign + digits + exponent
    )


def normal_numbers() -> st.SearchStrategy[str]:
    """A number in its normal form."""
    return numbers().map(normalize)


scalars: st.SearchStrategy[dict[str, Any]] = st.one_of(
    strings.map(lambda text: {"S": text}),
    normal_numbers().map(lambda number: {"N": number}),
    st.binary(max_size=12).map(lambda data: {"B": data}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.just({"NULL": True}),
)
sets: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.lists(strings, unique=True, min_size=1, max_size=4).map(
        lambda members: {"SS": sorted(members, key=lambda text: text.encode("utf-16-be"))}
    ),
    st.lists(normal_numbers(), unique=True, min_size=1, max_size=4).map(
        lambda members: {"NS": sorted(members)}
    ),
    st.lists(st.binary(max_size=6), unique=True, min_size=1, max_size=4).map(
        lambda members: {"BS": sorted(members)}
    ),
)
values: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(scalars, sets),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"L": members}),
        st.dictionaries(member_names, inner, max_size=3).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)
"""Values in the normal form that encryption gives back."""

items: st.SearchStrategy[dict[str, Any]] = st.dictionaries(names, values, max_size=6).map(
    lambda attributes: {**attributes, "pk": {"S": "key"}}
)
