"""What DynamoDB refuses, with its own words for it.

This library describes a refusal in a message of its own. Where it answers in DynamoDB's place, as it does for
an update of an encrypted item, the caller gets DynamoDB's message instead, word for word.

Source: the messages of DynamoDB Local; `vectors/expressions.json` has many of them.
"""

from typing import NoReturn

from dynaseal.errors import UnsupportedOperationError

DYNAMODB_OPERATORS = 300
"""How many operators and functions an expression may have."""


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


def unknown_function(name: str) -> str:
    """Return DynamoDB's words for a function that does not exist."""
    return f"Invalid function name; function: {name}"


def misplaced_function(name: str) -> str:
    """Return DynamoDB's words for a function in a place where only others are allowed."""
    return f"The function is not allowed to be used this way in an expression; function: {name}"


def wrong_number_of_operands(name: str, count: int) -> str:
    """Return DynamoDB's words for a function that is called with too many or too few operands."""
    return (
        "Incorrect number of operands for operator or function; "
        f"operator or function: {name}, number of operands: {count}"
    )


def wrong_operand_type(operator: str, kind: str) -> str:
    """Return DynamoDB's words for an operand of a type that its operator or function does not take."""
    return (
        "Incorrect operand type for operator or function; "
        f"operator or function: {operator}, operand type: {kind}"
    )


def path_required(name: str) -> str:
    """Return DynamoDB's words for a function whose operand must be a document path."""
    return f"Operator or function requires a document path; operator or function: {name}"


def too_many_operators() -> str:
    """Return DynamoDB's words for an expression that is too long, or nests too deep."""
    return f"The expression contains too many operators; operator count: {DYNAMODB_OPERATORS + 1}"
