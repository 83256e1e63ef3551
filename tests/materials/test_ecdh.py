"""The ECDH keyrings, raw and KMS: who can write, who can read, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from dynaseal import (
    AwsKmsEcdhKeyring,
    ConfigError,
    Curve,
    EncryptedDataKey,
    EncryptError,
    RawEcdhKeyring,
)
from dynaseal.materials.keyrings.ecdh import Parties
from dynaseal.testing import Subject
from support.fake_kms import FakeKms
from support.keyrings import KEYS, fake_kms

CURVES = {"P-256": Curve.P256, "P-384": Curve.P384, "P-521": Curve.P521}
SENDER, RECIPIENT = KEYS["kms-ec-P-256-sender"], KEYS["kms-ec-P-256-recipient"]


def private(name: str) -> bytes:
    return KEYS[name]["private_key"].encode()


def public(name: str) -> bytes:
    return bytes.fromhex(KEYS[name]["public_key_der"])


def static(curve: str = "P-256") -> RawEcdhKeyring:
    return RawEcdhKeyring.static(
        CURVES[curve], private(f"ec-{curve}-sender"), public(f"ec-{curve}-recipient")
    )


def discovery(curve: str = "P-256", whose: str = "recipient") -> RawEcdhKeyring:
    return RawEcdhKeyring.discovery(CURVES[curve], private(f"ec-{curve}-{whose}"))


@pytest.mark.parametrize("curve", list(CURVES))
def test_the_other_party_of_a_static_pair_reads_with_its_own_private_key(curve: str) -> None:
    other_side = RawEcdhKeyring.static(
        CURVES[curve], private(f"ec-{curve}-recipient"), public(f"ec-{curve}-sender")
    )
    subject = Subject(static(curve), other_side)

    subject.check_reads(subject.write(), "from the other side")


def test_a_static_pair_does_not_read_what_a_third_party_wrote() -> None:
    third = RawEcdhKeyring.ephemeral(Curve.P256, public("ec-P-256-recipient"))
    written = Subject(third).write()

    Subject(static()).check_refuses(written, "a third party's data key")
    Subject(discovery()).check_reads(written, "by discovery")


def test_discovery_reads_only_what_was_written_to_it() -> None:
    written = Subject(static()).write()

    error = Subject(discovery(whose="sender")).check_refuses(written, "a data key to somebody else")

    assert str(error) == "The item has no data key for this ECDH keyring"


def test_every_ephemeral_data_key_has_a_sender_of_its_own() -> None:
    subject = Subject(RawEcdhKeyring.ephemeral(Curve.P256, public("ec-P-256-recipient")))

    assert len({subject.write().encrypted_data_keys[0].provider_info for _ in range(3)}) == 3


def test_ephemeral_does_not_read_and_discovery_does_not_write() -> None:
    ephemeral = Subject(RawEcdhKeyring.ephemeral(Curve.P256, public("ec-P-256-recipient")))

    assert "can only write" in str(ephemeral.check_refuses(ephemeral.write(), "reading by ephemeral"))
    with pytest.raises(EncryptError, match="can only read"):
        Subject(discovery()).write()


def test_the_curve_is_part_of_what_a_data_key_is_bound_to() -> None:
    subject = Subject(static("P-384"), discovery("P-256"))

    subject.check_refuses(subject.write(), "another curve")


@pytest.mark.parametrize(
    "sender",
    [b"", b"\x02" + bytes(32), b"\x04" + bytes(64), b"\x02" + b"\xff" * 32, b"\x00"],
    ids=["empty", "off the curve", "uncompressed", "beyond the field", "infinity"],
)
def test_a_sender_that_is_not_a_point_of_the_curve_is_refused(sender: bytes) -> None:
    written = Subject(static()).write()
    (key,) = written.encrypted_data_keys
    recipient = key.provider_info[5:38]
    changed_keys = [
        EncryptedDataKey(key.provider_id, Parties(sender, recipient).provider_info, key.ciphertext)
    ]

    Subject(discovery()).check_refuses(written, "a sender off the curve", changed_keys)


def test_keys_are_taken_in_pem_and_in_der() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    forms = [
        RawEcdhKeyring.static(
            Curve.P256,
            key.private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption()),
            key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo),
        )
        for encoding in (Encoding.PEM, Encoding.DER)
    ]

    subject = Subject(forms[0], forms[1])

    subject.check_reads(subject.write(), "in the other encoding")


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: RawEcdhKeyring.ephemeral(Curve.P384, public("ec-P-256-recipient")), "on the curve P384"),
        (lambda: RawEcdhKeyring.discovery(Curve.P384, private("ec-P-256-sender")), "on the curve P384"),
        (lambda: RawEcdhKeyring.ephemeral(Curve.P256, b"-----BEGIN nonsense"), "on the curve P256"),
        (lambda: RawEcdhKeyring.ephemeral(Curve.P256, b""), "on the curve P256"),
        (
            lambda: RawEcdhKeyring.ephemeral(Curve.P256, KEYS["rsa-a"]["public_key"].encode()),
            "on the curve P256",
        ),
        (lambda: RawEcdhKeyring.discovery(Curve.P256, b"\x30\x00"), "on the curve P256"),
        (
            lambda: RawEcdhKeyring.discovery(
                Curve.P256,
                Curve.P256.generate().private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
                ),
            ),
            "protected by a password",
        ),
    ],
)
def test_a_key_that_does_not_fit_its_curve_is_refused_when_the_keyring_is_made(build: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        build()


def kms_static(kms: Any, **more: Any) -> AwsKmsEcdhKeyring:
    return AwsKmsEcdhKeyring.static(
        Curve.P256, SENDER["arn"], public("kms-ec-P-256-recipient"), client=kms.client("us-west-2"), **more
    )


def test_a_raw_keyring_reads_what_a_kms_keyring_wrote() -> None:
    kms = fake_kms()
    reader = RawEcdhKeyring.discovery(Curve.P256, private("kms-ec-P-256-recipient"))
    subject = Subject(kms_static(kms), reader)

    subject.check_reads(subject.write(), "without KMS")


def test_the_kms_keys_public_key_is_fetched_once() -> None:
    kms = fake_kms()
    subject = Subject(kms_static(kms))

    for _ in range(3):
        subject.check_reads(subject.write(), "again")

    assert kms.operations() == ["GetPublicKey", *["DeriveSharedSecret"] * 6]


def test_a_refused_get_public_key_is_tried_again_and_its_error_names_the_operation() -> None:
    kms = fake_kms()
    subject = Subject(kms_static(kms))
    kms.refusals[SENDER["arn"]] = "AccessDeniedException"
    with pytest.raises(EncryptError, match=r"KMS refused GetPublicKey .* Allow kms:GetPublicKey"):
        subject.write()

    kms.refusals.clear()

    subject.check_reads(subject.write(), "once KMS lets it")


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (
            {"KeyUsage": "SIGN_VERIFY"},
            "has the usage SIGN_VERIFY, and ECDH needs a key with the usage KEY_AGREEMENT",
        ),
        ({"PublicKey": public("kms-ec-P-384-sender")}, "not a key on the curve P256"),
        ({"KeyUsage": None}, "has no known usage, and ECDH needs a key with the usage KEY_AGREEMENT"),
        ({"KeyId": RECIPIENT["arn"]}, "KMS was called for the public key of"),
        ({"KeyId": None}, "has no KeyId"),
        ({"KeyId": 5}, "has a KeyId of the type int, which must be a string"),
        ({"PublicKey": None}, "has no PublicKey"),
        ({"PublicKey": "x"}, "has a PublicKey of the type str, which must be bytes"),
        ({"SharedSecret": b"short"}, "a shared secret of 5 bytes"),
        ({"SharedSecret": None}, "has no SharedSecret"),
        ({"SharedSecret": "s" * 32}, "has a SharedSecret of the type str, which must be bytes"),
    ],
)
def test_what_kms_answers_wrongly_is_not_used(answers: dict[str, Any], says: str) -> None:
    kms = fake_kms()
    written = Subject(kms_static(kms)).write()
    kms.answers = answers
    subject = Subject(kms_static(kms))

    with pytest.raises(EncryptError, match=says):
        subject.write()
    assert says in str(subject.check_refuses(written, "a wrong answer"))


class MixedUpClient:
    """A KMS client of which one method is called with another key than it was given."""

    def __init__(self, kms: FakeKms, mixed_up: str, key_id: str) -> None:
        self._client = kms.client("us-west-2")
        self._mixed_up, self._key_id = mixed_up, key_id

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name != self._mixed_up:
            return method
        return lambda **request: method(**{**request, "KeyId": self._key_id})


@pytest.mark.parametrize(
    ("mixed_up", "says"),
    [
        ("get_public_key", "KMS was called for the public key of"),
        ("derive_shared_secret", "KMS was called to derive a shared secret with"),
    ],
)
@pytest.mark.parametrize("of_key", ["static", "discovery"])
def test_what_kms_answers_for_another_key_is_not_used(mixed_up: str, says: str, of_key: str) -> None:
    kms = fake_kms()
    written = Subject(kms_static(kms)).write()
    own, other = (SENDER, RECIPIENT) if of_key == "static" else (RECIPIENT, SENDER)
    client: Any = MixedUpClient(kms, mixed_up, other["arn"])
    if of_key == "static":
        recipient = public("kms-ec-P-256-recipient")
        keyring = AwsKmsEcdhKeyring.static(Curve.P256, own["arn"], recipient, client=client)
        with pytest.raises(EncryptError, match=says):
            Subject(keyring).write()
    else:
        keyring = AwsKmsEcdhKeyring.discovery(Curve.P256, own["arn"], client=client)

    error = Subject(keyring).check_refuses(written, "a reply about another key")

    assert says in str(error)
    assert own["arn"] in str(error)
    assert other["arn"] in str(error)


def test_a_kms_discovery_keyring_does_not_write() -> None:
    keyring = AwsKmsEcdhKeyring.discovery(Curve.P256, RECIPIENT["arn"])

    with pytest.raises(EncryptError, match="can only read"):
        Subject(keyring).write()
