"""ARNs, and the identifiers and secrets that IAM generates.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

import re
import secrets
import string

PARTITION = "aws"
SERVICE_LINKED_PATH = "/aws-service-role/"
_BASE32 = string.ascii_uppercase + "234567"
_SECRET = string.ascii_letters + string.digits + "+/"
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


def unique_id(prefix: str) -> str:
    """Return a new unique id.

    Args:
        prefix: `AIDA` for users, `AROA` roles, `AGPA` groups, `ANPA` policies, `AKIA` and `ASIA` access keys.
    """
    return prefix + "".join(secrets.choice(_BASE32) for _ in range(16))


def new_secret() -> str:
    """Return a new secret access key: 40 characters, 240 bits."""
    return "".join(secrets.choice(_SECRET) for _ in range(40))


def new_token() -> str:
    """Return a new session token: random, because the lab stores what belongs to it."""
    return secrets.token_urlsafe(96)


def is_account(number: str) -> bool:
    """Return whether a string is an account number: 12 digits."""
    return _ACCOUNT.fullmatch(number) is not None


def iam_arn(account: str, kind: str, path: str, name: str) -> str:
    """Return the ARN of a user, group, role or policy.

    Example:
        >>> iam_arn("111122223333", "user", "/team/", "ann")
        'arn:aws:iam::111122223333:user/team/ann'
    """
    return f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"


def root_arn(account: str) -> str:
    """Return the ARN of an account's root user, which policies also use for the whole account."""
    return f"arn:{PARTITION}:iam::{account}:root"


def session_arn(account: str, role: str, session: str) -> str:
    """Return the ARN of a session of a role."""
    return f"arn:{PARTITION}:sts::{account}:assumed-role/{role}/{session}"


def federated_user_arn(account: str, name: str) -> str:
    """Return the ARN of a session that GetFederationToken made."""
    return f"arn:{PARTITION}:sts::{account}:federated-user/{name}"


def account_of(arn: str) -> str:
    """Return the account in an ARN, or an empty string if there is none.

    Example:
        >>> account_of("arn:aws:iam::111122223333:user/ann"), account_of("*")
        ('111122223333', '')
    """
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""


def is_arn(name: str) -> bool:
    """Return whether a string is an ARN: six parts, with a partition, a service and a resource.

    Example:
        >>> is_arn("arn:aws:iam::111122223333:role/reader"), is_arn("reader"), is_arn("arn:aws:::role/reader")
        (True, False, False)
    """
    prefix, *parts = name.split(":", 5)
    return prefix == "arn" and len(parts) == 5 and all((parts[0], parts[1], parts[4]))


def name_of(arn: str) -> str:
    """Return the name at the end of the ARN of a user, group, role or policy.

    Example:
        >>> name_of("arn:aws:iam::111122223333:user/team/ann")
        'ann'
    """
    return arn.rsplit("/", 1)[-1]
