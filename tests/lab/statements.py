"""Policy statements, and the refusals that they lead to, for tests with boto3 clients."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def allow(*actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    """Return a statement that allows the actions, with further elements such as Principal."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **elements}


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    """Make a call, which must be refused, and return the error's code and message."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    reply: Any = caught.value.response
    return reply["Error"]["Code"], reply["Error"]["Message"]
