"""Wordings that a reader has to decode, each with the plain wording to use instead.

The patterns are searched in running text: line breaks count as spaces.
"""

import re
from collections.abc import Iterator, Mapping

_UNITS = (
    r"(?:item|shape|Region|operation|tenant|key|kind|line|platform|call|caller|branch key|process|row"
    r"|table|beacon|value|rule|method|module|query|user|keyring|attribute|Table)"
)
_COUNTED = r"(?:once|one|two|three|bytes|us|ms|[a-z]*seconds|calls?|entry|keys?|error|times?)"
_PER = rf"\b{_COUNTED} an? {_UNITS}\b(?! (?:names|has|holds|needs))"

INSTEAD: Mapping[re.Pattern[str], str] = {
    re.compile(pattern): instead
    for pattern, instead in (
        (r"(?<!here )(?<!hat )\b(?:is|are) no (?!longer\b|more\b|less\b|such\b|one\b)[A-Za-z]", "is not a"),
        (r"\b(?:has|have|had) not (?:\d|an?\b|the\b|its\b)", "does not have, must have"),
        (_PER, "per, for each"),
        (r"\b[Ss]o long an? \w+ is\b", "how long, in seconds"),
        (r"\b(?:that|which) (?:is|are) none\b", "is not a"),
        (r"\bthat cannot be(?=[;,.|]| \|)", "is invalid, is not possible"),
        (r"\bNobody did\b|\bor not well\b", "say what is missing"),
        (r"\bsmall letters?\b", "lower case"),
        (r"\bcapital letters?\b", "upper case"),
        (r"\bof another make\b", "of another kind, from another library"),
        (r"\bby the letter of\b", "exactly as ... says"),
        (r"\buntold\b", "without ..., unless given"),
        (r"\bof no use\b", "not needed, useless"),
        (r"\btexts\b", "strings, messages"),
        (r"\b(?:thereof|whereby|wherein|therein)\b", "of it, by which, in which"),
        (r"\bwhat (?:it|this) comes to\b", "the result, the total"),
        (r"\bNever is\b", "is never"),
        (r"\bimport arrows\b", "import layers"),
        (r'"""(?:Give|Tell|Spell|Say)\b', "Return, Return whether, Format, Describe"),
    )
}


def unclear_wordings(text: str) -> Iterator[str]:
    """Yield each unclear wording of a text with what to write instead."""
    running = re.sub(r"\s+(?://|#|\*)?\s*", " ", text)
    for pattern, instead in INSTEAD.items():
        for match in pattern.finditer(running):
            around = running[max(0, match.start() - 30) : match.end() + 30]
            yield f"...{around}... (write: {instead})"
