"""How a client reaches a lab: the arguments of `client` and `create_client`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

LAB_VARIABLE = "DYNASEAL_TEST_LAB"
"""Set to these arguments as JSON, to use a lab of another process."""


def client_arguments(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments for the settings of a lab's principal."""
    return {
        "endpoint_url": settings["AWS_ENDPOINT_URL"],
        "region_name": settings["AWS_REGION"],
        "aws_access_key_id": settings["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": settings["AWS_SECRET_ACCESS_KEY"],
    }


def arguments_of_environment() -> dict[str, str] | None:
    """Return the arguments that the environment has, if any."""
    text = os.environ.get(LAB_VARIABLE)
    return json.loads(text) if text else None
