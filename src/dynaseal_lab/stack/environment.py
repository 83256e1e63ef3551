"""The settings of programs: the file `.env`, and the environment of a program that is to see only the lab."""

import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dynaseal_lab.environment import environment

from .dotenv import change_file, value_of
from .provision import AccessKey, Provisioned

SETTINGS = ("DEMO_CLIENT_KMS_KEY_ARN", "DEMO_TABLE_NAME", "FULL_USER_NAME", "LIMITED_USER_NAME")
ENDPOINT = "AWS_ENDPOINT_URL"
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def dotenv_settings(stack: Provisioned, endpoint: str | None) -> Mapping[str, str | None]:
    """Return the variables of `.env`: names only, never a secret.

    Args:
        stack: The stack that was provisioned.
        endpoint: The lab's endpoint; None for AWS, where no endpoint may be left in the file.

    Example:
        >>> stack = Provisioned(
        ...     region="eu-west-1",
        ...     table_name="demo",
        ...     client_key_arn="arn:aws:kms:...",
        ...     full_user="demo-full",
        ...     limited_user="demo-limited",
        ... )
        >>> dotenv_settings(stack, None)["DEMO_TABLE_NAME"]
        'demo'
    """
    return {
        "AWS_REGION": stack.region,
        "DEMO_TABLE_NAME": stack.table_name,
        "DEMO_CLIENT_KMS_KEY_ARN": stack.client_key_arn,
        "FULL_USER_NAME": stack.full_user,
        "LIMITED_USER_NAME": stack.limited_user,
        ENDPOINT: endpoint,
    }


def remove_endpoint(dotenv: Path, endpoint: str, previous: str | None) -> None:
    """Remove the endpoint of a lab that stops from `.env`, so that the file does not point at nothing.

    Args:
        dotenv: The file.
        endpoint: The lab's endpoint. If the file has another one by now, it stays.
        previous: The endpoint that was in the file before the lab's, which is put back unless it is on this
            machine and nothing listens there any more: a lab that was killed left such an endpoint behind.

    Raises:
        OSError: The file cannot be read or replaced.
    """
    if dotenv.exists() and value_of(dotenv.read_bytes(), ENDPOINT) == endpoint:
        change_file(dotenv, {ENDPOINT: previous if previous and not _is_dead(previous) else None})


def endpoint_in(dotenv: Path) -> str | None:
    """Return the endpoint in a `.env` file, if there is the file and an endpoint in it."""
    return value_of(dotenv.read_bytes(), ENDPOINT) if dotenv.is_file() else None


def _is_dead(endpoint: str) -> bool:
    """Return whether an endpoint is on this machine and nothing listens there."""
    try:
        url = urlsplit(endpoint)
        host, port = url.hostname, url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        return False
    if host not in _LOOPBACK_HOSTS:
        return False
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return True
    return False


def isolated_environment(inherited: Mapping[str, str], key: AccessKey) -> dict[str, str]:
    """Return the environment of a program that signs with `key` and sees no other settings of AWS.

    Profiles, endpoints, tokens and the settings of an earlier stack are removed, so that a program that is
    meant for the lab cannot reach AWS by mistake. No proxy is used for the loopback address.
    """
    without_stack = {name: value for name, value in inherited.items() if name not in SETTINGS}
    return environment(without_stack, {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret})
