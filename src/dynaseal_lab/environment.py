"""Environment variables of programs that call a lab."""

import os
from collections.abc import Mapping

DEFAULT_REGION = "us-east-1"


def settings(
    endpoint: str, region: str, key_id: str, secret: str, session_token: str | None = None
) -> Mapping[str, str]:
    """Return the environment variables with which AWS's tools act as one principal of a lab."""
    token = {"AWS_SESSION_TOKEN": session_token} if session_token else {}
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        **token,
    }


def environment(inherited: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program that is to see the lab and nothing else of AWS.

    The user's own profiles, tokens and endpoints are removed, so that no call leaves this machine by mistake,
    and no proxy is used for the loopback address.

    Args:
        inherited: The environment to start from.
        settings: The settings of the principal that the program acts as.

    Example:
        >>> environment({"AWS_PROFILE": "work", "HOME": "/home/ann"}, {"AWS_REGION": "eu-west-1"})["HOME"]
        '/home/ann'
    """
    without_aws = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    inherited_no_proxy = inherited.get("NO_PROXY") or inherited.get("no_proxy")
    no_proxy = f"{inherited_no_proxy},127.0.0.1" if inherited_no_proxy else "127.0.0.1"
    return {
        **without_aws,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        **settings,
    }
