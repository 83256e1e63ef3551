"""What a policy document of the right shape must still fulfil.

The checks are made in IAM's order, so that of several faults the lab names the same one:

1. A managed policy must be of the newest version.
2. "The policy failed legacy parsing": an effect in the wrong case, an invalid date, an ARN without a service,
   or one that has too few segments and an empty one among them.
3. Statement ids must be alphanumeric and unique.
4. There must be actions; resources must be ARNs that IAM accepts; an action must name one service; there must
   be resources and, in a resource or trust policy, principals.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html; the order and the
messages are IAM's own for the documents in the tests.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dynaseal_lab.iam import dates
from dynaseal_lab.iam.conditions import find_operator
from dynaseal_lab.iam.syntax import VERSIONS, PolicyError, PolicyKind, Statements, strings

LEGACY = "The policy failed legacy parsing"
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "*")
_SERVICE = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_VENDOR = re.compile(r"[A-Za-z0-9.-]*", re.ASCII)
_SID = re.compile(r"[0-9A-Za-z]*", re.ASCII)
_IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_SEGMENTS = 6


def check(version: str, statements: Statements, kind: PolicyKind) -> None:
    """Refuse a document that IAM refuses.

    Raises:
        PolicyError: It has a fault; of several, the first in IAM's order.
    """
    if kind is PolicyKind.MANAGED and version != VERSIONS[0]:
        raise PolicyError(f"Policy document must be version {VERSIONS[0]} or greater.")
    _check_legacy(statements)
    _check_sids(statements, kind)
    for statement in statements:
        if not listed(statement, "Action"):
            raise PolicyError("Policy statement must contain actions.")
    for resource in _resources(statements):
        _check_resource(resource)
    for statement in statements:
        for action in listed(statement, "Action"):
            _check_action(action)
    _check_presence(statements, kind)


def listed(statement: Mapping[str, Any], element: str) -> tuple[str, ...]:
    """Return the strings in an element of a statement, or in its `Not...` form."""
    return strings(statement.get(element, statement.get(f"Not{element}")))


def completed(resource: str) -> str:
    """Return a resource with `*` in place of its missing segments, as IAM reads it.

    Example:
        >>> completed("arn:aws:kms"), completed("*")
        ('arn:aws:kms:*:*:*', '*')
    """
    segments = resource.split(":", _SEGMENTS - 1)
    return resource if resource == "*" else ":".join(segments + ["*"] * (_SEGMENTS - len(segments)))


def _resources(statements: Statements) -> Iterator[str]:
    return (resource for statement in statements for resource in listed(statement, "Resource"))


def _check_legacy(statements: Statements) -> None:
    for statement in statements:
        if statement["Effect"] not in ("Allow", "Deny"):
            raise PolicyError(LEGACY)
        for operator, block in statement.get("Condition", {}).items():
            if block and find_operator(operator)[0].name.startswith("Date"):
                _check_dates(block)
    resources = list(_resources(statements))
    if not any(_fault_of(resource) for resource in resources):
        for resource in resources:
            segments = resource.split(":")
            short = len(segments) < _SEGMENTS and "::" in resource
            if resource != "*" and (short or not segments[2]):
                raise PolicyError(LEGACY)


def _check_dates(block: Mapping[str, Any]) -> None:
    for values in block.values():
        for value in strings(values):
            try:
                dates.seconds(str(value))
            except ValueError as error:
                raise PolicyError(LEGACY) from error


def _check_sids(statements: Statements, kind: PolicyKind) -> None:
    sids: Sequence[str] = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if len(sids) != len(set(sids)):
        raise PolicyError("Statement IDs (SID) in a single policy must be unique.")
    if kind is not PolicyKind.RESOURCE and not all(_SID.fullmatch(sid) for sid in sids):
        raise PolicyError(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
            "expression [0-9A-Za-z]*"
        )


def _check_resource(resource: str) -> None:
    fault = _fault_of(resource)
    if fault is not None:
        raise PolicyError(fault)


def _fault_of(resource: str) -> str | None:
    if resource == "*":
        return None
    start, *segments = resource.split(":", _SEGMENTS - 1)
    if not segments:
        return f'Resource {resource} must be in ARN format or "*".'
    if segments[0] not in _PARTITIONS:
        whole = completed(resource).removeprefix(start)
        return f'Partition "{segments[0]}" is not valid for resource "arn{whole}".'
    if start != "arn":
        return f'Resource {resource} must be in ARN format or "*".'
    if len(segments) < 2 or (segments[1] and not _SERVICE.fullmatch(segments[1])):
        return "Resource vendor must be fully qualified and cannot contain regexes."
    return _fault_of_service(resource, segments[1], segments[2:])


def _fault_of_service(resource: str, service: str, rest: Sequence[str]) -> str | None:
    """Return what IAM finds wrong in an ARN of IAM or S3; it knows those two services better than others.

    Args:
        resource: The ARN.
        service: Its service.
        rest: Its segments after the service: Region, account, path. There may be fewer.
    """
    region, path = "".join(rest[:1]), "".join(rest[2:])
    if service == "s3" and region not in ("", "*") and not path.startswith("accesspoint/"):
        return f"Resource {resource} can not contain region information."
    if service != "iam":
        return None
    if region not in ("", "*"):
        return f"IAM resource {resource} cannot contain region information."
    kind = path.partition("/")[0]
    known = path.startswith(_IAM_PATHS) or "*" in kind or "?" in kind
    if len(rest) == 3 and not known:
        return f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS)}.'
    return None


def _check_action(action: str) -> None:
    if action == "*":
        return
    vendor, *names = action.split(":")
    if not names:
        raise PolicyError("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if len(names) > 1:
        raise PolicyError("Actions/Condition can contain only one colon.")
    if not vendor or not _VENDOR.fullmatch(vendor):
        raise PolicyError(f"Vendor {vendor} is not valid")
    if not names[0]:
        raise PolicyError(LEGACY)


def _check_presence(statements: Statements, kind: PolicyKind) -> None:
    for statement in statements:
        has_resource = "Resource" in statement or "NotResource" in statement
        has_principal = "Principal" in statement or "NotPrincipal" in statement
        if kind is PolicyKind.TRUST and has_resource:
            raise PolicyError("Has prohibited field Resource")
        if kind is not PolicyKind.TRUST and not listed(statement, "Resource"):
            raise PolicyError("Policy statement must contain resources.")
        if kind in (PolicyKind.TRUST, PolicyKind.RESOURCE) and not has_principal:
            raise PolicyError("Missing required field Principal")
        if kind in (PolicyKind.IDENTITY, PolicyKind.MANAGED) and has_principal:
            raise PolicyError("Policy document should not specify a principal.")
        if kind is PolicyKind.TRUST and "NotPrincipal" in statement:
            raise PolicyError("Has prohibited field NotPrincipal")
