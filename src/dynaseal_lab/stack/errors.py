"""What ends the demonstration early."""


class DemonstrationError(Exception):
    """It cannot go on: the message is one line that says why and what to do."""
