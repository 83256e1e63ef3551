"""The older format of client-side encryption for DynamoDB, in the layout of `dynamodb-encryption-sdk` 3.3.0.

A program that was written for the older library runs with its imports changed from `dynamodb_encryption_sdk`
to `dynaseal.legacy`, or unchanged after `dynaseal.legacy.install()`. It goes on writing the older format, so
that readers that were not changed keep working.

- Items of both of the format's clients are read, Python's and Java's.
- What the older library lets pass in the clear is refused: transactions, PartiQL and operations that are not
  known.
- What it returns encrypted is decrypted: old items, and pages of paginators.
- Keys are signed and bound to KMS as DynamoDB spells them, so that every item that is written can be read.

boto3 is imported with the clients, tables and resources; items can be written and read without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dynaseal.legacy.encrypted.item import (
    decrypt_dynamodb_item,
    decrypt_python_item,
    encrypt_dynamodb_item,
    encrypt_python_item,
)
from dynaseal.legacy.identifiers import __version__

if TYPE_CHECKING:
    from dynaseal.legacy.encrypted.client import EncryptedClient
    from dynaseal.legacy.encrypted.resource import EncryptedResource
    from dynaseal.legacy.encrypted.table import EncryptedTable

_NEED_BOTO = {
    "EncryptedClient": "dynaseal.legacy.encrypted.client",
    "EncryptedResource": "dynaseal.legacy.encrypted.resource",
    "EncryptedTable": "dynaseal.legacy.encrypted.table",
}

# The older library's names, and only those: `install` is found by its own name.
__all__ = (
    "EncryptedClient",
    "EncryptedResource",
    "EncryptedTable",
    "__version__",
    "decrypt_dynamodb_item",
    "decrypt_python_item",
    "encrypt_dynamodb_item",
    "encrypt_python_item",
)


def install() -> None:
    """Make `import dynamodb_encryption_sdk`, and of its submodules, give this package.

    Call it before anything imports the older library; calling it again does nothing.

    Raises:
        ConfigError: the older library itself is imported already.
    """
    import_module("dynaseal.legacy.installation").install()


def __getattr__(name: str) -> Any:
    module = _NEED_BOTO.get(name)
    if module is None:
        raise AttributeError(f"module 'dynaseal.legacy' has no attribute {name!r}")
    return getattr(import_module(module), name)
