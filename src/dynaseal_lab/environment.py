"""Environments of programs that act in a lab."""

import os
from collections.abc import Mapping

USUAL_REGION = "us-east-1"


def settings(endpoint: str, region: str, key_id: str, secret: str) -> Mapping[str, str]:
    """What AWS's tools need to know to act as one principal of a lab."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def environment(surroundings: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program that is to see the lab and nothing else of AWS.

    Profiles, tokens and endpoints of the person at the keyboard are taken out, so that no call leaves this
    machine by mistake; a proxy is not asked for loopback.

    Args:
        surroundings: The environment as it is.
        own: The settings of the principal whom the program acts as.

    Example:
        >>> environment({"AWS_PROFILE": "work", "HOME": "/home/ann"}, {"AWS_REGION": "eu-west-1"})["HOME"]
        '/home/ann'
    """
    kept = {name: value for name, value in surroundings.items() if not name.startswith("AWS_")}
    unproxied = surroundings.get("NO_PROXY") or surroundings.get("no_proxy")
    no_proxy = f"{unproxied},127.0.0.1" if unproxied else "127.0.0.1"
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {
        **kept,
        **nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        **own,
    }
