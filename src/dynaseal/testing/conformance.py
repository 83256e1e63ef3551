"""The conformance test of keyrings: every rule, the most basic ones first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from dynaseal.core.suites import AlgorithmSuite
from dynaseal.materials.model import Keyring
from dynaseal.testing import rules
from dynaseal.testing.subject import Subject


@dataclass(frozen=True)
class Rule:
    """One rule. Calling it with a subject raises an error if the subject breaks the rule."""

    check: Callable[[Subject], None]

    def __str__(self) -> str:
        return self.check.__name__

    @property
    def text(self) -> str:
        """The rule in one sentence."""
        return (self.check.__doc__ or "").partition("\n")[0]

    def __call__(self, subject: Subject) -> None:
        """Check the rule.

        Raises:
            ConformanceError: the keyring breaks the rule. Other exceptions of the keyring are not caught.
        """
        with _AddsNote(f"While checking the rule of keyrings: {self.text}"):
            self.check(subject)


RULES = tuple(
    Rule(check)
    for check in (
        rules.writes_complete_materials,
        rules.keeps_the_materials_it_is_given,
        rules.reads_what_it_wrote,
        rules.makes_a_fresh_key_each_time,
        rules.wraps_the_data_key_of_another_keyring,
        rules.skips_data_keys_of_other_keyrings,
        rules.refuses_without_a_data_key_of_its_own,
        rules.refuses_another_context,
        rules.refuses_a_damaged_data_key,
        rules.reads_after_a_damaged_data_key,
        rules.takes_any_provider_information,
        rules.shows_no_secret,
        rules.works_in_many_threads,
        rules.encrypts_whole_items,
    )
)
"""Every rule of keyrings."""


def check_keyring(
    keyring: Keyring,
    *,
    reader: Keyring | None = None,
    suites: Sequence[AlgorithmSuite] = tuple(AlgorithmSuite),
    secrets: Sequence[bytes] = (),
) -> None:
    """Check that a keyring follows every rule, with about 60 writes and reads.

    Args:
        keyring: The keyring that writes.
        reader: The keyring that reads what `keyring` wrote; by default the same. Pass another object with the
            same key, so that nothing depends on what the writer remembers; or the reading half of a key pair.
        suites: The algorithm suites that it supports.
        secrets: Bytes that must never show in a repr or an error, such as the wrapping key.

    Raises:
        ConformanceError: a rule is broken; the error's note says which. Other exceptions of the keyring are
            not caught, and get the same note.

    Example:
        >>> from dynaseal import RawAesKeyring
        >>> check_keyring(RawAesKeyring("payroll", "2026", b"k" * 32), secrets=[b"k" * 32])
    """
    subject = Subject(keyring, reader, suites, secrets)
    for rule in RULES:
        rule(subject)


class _AddsNote:
    """Adds a note to any exception that leaves its block."""

    def __init__(self, note: str) -> None:
        self._note = note

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if error is not None:
            error.add_note(self._note)
