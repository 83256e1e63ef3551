"""The error of a state folder."""


class StateError(Exception):
    """A folder cannot hold a lab's state or cannot be read as one; the message is one line for a person."""
