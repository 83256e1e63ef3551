"""The footer `aws_dbe_foot`: a 48-byte tag for each data key, then the signature where there is one.

Source: specification `footer.md`; the signature's length follows AWS's releases (see `signatures`).
"""

from dynaseal.errors import FormatError

RECIPIENT_TAG_LENGTH = 48
SIGNATURE_LENGTH = 103


def split(data: bytes, data_keys: int, *, signed: bool) -> tuple[list[bytes], bytes]:
    """Split a footer into the recipients' tags and the signature.

    Args:
        data: The footer.
        data_keys: How many encrypted data keys the item's header has.
        signed: Whether the item's algorithm suite has a signature.

    Returns:
        The tags, and the signature: empty in a suite without one.

    Raises:
        FormatError: the footer does not have the length that the header calls for.
    """
    # footer.md, "Recipient Tags": one for each encrypted data key; "Signature": there only if the suite
    # signs.
    end = data_keys * RECIPIENT_TAG_LENGTH
    expected_length = end + (SIGNATURE_LENGTH if signed else 0)
    if len(data) != expected_length:
        raise FormatError(
            f"The item's footer has {len(data)} bytes, and its header calls for {expected_length}"
        )
    return [data[at : at + RECIPIENT_TAG_LENGTH] for at in range(0, end, RECIPIENT_TAG_LENGTH)], data[end:]
