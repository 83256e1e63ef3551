"""The error of a state folder."""

_RESTORE = "Restore the folder from a copy, or start with another one: --state FOLDER"


class StateError(Exception):
    """A folder cannot hold a lab's state or cannot be read as one; the message is one line for a person.

    Attributes:
        hint: What to do, where the message does not say it.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class DamagedStateError(StateError):
    """Something in a state folder is not what a lab wrote."""

    def __init__(self, message: str) -> None:
        super().__init__(message, _RESTORE)
