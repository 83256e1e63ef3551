"""ItemEncryptor on an event loop."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from dynaseal.aio.running import Turns, run_sized
from dynaseal.attributes import Item
from dynaseal.config import TableConfig
from dynaseal.core.copies import copied
from dynaseal.encryptor import ItemEncryptor as BlockingItemEncryptor
from dynaseal.materials.kms_calls import KmsCall


class ItemEncryptor:
    """Encrypts and decrypts the items of one table; `dynaseal.ItemEncryptor` with coroutines as methods.

    Other tasks may change an item while it is encrypted or decrypted: what it was at the call counts.

    Args:
        config: The table's configuration.
    """

    def __init__(self, config: TableConfig) -> None:
        self._encryptor = BlockingItemEncryptor(config)

    def __repr__(self) -> str:
        return repr(self._encryptor)

    @property
    def blocking(self) -> BlockingItemEncryptor:
        """The encryptor whose code runs on the loop."""
        return self._encryptor

    @property
    def config(self) -> TableConfig:
        """The table's configuration."""
        return self._encryptor.config

    @property
    def kms_calls(self) -> Counter[KmsCall]:
        """How many KMS calls this encryptor has made, by operation and key."""
        return self._encryptor.kms_calls

    async def encrypt_item(self, plaintext_item: Item) -> dict[str, Any]:
        """Encrypt and sign an item of wire values."""
        return await run_sized(Turns(), plaintext_item, self._encryptor.encrypt_item, copied(plaintext_item))

    async def decrypt_item(self, encrypted_item: Item) -> dict[str, Any]:
        """Verify and decrypt an item of wire values."""
        return await run_sized(Turns(), encrypted_item, self._encryptor.decrypt_item, copied(encrypted_item))

    async def encrypt_python_item(self, plaintext_item: Mapping[str, Any]) -> dict[str, Any]:
        """Encrypt and sign an item of Python values, as boto3's Table takes them."""
        return await run_sized(Turns(), plaintext_item, self._encryptor.encrypt_python_item, plaintext_item)

    async def decrypt_python_item(self, encrypted_item: Mapping[str, Any]) -> dict[str, Any]:
        """Verify and decrypt an item of Python values, as boto3's Table returns them."""
        return await run_sized(Turns(), encrypted_item, self._encryptor.decrypt_python_item, encrypted_item)
