"""Principals for the Terraform examples, and AWS's message when it refuses one of their calls."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal_lab.testing import LabAccount, LabUser


def user_who_may(account: LabAccount, name: str, *actions: str) -> LabUser:
    """Create a user whom an IAM policy allows these actions on everything."""
    return account.user(name, {"Effect": "Allow", "Action": list(actions), "Resource": "*"})


def remove_user(user: LabUser) -> None:
    """Delete a user that `user_who_may` created."""
    iam = user.account.client("iam")
    iam.delete_user_policy(UserName=user.name, PolicyName="inline")
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.access_key_id)
    iam.delete_user(UserName=user.name)


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """Return AWS's message for a call that must end in AccessDeniedException."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    response: Any = refused.value.response
    assert response["Error"]["Code"] == "AccessDeniedException"
    return response["Error"]["Message"]
