"""What a stored item is, as far as can be seen without any key: plaintext, older, current or damaged.

- An item with a header and no footer, or with a beacon and neither, is damaged, and so is one with the older
  library's material description and no signature. None of them is plaintext.
- The older library reads items without a description, so a signature alone is an item of the older format.
- A binary value in the form of ciphertext, in an attribute that is encrypted, is a part of an encrypted item.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dynaseal.attributes import Item
from dynaseal.core import footer, header
from dynaseal.core.header import (
    FOOTER_NAME,
    HEADER_NAME,
    LEGACY_DESCRIPTION_NAME,
    LEGACY_SIGNATURE_NAME,
    EncryptedDataKey,
    Header,
)
from dynaseal.core.item import header_and_footer
from dynaseal.core.quoting import escaped
from dynaseal.core.traces import find_trace
from dynaseal.errors import FormatError
from dynaseal.materials.keyrings.names import HIERARCHY_PROVIDER
from dynaseal.materials.keyrings.wrapped_keys import describe_key

_VERSION = " version "
ItemForm = Literal["plaintext", "older", "current", "damaged"]
"""How an item is stored: as plaintext, in the older library's format, in the current one, or damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForm:
    """What a stored item is.

    Attributes:
        form: `plaintext`, `older`, `current` or `damaged`.
        damage: What is wrong with a damaged item; None otherwise.
        head: The header of an item of the current format; None otherwise.
    """

    form: ItemForm
    damage: str | None = None
    head: Header | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that an item of the current format names, each as its provider, name and version."""
        return () if self.head is None else key_names(self.head.encrypted_data_keys)


def find_form(item: Item, is_encrypted: Callable[[str], bool]) -> StoredForm:
    """Return what a stored item is.

    Args:
        item: The stored item in wire form.
        is_encrypted: Whether an attribute is encrypted in this table, by its name.
    """
    if HEADER_NAME in item and FOOTER_NAME in item:
        return _current(item, is_encrypted)
    if HEADER_NAME in item or FOOTER_NAME in item:
        present, missing = (HEADER_NAME, FOOTER_NAME) if HEADER_NAME in item else (FOOTER_NAME, HEADER_NAME)
        return StoredForm(form="damaged", damage=f"The item has {present} and no {missing}")
    trace = find_trace(item, is_encrypted)
    if trace is None:
        return StoredForm(form="plaintext")
    if not trace.is_legacy:
        return StoredForm(form="damaged", damage=trace.as_error().message)
    if LEGACY_SIGNATURE_NAME in item:
        return StoredForm(form="older")
    return StoredForm(
        form="damaged", damage=f"The item has {LEGACY_DESCRIPTION_NAME} and no {LEGACY_SIGNATURE_NAME}"
    )


def key_names(data_keys: Sequence[EncryptedDataKey]) -> tuple[str, ...]:
    """Return the name of each key that wrapped a data key: provider, name, and version if it has one.

    Example:
        >>> key_names([EncryptedDataKey("payroll", b"2026", bytes(304))])
        ('payroll 2026',)
    """
    names: list[str] = []
    for each in map(describe_key, data_keys):
        # An item can name anything as its key, so that is escaped for messages and reports.
        name = f"{each.provider} {'?' if each.key is None else each.key}"
        names.append(escaped(name if each.version is None else f"{name}{_VERSION}{each.version}"))
    return tuple(names)


def branch_key_version(key_name: str) -> tuple[str, str] | None:
    """Return the branch key id and the version in a name that `key_names` made; None for another key.

    Example:
        >>> branch_key_version("aws-kms-hierarchy tenant-a version 3f2504e0-4f89-41d3-9a0c-0305e82c3301")
        ('tenant-a', '3f2504e0-4f89-41d3-9a0c-0305e82c3301')
    """
    provider, _, rest = key_name.partition(" ")
    branch_key_id, _, version = rest.rpartition(_VERSION)
    return (branch_key_id, version) if provider == HIERARCHY_PROVIDER and branch_key_id else None


def _current(item: Item, is_encrypted: Callable[[str], bool]) -> StoredForm:
    try:
        head, foot = header_and_footer(item, is_encrypted)
        parsed = header.parse(head)
        footer.split(foot, len(parsed.encrypted_data_keys), signed=parsed.suite.is_signed)
    except FormatError as error:
        return StoredForm(form="damaged", damage=error.message)
    return StoredForm(form="current", head=parsed)
