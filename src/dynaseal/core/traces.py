"""Whether an item, or a part of one, was encrypted: nothing else in this library decides it.

A reader that may return unencrypted items must never take a part of an encrypted item for one of them. Each
of these is a trace of an encrypted item:

- an attribute that belongs to the format (header, footer, beacon) or to the older library's format;
- binary in the form of ciphertext in an attribute that the configuration encrypts.

An unencrypted item can have such binary by chance. It is refused too: nothing can tell the two apart.

Source: specification `decrypt-item.md`, "Determining Plaintext Items", which looks for header and footer
only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import Item
from dynaseal.core.header import (
    FOOTER_NAME,
    HEADER_NAME,
    LEGACY_DESCRIPTION_NAME,
    LEGACY_SIGNATURE_NAME,
    RESERVED_PREFIX,
)
from dynaseal.core.primitives import TAG_LENGTH
from dynaseal.core.quoting import quoted
from dynaseal.core.values.types import (
    BINARY,
    BINARY_SET,
    BOOLEAN,
    LIST,
    MAP,
    NULL,
    NUMBER,
    NUMBER_SET,
    STRING,
    STRING_SET,
    TYPE_ID_LENGTH,
)
from dynaseal.errors import FormatError

# The signature first: an item that has it is a whole one.
_LEGACY_NAMES = (LEGACY_SIGNATURE_NAME, LEGACY_DESCRIPTION_NAME)
_ADVICE = "Read the whole item: only whole items can be verified and decrypted"
_ANY_LENGTH = 2**32

# The lengths that a serialised value of each type can have. A number has at most 38 digits and 130 zeros; a
# set, a list and a map begin with a count of four bytes.
_SERIALISED_LENGTHS = {
    NULL: (0, 0),
    BOOLEAN: (1, 1),
    NUMBER: (1, 200),
    STRING: (0, _ANY_LENGTH),
    BINARY: (0, _ANY_LENGTH),
    STRING_SET: (4, _ANY_LENGTH),
    NUMBER_SET: (4, _ANY_LENGTH),
    BINARY_SET: (4, _ANY_LENGTH),
    LIST: (4, _ANY_LENGTH),
    MAP: (4, _ANY_LENGTH),
}


@dataclass(frozen=True, slots=True)
class Trace:
    """What shows that an item, or a part of one, was encrypted.

    Attributes:
        attribute_name: The attribute that shows it.
        is_ciphertext: Whether its value does, and not its name.
    """

    attribute_name: str
    is_ciphertext: bool = False

    @property
    def is_legacy(self) -> bool:
        """Whether it is an attribute of the older library's format."""
        return self.attribute_name in _LEGACY_NAMES

    def as_error(self) -> FormatError:
        """Return the error for an item that has this trace, but neither header nor footer."""
        name = self.attribute_name
        if name == LEGACY_DESCRIPTION_NAME:
            return FormatError(
                f"The item has {LEGACY_DESCRIPTION_NAME} and no {LEGACY_SIGNATURE_NAME}: it is a part of an "
                "item of the older format, or damaged",
                hint=_ADVICE,
            )
        if self.is_legacy:
            return FormatError(
                "The item was encrypted by AWS's older library, and its format is not read here",
                hint="Allow it by legacy=Legacy(...) in the table's configuration, or use dynaseal.legacy",
            )
        if self.is_ciphertext:
            return FormatError(
                f"The item has neither header nor footer, and the value of {quoted(name)}, which the "
                "configuration encrypts, has the form of ciphertext: it looks like a part of an "
                "encrypted item",
                hint=f"{_ADVICE}. If this one was never encrypted, read it with a client without encryption "
                "and put it back with this one",
            )
        return FormatError(
            f"The item has the attribute {quoted(name)} and neither header nor footer: it is a part of an "
            "encrypted item",
            hint=_ADVICE,
        )


def find_trace(item: Item, is_encrypted: Callable[[str], bool]) -> Trace | None:
    """Return a trace of encryption in an item or a part of one, or None if it has none.

    Args:
        item: Attribute values as botocore's client has them.
        is_encrypted: Whether the configuration encrypts an attribute, by its name.
    """
    trace = find_format_attribute(item)
    if trace is not None:
        return trace
    for name, value in item.items():
        if _has_ciphertext_form(value) and is_encrypted(name):
            return Trace(name, is_ciphertext=True)
    return None


def find_format_attribute(item: Item) -> Trace | None:
    """Return the trace of an attribute whose name belongs to one of the formats, or None."""
    for name in item:
        # str(): an untyped caller's item may have any name, which is refused later.
        if str(name).startswith(RESERVED_PREFIX):
            return Trace(name)
    return next((Trace(name) for name in _LEGACY_NAMES if name in item), None)


def is_older_item(item: Item) -> bool:
    """Return whether an item is one of the older format: it has that format's signature.

    The older library reads items without a material description, so that is not required. An item with the
    current format's header or footer is of the current format, whatever else it has.
    """
    return LEGACY_SIGNATURE_NAME in item and HEADER_NAME not in item and FOOTER_NAME not in item


def _has_ciphertext_form(value: Any) -> bool:
    """Return whether a value could be ciphertext: binary of a type id, a serialised value and a tag."""
    try:
        content = value.get("B")
        if content is None or len(content) < TYPE_ID_LENGTH + TAG_LENGTH:
            return False
        bounds = _SERIALISED_LENGTHS.get(bytes(content[:TYPE_ID_LENGTH]))
    except (AttributeError, TypeError):
        return False  # not an attribute value, or not decoded from base64 yet
    return bounds is not None and bounds[0] <= len(content) - TYPE_ID_LENGTH - TAG_LENGTH <= bounds[1]
