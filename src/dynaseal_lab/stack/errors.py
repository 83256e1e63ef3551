"""The error that ends the demonstration early."""


class DemonstrationError(Exception):
    """The demonstration cannot go on; the message is one line that says why and what to do."""
