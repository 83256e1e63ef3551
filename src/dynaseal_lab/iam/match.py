"""Matching the patterns in policies: wildcards, policy variables, ARNs, actions.

Rules:
- `*` matches any number of characters, `?` exactly one; every other character matches itself.
- `${key}` is replaced by the request's value of that condition key, in which `*` and `?` are not wildcards;
  `${key, 'd'}` by `d` if the request has no value. Without a value and a default nothing matches, and so it
  is for a key with several values. `${*}`, `${?}` and `${$}` are the characters themselves. Only documents of
  version 2012-10-17 have variables.
- Actions are compared without regard to case; resources are not.
- In the first five segments of an ARN in Resource a wildcard matches within its segment only, unless the
  segment ends with `*`.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html and
reference_policies_elements_resource.html there.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from dynaseal_lab.model import ConditionKeys

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULTED = re.compile(r"([^,]+?)\s*,\s*'([^']*)'")
_ARN_SEGMENTS = 6
ANYTHING = ".*"
"""The regular expression for `*`."""
_TOKEN = re.compile(r"(\.\*|\[\^:\]\*)|\\.|.", re.DOTALL)
"""In a regular expression made here: a `*` wildcard, an escaped character, or a plain one."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: the condition key in lower case, and its default."""

    key: str
    default: str | None = None

    def value(self, condition_keys: ConditionKeys) -> str | None:
        """Return the variable's value for a request, or None if it has none."""
        values = condition_keys.get(self.key, ())
        return values[0] if len(values) == 1 else self.default


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters that are not wildcards, even if they are `*` or `?`."""

    characters: str


Part = str | Variable | Literal
"""A piece of a pattern: a string in which `*` and `?` are wildcards, a variable, or a literal."""


@dataclass(frozen=True, slots=True)
class Template:
    """A string in a policy, split at its variables."""

    parts: tuple[Part, ...]

    def filled(self, condition_keys: ConditionKeys) -> str | None:
        """Return the string with its variables replaced by their values; None if one has no value."""
        parts = [_plain(part, condition_keys) for part in self.parts]
        return None if None in parts else "".join(part for part in parts if part is not None)

    def pattern(self, condition_keys: ConditionKeys, *, unknown: str | None = None) -> str | None:
        """Return the string as a regular expression; None if a variable has no value.

        Args:
            condition_keys: The request's condition keys.
            unknown: A regular expression to use for a variable without a value.
        """
        parts = [_pattern(part, condition_keys, unknown) for part in self.parts]
        return None if None in parts else "".join(part for part in parts if part is not None)


@lru_cache(maxsize=8192)
def template(string: str, *, variables: bool = True) -> Template:
    """Split a string in a policy at its variables, if the policy's version has variables.

    Raises:
        ValueError: A variable's name or default is malformed.

    Example:
        >>> template("home/${aws:username}/*").filled({"aws:username": ["ann"]})
        'home/ann/*'
    """
    if not variables or "${" not in string:
        return Template((string,))
    parts: list[Part] = []
    end = 0
    for variable in _VARIABLE.finditer(string):
        parts += [string[end : variable.start()], _variable(variable[1])]
        end = variable.end()
    return Template((*parts, string[end:]))


def _variable(inside: str) -> Part:
    if inside in ("*", "?", "$"):
        return Literal(inside)
    defaulted = _DEFAULTED.fullmatch(inside.strip())
    name, default = (defaulted[1], defaulted[2]) if defaulted else (inside.strip(), None)
    if ":" not in name or "'" in name or "," in name:
        raise ValueError(f"Invalid policy variable: ${{{inside}}}")
    return Variable(name.lower(), default)


def _plain(part: Part, condition_keys: ConditionKeys) -> str | None:
    if isinstance(part, Variable):
        return part.value(condition_keys)
    return part.characters if isinstance(part, Literal) else part


def _pattern(part: Part, condition_keys: ConditionKeys, unknown: str | None) -> str | None:
    if isinstance(part, Variable):
        value = part.value(condition_keys)
        return unknown if value is None else re.escape(value)
    return re.escape(part.characters) if isinstance(part, Literal) else _wildcards(part)


def _wildcards(string: str) -> str:
    return re.escape(string).replace(r"\*", ANYTHING).replace(r"\?", ".")


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern so that it needs little backtracking: no policy may keep the evaluator busy for long.

    What follows a `*` is best matched as early as possible, because no later place leaves more for the rest
    to match. So a `*` and what follows it go into an atomic group `(?>...)`, which is not tried again. The
    exception is a `*` that may cross colons, before one that may not: it has to try every place, but an ARN
    has few of those.
    """
    pieces, stars = [""], list[str]()
    for token in _TOKEN.finditer(pattern):
        if token[1]:
            stars.append(token[1])
            pieces.append("")
        else:
            pieces[-1] += token[0]
    compiled = pieces[0]
    for index, star in enumerate(stars):
        piece = pieces[index + 1]
        following = stars[index + 1 : index + 2]
        earliest = bool(following) and not (star == ANYTHING and following[0] != ANYTHING)
        compiled += f"(?>{star}?{piece})" if earliest else star + piece
    return re.compile(compiled, re.DOTALL)


