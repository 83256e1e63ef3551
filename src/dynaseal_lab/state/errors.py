"""What is wrong with a state folder."""


class StateError(Exception):
    """The folder cannot hold, or be read as, a lab's state; the text is one line for a person."""
