"""What DynamoDB refuses, with its own words for it.

This library describes a refusal in a message of its own. Where it answers in DynamoDB's place, as it does for
an update of an encrypted item, the caller gets DynamoDB's message instead, word for word.

Source: the messages of DynamoDB Local; `vectors/expressions.json` has many of them.
"""

from typing import NoReturn

from dynaseal.errors import UnsupportedOperationError


class InvalidExpressionError(UnsupportedOperationError):
    """A request that DynamoDB would refuse with a ValidationException.

    Attributes:
        dynamodb_message: DynamoDB's message.
    """

    dynamodb_message: str

    def __init__(self, message: str, *, dynamodb_message: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.dynamodb_message = dynamodb_message


def refuse(parameter: str, reason: str, dynamodb_reason: str) -> NoReturn:
    """Refuse an expression that DynamoDB would refuse.

    Args:
        parameter: The request parameter that it came in.
        reason: What is wrong with it.
        dynamodb_reason: The same in DynamoDB's words.

    Raises:
        InvalidExpressionError: always.
    """
    raise InvalidExpressionError(
        f"Invalid {parameter}: {reason}",
        hint=f"Write the {parameter} in DynamoDB's grammar",
        dynamodb_message=f"Invalid {parameter}: {dynamodb_reason}",
    )


def refuse_request(dynamodb_message: str) -> NoReturn:
    """Refuse a request for a reason that DynamoDB's words describe.

    Raises:
        InvalidExpressionError: always.
    """
    raise InvalidExpressionError(
        f"DynamoDB would refuse the request: {dynamodb_message.removesuffix(';')}",
        dynamodb_message=dynamodb_message,
    )
