"""The error of an update that other writers overtook in every attempt."""

from botocore.exceptions import ClientError

from dynaseal.errors import DynasealError

_CODE = "TransactionConflictException"


class UpdateConflictError(DynasealError, ClientError):
    """Other writers changed the item in every attempt of an update; nothing was written.

    It is also a botocore ClientError with the code `TransactionConflictException`, with which DynamoDB
    refuses a write while another is under way.

    Attributes:
        attempts: How many attempts were made.
        response: The error as botocore has it.
        operation_name: The operation.
    """

    code = "update-conflict"

    def __init__(self, table_name: str, operation_name: str, attempts: int) -> None:
        message = (
            f"{operation_name} on the table {table_name!r} was not made: other writers changed the item in "
            f"each of {attempts} attempts"
        )
        ClientError.__init__(self, {"Error": {"Code": _CODE, "Message": message}}, operation_name)
        self.attempts = attempts
        DynasealError.__init__(
            self,
            message,
            hint="Repeat it later; a counter with many writers is better an unsigned attribute",
        )

    # Both bases have one; DynasealError's keeps every attribute, ClientError's only the response.
    __reduce__ = DynasealError.__reduce__
