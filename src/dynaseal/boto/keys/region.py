"""The Region of the clients that the library makes itself: one rule for keyrings, key stores and commands.

AWS's command line, Terraform and most of its SDKs read AWS_REGION; boto3 reads only AWS_DEFAULT_REGION.
"""

import os
from typing import Any

import boto3
from botocore.session import Session

HINT = "Set AWS_REGION or AWS_DEFAULT_REGION, or a region in the profile that AWS_PROFILE names"


def region_name(session: Session | None) -> str | None:
    """Return the Region of clients that are made without one; None if nothing names a Region.

    In this order: what the program gave its session, AWS_REGION, AWS_DEFAULT_REGION, the profile.

    Args:
        session: A botocore session; None for boto3's default session.
    """
    # Any, because the stubs know neither the default session nor a session's variables.
    library: Any = boto3
    if session is None and library.DEFAULT_SESSION is not None:
        session = library.DEFAULT_SESSION._session  # noqa: SLF001 - boto3 does not say whether a program set the Region
    current: Any = Session() if session is None else session
    region = current.instance_variables().get("region") or os.environ.get("AWS_REGION")
    return region or current.get_config_variable("region") or None
