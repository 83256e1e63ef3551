"""The grammar: what round-trips, what an expression touches, and that no string breaks the parser."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions import apply_update, matches, parse_condition, parse_projection, parse_update
from dynaseal.expressions.tokens import MAX_EXPRESSION_BYTES
from dynaseal.expressions.tree import Condition
from dynaseal.expressions.validation import check_update_request
from support.conditions import conditions

SPACES = st.text(" \t\r\n", min_size=1, max_size=2)


@given(conditions)
def test_the_text_of_a_tree_parses_to_that_tree(condition: Condition) -> None:
    assert parse_condition(str(condition)).condition == condition


@given(conditions, SPACES, st.sampled_from([str, str.lower]))
def test_spacing_and_the_case_of_keywords_do_not_matter(
    condition: Condition, space: str, case: object
) -> None:
    words = str(condition).replace("(", "( ").replace(")", " )").split(" ")
    keywords = {"AND", "OR", "NOT", "IN", "BETWEEN"}
    text = space.join(word.lower() if case is str.lower and word in keywords else word for word in words)
    assert parse_condition(text).condition == condition


@given(st.one_of(st.text(max_size=200), st.text("anot(),.[]#:=<> 019_ABETWEDR", max_size=200)))
def test_any_text_parses_or_is_refused_with_an_error_of_ours(text: str) -> None:
    for parse in (parse_condition, parse_projection, parse_update):
        with suppress(UnsupportedOperationError):
            parse(text)


NAMES = {"#n": "a"}
VALUES: dict[str, Any] = {":v": {"L": []}, ":n": {"N": "1"}}
TOKENS = [
    *("SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN"),
    *("if_not_exists(", "list_append(", "size(", "attribute_exists(", "contains("),
    *("a", "#n", ":v", ":n", "[0]", ".", ",", "(", ")", "=", "<>", "+", "-"),
]
# What may stand around a part of an expression any number of times.
WRAPPINGS = [
    *(("(", ")"), ("NOT ", ""), ("NOT (", ")"), ("(a = :n AND (a = :n OR ", "))"), ("", ", a"), ("", "[0]")),
    *(("list_append(", ", :v)"), ("list_append(:v, ", ")"), ("if_not_exists(a, ", ")"), ("size(", ")")),
    *(("a IN (", ")"), ("attribute_exists(", ")"), ("SET a = ", ""), ("REMOVE ", ""), ("", " + a")),
]


def wrapped(part: str, wrappings: list[tuple[tuple[str, str], int]]) -> str:
    for (before, after), count in wrappings:
        if len(part) + count * len(before + after) <= MAX_EXPRESSION_BYTES:
            part = before * count + part + after * count
    return part


@given(
    st.builds(
        wrapped,
        st.lists(st.sampled_from(TOKENS), min_size=1, max_size=30).map(" ".join),
        st.lists(st.tuples(st.sampled_from(WRAPPINGS), st.integers(1, 2048)), max_size=5),
    )
)
@example("SET a = list_append(" + "(" * 2000 + ":v" + ")" * 2000 + ", :v)")
@example("SET a = " + "list_append((((" * 32 + ":v" + ")))), :v)" * 32)
@example("SET a = " + "if_not_exists(a, (" * 31 + "(" * 1500 + ":v" + ")" * 1500 + "))" * 31)
@example("a IN (" + "(" * 2000 + ":v" + ")" * 2000 + ")")
@example("size(" + "(" * 2000 + "a" + ")" * 2000 + ") = :n")
@example("(a = :n AND (a = :n OR " * 149 + "a = :n" + "))" * 149)
def test_an_expression_of_any_nesting_is_used_or_refused_with_an_error_of_ours(text: str) -> None:
    assert len(text) <= MAX_EXPRESSION_BYTES
    item: Any = {"a": {"L": [{"N": "1"}]}}
    with suppress(UnsupportedOperationError):
        parse_projection(text)
    with suppress(UnsupportedOperationError):
        matches(parse_condition(text), item, NAMES, VALUES)
    with suppress(UnsupportedOperationError):
        apply_update(parse_update(text), item, NAMES, VALUES)
    placeholders: list[tuple[str, dict[str, Any]]] = [
        ("ExpressionAttributeNames", {name: NAMES[name] for name in NAMES if name in text}),
        ("ExpressionAttributeValues", {name: VALUES[name] for name in VALUES if name in text}),
    ]
    used = {parameter: members for parameter, members in placeholders if members}
    for parameter in ("UpdateExpression", "ConditionExpression"):
        with suppress(UnsupportedOperationError):
            check_update_request({parameter: text, **used})


def test_brackets_around_an_operand_of_an_update_change_nothing() -> None:
    plain = parse_update("SET a = list_append(b, if_not_exists(c, :v))")
    bracketed = parse_update("SET a = (list_append((b), ((if_not_exists(c, (((:v))))))))")
    assert bracketed.sets == plain.sets


@pytest.mark.parametrize("text", ["SET a = list_append(((b), c)", "SET a = list_append(b, (c)))"])
def test_brackets_around_an_operand_of_an_update_must_match(text: str) -> None:
    with pytest.raises(UnsupportedOperationError, match="was expected at position 2"):
        parse_update(text)


def test_paths_are_in_order_and_those_only_tested_for_existence_are_kept_apart() -> None:
    expression = parse_condition(
        "attribute_exists(a) AND attribute_not_exists(b.c) OR size(#d) > :v AND e IN (f)"
    )
    assert [str(path) for path in expression.paths] == ["a", "b.c", "#d", "e", "f"]
    assert [str(path) for path in expression.value_paths] == ["b.c", "#d", "e", "f"]
    assert [value.name for value in expression.values] == [":v"]


def test_a_path_and_a_value_know_where_they_stand_in_the_text() -> None:
    text = "NOT ( a.#b[10] = :value )"
    expression = parse_condition(text)
    assert [text[slice(*path.span)] for path in expression.paths] == ["a.#b[10]"]
    assert [text[slice(*value.span)] for value in expression.values] == [":value"]


def test_an_update_gives_the_paths_of_both_sides() -> None:
    expression = parse_update("SET a.b = if_not_exists(c, :v) + d ADD #e :w REMOVE f[0]")
    assert [str(path) for path in expression.paths] == ["a.b", "c", "d", "#e", "f[0]"]


def test_names_that_start_like_keywords_are_names() -> None:
    expression = parse_condition("order_no = :v AND inbound = :v AND notice = :v AND android = :v")
    assert [str(path) for path in expression.paths] == ["order_no", "inbound", "notice", "android"]


def test_one_text_is_compiled_once() -> None:
    assert parse_condition("a = :v") is parse_condition("a = :v")


def test_the_message_says_which_parameter_where_and_what() -> None:
    with pytest.raises(UnsupportedOperationError) as caught:
        parse_condition("a = :v AND", "FilterExpression")
    assert str(caught.value) == (
        "Invalid FilterExpression: an attribute's name was expected at position 10, found its end. "
        "Write the FilterExpression in DynamoDB's grammar"
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2040 + "a = :v" + ")" * 2040,
        "NOT " * 299 + "a = :v",
        "NOT (" * 299 + "a = :v" + ")" * 299,
        "(a = :v AND (b = :v OR " * 70 + "c = :v" + "))" * 70,
    ],
    ids=["brackets", "nots", "bracketed nots", "alternating"],
)
def test_the_deepest_nesting_is_parsed_and_evaluated_without_deep_recursion(text: str) -> None:
    expression = parse_condition(text)
    assert matches(expression, {"a": {"N": "1"}}, None, {":v": {"N": "1"}}) in (True, False)


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000, "a." * 100_000, "NOT " * 100_000, "#" * 100_000, ")" * 4096, "a[0]" * 1024, "(a" * 2048],
)
def test_hostile_expressions_are_refused_at_once(text: str) -> None:
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    for parse in (parse_condition, parse_projection, parse_update):
        sys.setprofile(count)
        try:
            with pytest.raises(UnsupportedOperationError):
                parse(text)
        finally:
            sys.setprofile(None)
    assert calls < 250_000


def test_functions_of_an_update_nest_to_a_limit() -> None:
    for depth in (32, 33, 200):
        text = "SET a = " + "if_not_exists(b, " * depth + ":v" + ")" * depth
        if depth == 32:
            assert len(parse_update(text).paths) == 33
        else:
            with pytest.raises(UnsupportedOperationError, match="nest deeper than 32"):
                parse_update(text)


@pytest.mark.parametrize(
    ("names", "values", "missing"),
    [({}, {":v": {"N": "1"}}, "#n"), ({"#n": "n"}, {}, ":v")],
    ids=["name", "value"],
)
def test_a_placeholder_that_nothing_defines_is_named(
    names: dict[str, str], values: dict[str, dict[str, str]], missing: str
) -> None:
    with pytest.raises(UnsupportedOperationError, match=f"uses {missing}, which"):
        matches(parse_condition("#n = :v"), {}, names, values)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "one", ""])
def test_an_invalid_number_is_refused(number: str) -> None:
    with pytest.raises(UnsupportedOperationError, match="not a number"):
        matches(parse_condition("n = :v"), {"n": {"N": "1"}}, None, {":v": {"N": number}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ssn = 123456789", "an attribute's name was expected at position 6, found a number"),
        ("ssn IN (123456789)", "an attribute's name was expected at position 8, found a number"),
        ("ssn = :v Anderson", "the expression's end was expected at position 9, found a name"),
        ("ssn = :v OR AND", "an attribute's name was expected at position 12, found 'AND'"),
        ("ssn = )", "an attribute's name was expected at position 6, found '\\)'"),
    ],
)
def test_an_error_does_not_show_a_value_that_was_written_into_an_expression(text: str, message: str) -> None:
    with pytest.raises(UnsupportedOperationError, match=message) as caught:
        parse_condition(text, "FilterExpression")
    assert "123456789" not in str(caught.value)
    assert "Anderson" not in str(caught.value)
