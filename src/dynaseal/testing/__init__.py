"""Tests for what you write yourself: does your keyring keep to what the library counts on?

    from dynaseal.testing import check_keyring

    def test_my_keyring() -> None:
        check_keyring(MyHsmKeyring(key), reader=MyHsmKeyring(key), secrets=[key])

or, in pytest, one test a rule:

    @pytest.mark.parametrize("rule", RULES, ids=str)
    def test_my_keyring(rule: Rule) -> None:
        rule(Subject(MyHsmKeyring(key)))

Nothing here needs pytest. A broken rule raises ConformanceError; an exception that no keyring should raise
comes through as it is, with a note of the rule, so that its traceback shows where.
"""

from dynaseal.testing.conformance import RULES, Rule, check_keyring
from dynaseal.testing.subject import CONTEXT, ConformanceError, Subject

__all__ = ["CONTEXT", "RULES", "ConformanceError", "Rule", "Subject", "check_keyring"]
