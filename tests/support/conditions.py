"""Hypothesis strategies for the trees of conditions."""

from __future__ import annotations

from hypothesis import strategies as st

from dynaseal.expressions.tree import (
    And,
    Between,
    Compare,
    Condition,
    Function,
    In,
    Not,
    Or,
    Path,
    Size,
    Value,
)

paths = st.builds(
    lambda root, rest: Path((root, *rest)),
    st.sampled_from(["a", "b1", "order_no", "notice", "#n", "size", "inbound"]),
    st.lists(st.one_of(st.sampled_from(["c", "#m", "and_so"]), st.integers(0, 20)), max_size=3),
)
values = st.sampled_from([Value(":v"), Value(":w_1"), Value(":0")])
operands = st.one_of(paths, values, st.builds(Size, st.one_of(paths, values)))
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), operands, operands),
    st.builds(Between, operands, operands, operands),
    st.builds(In, operands, st.lists(operands, min_size=1, max_size=3).map(tuple)),
    st.builds(
        Function,
        st.sampled_from(["attribute_exists", "attribute_not_exists"]),
        paths.map(lambda path: (path,)),
    ),
    st.builds(
        Function,
        st.sampled_from(["attribute_type", "begins_with", "contains"]),
        st.tuples(operands, operands),
    ),
)


def flat(kind: type[And] | type[Or], branches: list[Condition]) -> Condition:
    """Return a node in which branches of the same kind are replaced by their own branches."""
    flattened: list[Condition] = []
    for branch in branches:
        flattened.extend(branch.conditions if isinstance(branch, kind) else [branch])
    return kind(tuple(flattened))


conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(flat, st.sampled_from([And, Or]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=12,
)
