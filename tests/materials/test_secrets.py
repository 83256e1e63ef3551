"""No key shows in a repr, a log record or an exception, whatever happens to an item."""

from __future__ import annotations

import logging
import traceback

import pytest

from dynaseal import (
    ConfigError,
    Curve,
    DynasealError,
    EncryptedDataKey,
    RawAesKeyring,
    RawEcdhKeyring,
    RawRsaKeyring,
    RsaPadding,
)
from dynaseal.testing import CONTEXT
from support.keyrings import KINDS, Kind, build, fake_kms


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_no_secret_shows_anywhere(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    subject = kind.subject()
    written = subject.write()
    read = subject.read(written)
    cut = [
        EncryptedDataKey(key.provider_id, key.provider_info, key.ciphertext[:-1])
        for key in written.encrypted_data_keys
    ]
    failures: list[str] = []
    for keys, context in (([], None), (cut, None), (None, {**CONTEXT, "more": "x"})):
        try:
            subject.read(written, keys, context)
        except DynasealError as error:
            failures.append("".join(traceback.format_exception(error)))

    assert len(failures) == 3
    subject.check_silent(
        written, subject, subject.keyring, subject.reader, written, read, *failures, caplog.text
    )


def test_no_key_shows_where_a_key_is_refused() -> None:
    key = b"this is very secret, and 40 bytes long.."
    for make in (
        lambda: RawAesKeyring("mine", "one", key),
        lambda: RawRsaKeyring("mine", "one", RsaPadding.PKCS1, private_key=key),
        lambda: RawEcdhKeyring.discovery(Curve.P256, key),
    ):
        with pytest.raises(ConfigError) as raised:
            make()
        text = "".join(traceback.format_exception(raised.value, chain=True))
        assert "secret" not in text.partition("ConfigError")[2]


def test_an_answer_of_kms_with_a_key_in_it_does_not_show() -> None:
    kms = fake_kms()
    keyring = build(kms, kind="kms", key="kms-a")
    kms.answers = {"Plaintext": b"fifteen-bytes.."}

    with pytest.raises(DynasealError) as raised:
        keyring.on_encrypt(KINDS[0].subject().new_materials())

    assert "fifteen" not in str(raised.value)
    assert raised.value.__cause__ is None
