"""What a diagnosis consists of: what was found, and what could not be looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from botocore.exceptions import ClientError

from dynaseal.boto.check_table import Finding, FindingCode

Severity = Literal["error", "warning", "note"]
_ORDER: Sequence[Severity] = ("error", "warning", "note")
_REFUSALS = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True, slots=True)
class NotChecked:
    """Something that could not be looked at, so that nothing is known about it.

    Attributes:
        subject: The table, key or principal that it is about.
        message: What was not checked, and why.
        permission: The permission that is missing, such as `kms:DescribeKey`; None if it is not one.
    """

    subject: str
    message: str
    permission: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `diagnose` found.

    Attributes:
        table_name: The table's name, or its ARN.
        findings: What does not fit, errors first. Empty if nothing was found.
        not_checked: What could not be looked at. Nothing is known about it: it may be as it should.
        items: How many stored items were looked at.
    """

    table_name: str
    findings: Sequence[Finding]
    not_checked: Sequence[NotChecked]
    items: int

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis with JSON's types."""
        return {
            "table": self.table_name,
            "items": self.items,
            "findings": [asdict(finding) for finding in self.findings],
            "not_checked": [asdict(each) for each in self.not_checked],
        }


@dataclass(slots=True)
class Notes:
    """Collects what is found while a configuration is examined; a repeated finding counts once."""

    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict[tuple[str, str, str], Finding])
    not_checked: dict[NotChecked, None] = field(default_factory=dict[NotChecked, None])

    def find(self, severity: Severity, code: FindingCode, subject: str, message: str, action: str) -> None:
        """Add a finding."""
        self.add(Finding(code=code, severity=severity, subject=subject, message=message, action=action))

    def add(self, finding: Finding) -> None:
        """Add a finding, unless one with its code, subject and action was added before."""
        self.findings.setdefault((finding.code, finding.subject, finding.action), finding)

    def skip(self, subject: str, message: str, permission: str | None = None) -> None:
        """Add something that could not be looked at."""
        self.not_checked.setdefault(NotChecked(subject, message, permission))

    def has(self, subject: str, *codes: FindingCode) -> bool:
        """Return whether there is a finding with one of these codes about a subject."""
        return any(finding.subject == subject and finding.code in codes for finding in self.findings.values())

    def has_code(self, code: FindingCode) -> bool:
        """Return whether there is a finding with a code."""
        return any(finding.code == code for finding in self.findings.values())

    def to_diagnosis(self, table_name: str, items: int) -> Diagnosis:
        """Return the diagnosis."""
        ordered = sorted(self.findings.values(), key=lambda finding: _ORDER.index(finding.severity))
        return Diagnosis(
            table_name=table_name, findings=ordered, not_checked=[*self.not_checked], items=items
        )


def is_refusal(error: ClientError) -> bool:
    """Return whether AWS refused a call because a permission is missing."""
    return error_code(error) in _REFUSALS


def error_code(error: ClientError) -> str:
    """Return AWS's code for an error."""
    details: Mapping[str, Any] = error.response.get("Error", {})
    return str(details.get("Code", ""))


def in_words_of_aws(error: ClientError) -> str:
    """Return AWS's code and message."""
    details: Mapping[str, Any] = error.response.get("Error", {})
    return f"{error_code(error)}: {details.get('Message', '')}"
