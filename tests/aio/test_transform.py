"""`dynaseal.aio.transform`: one stored item, taken from one configuration to another on an event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import dynaseal
from dynaseal import ConfigError, CryptoAction, KmsError, PlaintextPolicy, TableConfig
from dynaseal.aio import AwsKmsKeyring, ItemEncryptor, transform
from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
from dynaseal.migrate import PLAINTEXT
from support.fake_kms import FakeKms

pytestmark = pytest.mark.usefixtures("both_loops")

ITEM = {"pk": {"S": "ann"}, "salary": {"N": "1000"}}
ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class AsynchronousKms:
    """A KMS client whose methods are coroutines."""

    def __init__(self, kms: FakeKms) -> None:
        self._client = kms.client("us-west-2")
        self.threads = set[int]()

    async def generate_data_key(self, **parameters: Any) -> Any:
        self.threads.add(threading.get_ident())
        await asyncio.sleep(0.001)
        return self._client.generate_data_key(**parameters)

    async def decrypt(self, **parameters: Any) -> Any:
        self.threads.add(threading.get_ident())
        await asyncio.sleep(0.001)
        return self._client.decrypt(**parameters)


def config_of(keyring: Any, **more: Any) -> TableConfig:
    actions = {"pk": CryptoAction.SIGN_ONLY, "salary": CryptoAction.ENCRYPT_AND_SIGN}
    return TableConfig("people", "pk", attribute_actions=actions, keyring=keyring, **more)


OLD = config_of(RawAesKeyring("tests", "old", bytes(32)))


@pytest.mark.parametrize("size", [10, 100_000], ids=["on the loop", "in a thread"])
def test_items_get_another_key_and_their_calls_of_kms_are_made_on_the_loop(size: int) -> None:
    kms = AsynchronousKms(FakeKms())
    old, new = ItemEncryptor(OLD), ItemEncryptor(config_of(AwsKmsKeyring(ARN, client=kms)))

    async def main() -> None:
        item = {**ITEM, "salary": {"S": "x" * size}}
        stored = await old.encrypt_item(item)
        outcomes = await asyncio.gather(*(transform(stored, old, new) for _ in range(4)))
        assert [outcome.state for outcome in outcomes] == ["changed"] * 4
        assert outcomes[0].item is not None
        assert await new.decrypt_item(outcomes[0].item) == item
        assert (await transform(outcomes[0].item, old, new)).state == "skipped"
        back = await transform(outcomes[0].item, new, PLAINTEXT)
        assert back.item == item

    asyncio.run(main())
    assert kms.threads == {threading.get_ident()}


def test_encryptors_without_a_loop_are_accepted() -> None:
    source = dynaseal.ItemEncryptor(
        config_of(OLD.keyring, plaintext_policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ)
    )
    outcome = asyncio.run(transform(ITEM, source, dynaseal.ItemEncryptor(OLD)))
    assert outcome.state == "changed"
    assert outcome.form == "plaintext"


def test_items_that_cannot_be_read_are_outcomes_and_wrong_arguments_errors() -> None:
    fake = FakeKms(refusals={ARN: "AccessDeniedException"})
    refused = ItemEncryptor(config_of(AwsKmsKeyring(ARN, client=AsynchronousKms(fake))))

    writes_plaintext = config_of(OLD.keyring, plaintext_policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ)

    async def main() -> None:
        stored = await ItemEncryptor(OLD).encrypt_item(ITEM)
        outcome = await transform(stored, ItemEncryptor(OLD), refused)
        assert outcome.state == "failed"
        assert isinstance(outcome.errors[0], KmsError)
        with pytest.raises(ConfigError, match="without"):
            await transform(stored, ItemEncryptor(OLD), ItemEncryptor(writes_plaintext))

    asyncio.run(main())
