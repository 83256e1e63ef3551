"""The errors that a boto3 client raises."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def client_error(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    """Return the code and the message of the error with which AWS refuses a call.

    The test fails if the call succeeds.
    """
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response.get("Error", {})
    return error.get("Code", ""), error.get("Message", "")
