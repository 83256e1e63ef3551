"""The settings that programs find: `.env`, and the environment of a program that is to see the lab alone."""

import os
from collections.abc import Mapping
from pathlib import Path

from dynaseal_lab.environment import environment

from .provision import AccessKey, Provisioned

SETTINGS = ("DEMO_CLIENT_KMS_KEY_ARN", "DEMO_TABLE_NAME", "FULL_USER_NAME", "LIMITED_USER_NAME")


def dotenv_text(stack: Provisioned, endpoint: str | None) -> str:
    """The text of `.env`: names only, never a secret.

    Args:
        stack: What was provisioned.
        endpoint: The lab's address; None on AWS, where SDKs know it.

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


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read, from the first byte on, in place of any that is there.

    Raises:
        OSError: the folder cannot be written to.
    """
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)


def isolated(surroundings: Mapping[str, str], key: AccessKey) -> dict[str, str]:
    """The environment of a program that signs with `key` and finds nobody else's settings.

    Profiles, endpoints, tokens and settings of a former stack are taken out, so that a program that is meant
    for the lab cannot reach AWS by mistake. A proxy is not asked for loopback.
    """
    kept = {name: value for name, value in surroundings.items() if name not in SETTINGS}
    return environment(kept, {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret})
