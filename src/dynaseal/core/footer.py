"""The footer `aws_dbe_foot`: a 48-byte tag for each data key, then the signature where there is one.

Source: specification `footer.md`; the signature's length is that of AWS's releases (see `signatures`).
"""

from dynaseal.core.signatures import SIGNATURE_LENGTH
from dynaseal.errors import FormatError

RECIPIENT_TAG_LENGTH = 48


def split(data: bytes, data_keys: int, *, signed: bool) -> tuple[list[bytes], bytes]:
    """Split the footer of an item with `data_keys` encrypted data keys into its tags and its signature.

    The signature is empty in a suite without one.

    Raises:
        FormatError: the footer has another length than those give.
    """
    end = data_keys * RECIPIENT_TAG_LENGTH
    wanted = end + (SIGNATURE_LENGTH if signed else 0)
    if len(data) != wanted:
        raise FormatError(f"The item's footer has {len(data)} bytes where its header calls for {wanted}")
    return [data[at : at + RECIPIENT_TAG_LENGTH] for at in range(0, end, RECIPIENT_TAG_LENGTH)], data[end:]
