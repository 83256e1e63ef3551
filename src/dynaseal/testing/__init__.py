"""Tests for keyrings that you write yourself: do they do what the library relies on?

    from dynaseal.testing import check_keyring

    def test_my_keyring() -> None:
        check_keyring(MyHsmKeyring(key), reader=MyHsmKeyring(key), secrets=[key])

or, in pytest, one test per rule:

    @pytest.mark.parametrize("rule", RULES, ids=str)
    def test_my_keyring(rule: Rule) -> None:
        rule(Subject(MyHsmKeyring(key)))

Nothing here needs pytest. A broken rule raises ConformanceError. An exception that no keyring should raise is
not caught; it gets a note that names the rule.
"""

from dynaseal.testing.conformance import RULES, Rule, check_keyring
from dynaseal.testing.subject import CONTEXT, ConformanceError, Subject

__all__ = ["CONTEXT", "RULES", "ConformanceError", "Rule", "Subject", "check_keyring"]
