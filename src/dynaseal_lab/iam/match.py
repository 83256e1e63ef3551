"""Patterns of policies against what a request has: wildcards, policy variables, ARNs, actions.

Rules:
- `*` is any run of characters, `?` any one; everything else is itself.
- `${key}` is the request's value of that condition key, taken literally; `${key, 'd'}` is `d` where the
  request has none; without either nothing matches. A key with several values is no variable. `${*}`,
  `${?}` and `${$}` are the characters themselves. Variables exist in documents of version 2012-10-17 only.
- Actions ignore case; resources do not.
- In a resource's first five segments a wildcard stays within its segment, unless the segment ends with `*`.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html and
reference_policies_elements_resource.html there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Context = Mapping[str, Sequence[str]]
"""Condition keys in lower case and their values."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULTED = re.compile(r"([^,]+?)\s*,\s*'([^']*)'")
_ARN_SEGMENTS = 6
ANYTHING = ".*"
"""Any run of characters, as a regular expression."""
_TOKEN = re.compile(r"(\.\*|\[\^:\]\*)|\\.|.", re.DOTALL)
"""A wildcard run, an escaped character, or a plain one."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: the condition key in lower case, and the text where the request has no value."""

    key: str
    default: str | None = None

    def value(self, context: Context) -> str | None:
        """What it stands for in this request; None where that is nothing."""
        values = context.get(self.key, ())
        return values[0] if len(values) == 1 else self.default


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that has no wildcards, whatever it looks like."""

    text: str


Part = str | Variable | Literal
"""A piece of a pattern: text in which `*` and `?` are wildcards, a variable, or text in which they are
not."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy, its variables found."""

    parts: tuple[Part, ...]

    def text(self, context: Context) -> str | None:
        """The text with its variables filled in; None where one has no value."""
        filled = [_plain(part, context) for part in self.parts]
        return None if None in filled else "".join(part for part in filled if part is not None)

    def pattern(self, context: Context, *, unknown: str | None = None) -> str | None:
        """The same with wildcards kept: a regular expression in which filled-in text is literal.

        Args:
            context: The request's condition keys.
            unknown: A regular expression for a variable without a value.
        """
        filled = [_pattern(part, context, unknown) for part in self.parts]
        return None if None in filled else "".join(part for part in filled if part is not None)


@lru_cache(maxsize=8192)
def template(text: str, *, variables: bool = True) -> Template:
    """Find the variables of `text`.

    Raises:
        ValueError: A variable's name or default is written wrongly.

    Example:
        >>> template("home/${aws:username}/*").text({"aws:username": ["ann"]})
        'home/ann/*'
    """
    if not variables or "${" not in text:
        return Template((text,))
    parts: list[Part] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts += [text[end : found.start()], _variable(found[1])]
        end = found.end()
    return Template((*parts, text[end:]))


def _variable(inside: str) -> Part:
    if inside in ("*", "?", "$"):
        return Literal(inside)
    defaulted = _DEFAULTED.fullmatch(inside.strip())
    name, default = (defaulted[1], defaulted[2]) if defaulted else (inside.strip(), None)
    if ":" not in name or "'" in name or "," in name:
        raise ValueError(f"Invalid policy variable: ${{{inside}}}")
    return Variable(name.lower(), default)


def _plain(part: Part, context: Context) -> str | None:
    if isinstance(part, Variable):
        return part.value(context)
    return part.text if isinstance(part, Literal) else part


def _pattern(part: Part, context: Context, unknown: str | None) -> str | None:
    if isinstance(part, Variable):
        value = part.value(context)
        return unknown if value is None else re.escape(value)
    return re.escape(part.text) if isinstance(part, Literal) else _wild(part)


def _wild(text: str) -> str:
    return re.escape(text).replace(r"\*", ANYTHING).replace(r"\?", ".")


@lru_cache(maxsize=8192)
def _compiled(pattern: str) -> re.Pattern[str]:
    """The pattern without needless backtracking, so that no policy can keep the evaluator busy.

    What follows a `*` is best found as early as possible: no later place leaves more for the rest to match.
    Only a `*` that may cross colons before one that may not is left to try them all; an ARN has few of those.
    """
    pieces, stars = [""], list[str]()
    for token in _TOKEN.finditer(pattern):
        if token[1]:
            stars.append(token[1])
            pieces.append("")
        else:
            pieces[-1] += token[0]
    written = pieces[0]
    for place, star in enumerate(stars):
        piece = pieces[place + 1]
        following = stars[place + 1 : place + 2]
        early = bool(following) and not (star == ANYTHING and following[0] != ANYTHING)
        written += f"(?>{star}?{piece})" if early else star + piece
    return re.compile(written, re.DOTALL)


def glob(pattern: Template, text: str, context: Context) -> bool:
    """Whether `text` fits a pattern with wildcards, case and all.

    Example:
        >>> glob(template("a?c*"), "abcd", {}), glob(template("${*}"), "x", {})
        (True, False)
    """
    written = pattern.pattern(context)
    return written is not None and _compiled(written).fullmatch(text) is not None


@lru_cache(maxsize=8192)
def action_matches(pattern: str, action: str) -> bool:
    """Whether an action fits a policy's Action.

    Example:
        >>> action_matches("KMS:decrypt*", "kms:Decrypt"), action_matches("kms:De?rypt", "kms:Decrypt")
        (True, True)
    """
    return _compiled(_wild(pattern.lower())).fullmatch(action.lower()) is not None


def resource_matches(
    pattern: Template, resource: str, context: Context, *, unknown: str | None = None
) -> bool:
    """Whether a resource fits a policy's Resource; `unknown` as in `Template.pattern`.

    Example:
        >>> resource_matches(template("arn:aws:kms:*:1*2:key/*"), "arn:aws:kms:eu-west-1:112:key/a", {})
        True
    """
    written = pattern.pattern(context, unknown=unknown)
    if written is None:
        return False
    if written == ".*":
        return True
    return _compiled(_within_segments(written)).fullmatch(resource) is not None


@lru_cache(maxsize=8192)
def _within_segments(pattern: str) -> str:
    segments = pattern.split(":", _ARN_SEGMENTS - 1)
    bounded = [_bounded(segment) for segment in segments[:-1]]
    return ":".join([*bounded, segments[-1]])


def _bounded(segment: str) -> str:
    body, last = (segment[:-2], ".*") if segment.endswith(".*") else (segment, "")
    # An escaped dot (`\.`) is a dot; a bare one is a wildcard that may not cross a colon.
    return re.sub(r"\\.|\.", lambda found: "[^:]" if found[0] == "." else found[0], body) + last


def arn_matches(pattern: Template, arn: str, context: Context) -> bool:
    """Whether an ARN fits a pattern segment by segment, as the Arn operators compare.

    Example:
        >>> arn_matches(template("arn:aws:iam::*:role/*"), "arn:aws:iam::111122223333:role/a/b", {})
        True
    """
    written = pattern.pattern(context)
    if written is None:
        return False
    wanted, given = written.split(":", _ARN_SEGMENTS - 1), arn.split(":", _ARN_SEGMENTS - 1)
    if len(wanted) != _ARN_SEGMENTS or len(given) != _ARN_SEGMENTS:
        return False
    return all(_compiled(want).fullmatch(have) for want, have in zip(wanted, given, strict=True))


Matcher = Callable[[Template, str, Context], bool]
"""How a text of a policy is compared with a request's value."""