def glob(pattern: Template, value: str, condition_keys: ConditionKeys) -> bool:
    """Return whether a value matches a pattern with wildcards; upper and lower case differ.

    Example:
        >>> glob(template("a?c*"), "abcd", {}), glob(template("${*}"), "x", {})
        (True, False)
    """
    expression = pattern.pattern(condition_keys)
    return expression is not None and _compiled(expression).fullmatch(value) is not None


@lru_cache(maxsize=8192)
def action_matches(pattern: str, action: str) -> bool:
    """Return whether an action matches one in a policy.

    Example:
        >>> action_matches("KMS:decrypt*", "kms:Decrypt"), action_matches("kms:De?rypt", "kms:Decrypt")
        (True, True)
    """
    return _compiled(_wildcards(pattern.lower())).fullmatch(action.lower()) is not None


def resource_matches(
    pattern: Template, resource: str, condition_keys: ConditionKeys, *, unknown: str | None = None
) -> bool:
    """Return whether a resource matches one in a policy; `unknown` is as in `Template.pattern`.

    Example:
        >>> resource_matches(template("arn:aws:kms:*:1*2:key/*"), "arn:aws:kms:eu-west-1:112:key/a", {})
        True
    """
    expression = pattern.pattern(condition_keys, unknown=unknown)
    if expression is None:
        return False
    if expression == ANYTHING:
        return True
    return _compiled(_within_segments(expression)).fullmatch(resource) is not None


@lru_cache(maxsize=8192)
def _within_segments(pattern: str) -> str:
    segments = pattern.split(":", _ARN_SEGMENTS - 1)
    without_colons = [_without_colons(segment) for segment in segments[:-1]]
    return ":".join([*without_colons, segments[-1]])


def _without_colons(segment: str) -> str:
    """Return a segment's expression with wildcards that do not match colons, except for a `*` at its end."""
    body, last = (segment[:-2], ".*") if segment.endswith(".*") else (segment, "")
    # An escaped dot (`\.`) is a dot in the policy; a bare one comes from a wildcard.
    return re.sub(r"\\.|\.", lambda dot: "[^:]" if dot[0] == "." else dot[0], body) + last


def arn_matches(pattern: Template, arn: str, condition_keys: ConditionKeys) -> bool:
    """Return whether an ARN matches a pattern segment by segment, as the Arn operators compare.

    Example:
        >>> arn_matches(template("arn:aws:iam::*:role/*"), "arn:aws:iam::111122223333:role/a/b", {})
        True
    """
    expression = pattern.pattern(condition_keys)
    if expression is None:
        return False
    wanted, segments = expression.split(":", _ARN_SEGMENTS - 1), arn.split(":", _ARN_SEGMENTS - 1)
    if len(wanted) != _ARN_SEGMENTS or len(segments) != _ARN_SEGMENTS:
        return False
    return all(_compiled(want).fullmatch(segment) for want, segment in zip(wanted, segments, strict=True))
