"""ARNs and the identifiers that IAM invents.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

import re
import secrets
import string

PARTITION = "aws"
_BASE32 = string.ascii_uppercase + "234567"
_SECRET = string.ascii_letters + string.digits + "+/"
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


def unique_id(prefix: str) -> str:
    """A new unique id: `AIDA` users, `AROA` roles, `AGPA` groups, `ANPA` policies, `AKIA`, `ASIA` keys."""
    return prefix + "".join(secrets.choice(_BASE32) for _ in range(16))


def new_secret() -> str:
    """A new secret access key: 40 characters, 240 bits."""
    return "".join(secrets.choice(_SECRET) for _ in range(40))


def new_token() -> str:
    """A new session token, which says nothing by itself: the lab keeps what it stands for."""
    return secrets.token_urlsafe(96)


def is_account(text: str) -> bool:
    """Whether `text` is an account's number."""
    return _ACCOUNT.fullmatch(text) is not None


def iam_arn(account: str, kind: str, path: str, name: str) -> str:
    """The ARN of something in IAM.

    Example:
        >>> iam_arn("111122223333", "user", "/team/", "ann")
        'arn:aws:iam::111122223333:user/team/ann'
    """
    return f"arn:{PARTITION}:iam::{account}:{kind}{path}{name}"


def root_arn(account: str) -> str:
    """The ARN of an account's root, which policies also use for the account as a whole."""
    return f"arn:{PARTITION}:iam::{account}:root"


def session_arn(account: str, role: str, session: str) -> str:
    """The ARN of a session of a role."""
    return f"arn:{PARTITION}:sts::{account}:assumed-role/{role}/{session}"


def account_of(arn: str) -> str:
    """The account in an ARN, empty where there is none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
