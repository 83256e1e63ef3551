"""Showing in messages what an item says: whoever can write to the table chooses it.

It is escaped, so that it cannot add lines to a log or control a terminal, and cut, so that it cannot fill
either.
"""

MAX_SHOWN = 256
MAX_SHOWN_MESSAGE = 1024


def quoted(value: object, limit: int = MAX_SHOWN) -> str:
    r"""Return a string or bytes as Python writes them, cut after `limit` characters.

    Example:
        >>> quoted("a\nb"), quoted("x" * 500, 5)
        ("'a\\nb'", "'xxxxx...' (500 in all)")
    """
    if isinstance(value, str | bytes) and len(value) > limit:
        return f"{repr(value[:limit])[:-1]}...{repr(value)[-1]} ({len(value)} in all)"
    return repr(value)


def shown(string: str, limit: int = MAX_SHOWN) -> str:
    r"""Return a string unchanged if it is short and has only printable characters, and otherwise quoted.

    Example:
        >>> shown("arn:aws:kms:us-west-2:111122223333:key/1234abcd"), shown("a\x1b[2J")
        ('arn:aws:kms:us-west-2:111122223333:key/1234abcd', "'a\\x1b[2J'")
    """
    return string if len(string) <= limit and string.isprintable() else quoted(string, limit)


def escaped(message: str, limit: int = MAX_SHOWN_MESSAGE) -> str:
    r"""Return someone else's message, which may repeat what an item says, escaped and cut but not quoted.

    Example:
        >>> escaped("Invalid arn 'x\ny'")
        "Invalid arn 'x\\ny'"
    """
    cut = message if len(message) <= limit else f"{message[:limit]}..."
    if cut.isprintable():
        return cut
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in cut
    )
