"""Items of the older format on an event loop: their materials providers are called in threads."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from dynaseal import CryptoAction, Legacy, LegacyPolicy, RawAesKeyring, TableConfig
from dynaseal.aio import ItemEncryptor
from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider

pytestmark = pytest.mark.usefixtures("both_loops")

ITEM = {"pk": {"S": "ann"}, "salary": {"N": "1000"}}


class RecordingProvider(CryptographicMaterialsProvider):
    def __init__(self) -> None:
        wrapping, signing = (JceNameLocalDelegatedKey.generate(name, 256) for name in ("AES", "HmacSHA256"))
        self._provider = WrappedCryptographicMaterialsProvider(signing, wrapping, wrapping)
        self.threads = list[int]()

    def decryption_materials(self, encryption_context: Any) -> Any:
        self.threads.append(threading.get_ident())
        return self._provider.decryption_materials(encryption_context)

    def encryption_materials(self, encryption_context: Any) -> Any:
        self.threads.append(threading.get_ident())
        return self._provider.encryption_materials(encryption_context)


def test_items_of_the_older_format_are_written_and_read() -> None:
    provider = RecordingProvider()
    config = TableConfig(
        "people",
        "pk",
        attribute_actions={"pk": CryptoAction.SIGN_ONLY, "salary": CryptoAction.ENCRYPT_AND_SIGN},
        keyring=RawAesKeyring("tests", "key", bytes(32)),
        legacy=Legacy(LegacyPolicy.FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT, provider),
    )

    async def main() -> None:
        encryptor = ItemEncryptor(config)
        stored = await encryptor.encrypt_item(ITEM)
        assert "*amzn-ddb-map-sig*" in stored
        assert await encryptor.decrypt_item(stored) == ITEM

    asyncio.run(main())
    assert len(provider.threads) == 2
    assert threading.get_ident() not in provider.threads
