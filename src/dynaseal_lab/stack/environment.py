"""The settings of programs: the file `.env`, and the environment of a program that is to see only the lab."""

import os
from collections.abc import Mapping
from pathlib import Path

from dynaseal_lab.environment import environment

from .provision import AccessKey, Provisioned

SETTINGS = ("DEMO_CLIENT_KMS_KEY_ARN", "DEMO_TABLE_NAME", "FULL_USER_NAME", "LIMITED_USER_NAME")


def dotenv_text(stack: Provisioned, endpoint: str | None) -> str:
    """Return the content of `.env`: names only, never a secret.

    Args:
        stack: The stack that was provisioned.
        endpoint: The lab's endpoint; None for AWS.

    Example:
        >>> stack = Provisioned("eu-west-1", "demo", "arn:aws:kms:...", "demo-full", "demo-limited")
        >>> print(dotenv_text(stack, None), end="")
        AWS_REGION=eu-west-1
        DEMO_TABLE_NAME=demo
        DEMO_CLIENT_KMS_KEY_ARN=arn:aws:kms:...
        FULL_USER_NAME=demo-full
        LIMITED_USER_NAME=demo-limited
    """
    lines = {
        "AWS_REGION": stack.region,
        "DEMO_TABLE_NAME": stack.table_name,
        "DEMO_CLIENT_KMS_KEY_ARN": stack.client_key_arn,
        "FULL_USER_NAME": stack.full_user,
        "LIMITED_USER_NAME": stack.limited_user,
    }
    if endpoint:
        lines["AWS_ENDPOINT_URL"] = endpoint
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, in place of an existing one.

    Raises:
        OSError: The folder cannot be written to.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    new.replace(path)


def isolated_environment(inherited: Mapping[str, str], key: AccessKey) -> dict[str, str]:
    """Return the environment of a program that signs with `key` and sees no other settings of AWS.

    Profiles, endpoints, tokens and the settings of an earlier stack are removed, so that a program that is
    meant for the lab cannot reach AWS by mistake. No proxy is used for the loopback address.
    """
    without_stack = {name: value for name, value in inherited.items() if name not in SETTINGS}
    return environment(without_stack, {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret})
