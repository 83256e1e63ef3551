"""The adapter for AWS's material providers: each side reads what the other wrote."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from dynaseal import ConfigError, EncryptError, Keyring, MplKeyring, MultiKeyring, RawAesKeyring
from dynaseal.testing import RULES, Rule, Subject
from support.fake_kms import FakeKms
from support.keyrings import KEYS, KMS_A, MRK_EU, UNSIGNED, build, fake_kms

if find_spec("aws_cryptographic_material_providers") is None:
    if os.environ.get("CI") == "true":
        raise ImportError("CI needs the extra mpl")
    pytest.skip("aws-cryptographic-material-providers is not installed", allow_module_level=True)

from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl import models as mpl
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig

PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
_AES = {"kind": "raw-aes", "key": "aes256"}


def theirs_aes(_kms: FakeKms) -> Any:
    return PROVIDERS.create_raw_aes_keyring(
        mpl.CreateRawAesKeyringInput(
            key_namespace=KEYS["aes256"]["namespace"],
            key_name=KEYS["aes256"]["name"],
            wrapping_key=bytes.fromhex(KEYS["aes256"]["material"]),
            wrapping_alg=mpl.AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )


def theirs_rsa(padding: str) -> Any:
    return lambda _kms: PROVIDERS.create_raw_rsa_keyring(
        mpl.CreateRawRsaKeyringInput(
            key_namespace=KEYS["rsa-a"]["namespace"],
            key_name=KEYS["rsa-a"]["name"],
            padding_scheme=padding,
            public_key=KEYS["rsa-a"]["public_key"].encode(),
            private_key=KEYS["rsa-a"]["private_key"].encode(),
        )
    )


def theirs_ecdh(curve: str) -> Any:
    return lambda _kms: PROVIDERS.create_raw_ecdh_keyring(
        mpl.CreateRawEcdhKeyringInput(
            curve_spec=f"ECC_NIST_{curve.replace('-', '')}",
            key_agreement_scheme=mpl.RawEcdhStaticConfigurationsRawPrivateKeyToStaticPublicKey(
                mpl.RawPrivateKeyToStaticPublicKeyInput(
                    sender_static_private_key=KEYS[f"ec-{curve}-sender"]["private_key"].encode(),
                    recipient_public_key=bytes.fromhex(KEYS[f"ec-{curve}-recipient"]["public_key_der"]),
                )
            ),
        )
    )


def theirs_kms(kms: Any) -> Any:
    return PROVIDERS.create_aws_kms_keyring(
        mpl.CreateAwsKmsKeyringInput(kms_key_id=KMS_A, kms_client=kms.client("us-west-2"))
    )


def theirs_mrk(kms: Any) -> Any:
    return PROVIDERS.create_aws_kms_mrk_keyring(
        mpl.CreateAwsKmsMrkKeyringInput(kms_key_id=MRK_EU, kms_client=kms.client("eu-west-1"))
    )


def theirs_kms_rsa(kms: Any) -> Any:
    return PROVIDERS.create_aws_kms_rsa_keyring(
        mpl.CreateAwsKmsRsaKeyringInput(
            kms_key_id=KEYS["kms-rsa"]["arn"],
            encryption_algorithm="RSAES_OAEP_SHA_256",
            public_key=KEYS["kms-rsa"]["public_key"].encode(),
            kms_client=kms.client("us-west-2"),
        )
    )


def theirs_kms_ecdh(kms: Any) -> Any:
    return PROVIDERS.create_aws_kms_ecdh_keyring(
        mpl.CreateAwsKmsEcdhKeyringInput(
            curve_spec="ECC_NIST_P256",
            kms_client=kms.client("us-west-2"),
            key_agreement_scheme=mpl.KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(
                mpl.KmsPrivateKeyToStaticPublicKeyInput(
                    sender_kms_identifier=KEYS["kms-ec-P-256-sender"]["arn"],
                    recipient_public_key=bytes.fromhex(KEYS["kms-ec-P-256-recipient"]["public_key_der"]),
                )
            ),
        )
    )


_PAIR = {"kind": "raw-ecdh", "scheme": "static"}
PAIRS = {
    "raw-aes": (theirs_aes, _AES),
    **{
        f"raw-rsa-{padding}": (theirs_rsa(padding), {"kind": "raw-rsa", "key": "rsa-a", "padding": padding})
        for padding in ("PKCS1", "OAEP_SHA1_MGF1", "OAEP_SHA256_MGF1", "OAEP_SHA384_MGF1", "OAEP_SHA512_MGF1")
    },
    **{
        f"raw-ecdh-{curve}": (
            theirs_ecdh(curve),
            {**_PAIR, "curve": curve, "sender": f"ec-{curve}-sender", "recipient": f"ec-{curve}-recipient"},
        )
        for curve in ("P-256", "P-384", "P-521")
    },
    "kms": (theirs_kms, {"kind": "kms", "key": "kms-a"}),
    "kms-mrk": (theirs_mrk, {"kind": "kms-mrk", "key": "mrk-us"}),
    "kms-ecdh": (
        theirs_kms_ecdh,
        {
            "kind": "kms-ecdh",
            "scheme": "static",
            "curve": "P-256",
            "sender": "kms-ec-P-256-sender",
            "recipient": "kms-ec-P-256-recipient",
        },
    ),
    "kms-rsa": (theirs_kms_rsa, {"kind": "kms-rsa", "key": "kms-rsa", "algorithm": "RSAES_OAEP_SHA_256"}),
}


@pytest.mark.parametrize("name", list(PAIRS))
@pytest.mark.parametrize("writes", ["theirs", "ours"])
def test_aws_keyring_and_ours_of_the_same_key_read_each_other(name: str, writes: str) -> None:
    kms = fake_kms()
    make, spec = PAIRS[name]
    pair: list[Keyring] = [MplKeyring(make(kms)), build(kms, **spec)]
    writer, reader = pair if writes == "theirs" else pair[::-1]
    suites = UNSIGNED if name == "kms-rsa" else Subject(writer).suites

    subject = Subject(writer, reader, suites)

    subject.check_reads(subject.write(), "across the bridge")
    whole_items = next(rule for rule in RULES if str(rule) == "encrypts_whole_items")
    whole_items(subject)


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("make", [theirs_aes, theirs_kms], ids=["raw-aes", "kms"])
def test_a_bridged_keyring_keeps_to_every_rule(make: Any, rule: Rule) -> None:
    rule(Subject(MplKeyring(make(fake_kms())), secrets=[bytes.fromhex(KEYS["aes256"]["material"])]))


def test_a_bridged_keyring_is_a_child_of_a_multi_keyring_of_ours() -> None:
    kms = fake_kms()
    child = MplKeyring(theirs_kms(kms))
    multi = MultiKeyring(RawAesKeyring("mine", "one", b"k" * 32), [child])
    written = Subject(multi).write()

    Subject(child).check_reads(written, "by the child alone")
    Subject(build(kms, kind="kms", key="kms-a")).check_reads(written, "by ours of the same key")


class Ours(__import__("aws_cryptographic_material_providers.mpl.references", fromlist=["x"]).IKeyring):
    """A keyring that a user wrote for AWS's package."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def on_encrypt(self, param: Any) -> Any:
        return self.inner.on_encrypt(param)

    def on_decrypt(self, param: Any) -> Any:
        return self.inner.on_decrypt(param)


def test_a_keyring_that_a_user_wrote_for_aws_package_works() -> None:
    subject = Subject(MplKeyring(Ours(theirs_aes(fake_kms()))))

    subject.check_reads(subject.write(), "through a user's own keyring")


class WithoutSigningKeys(Ours):
    """A faulty keyring that a user wrote: the data key is wrapped, but its tag could not be made."""

    def __init__(self, inner: Any, signing_keys: list[bytes] | None) -> None:
        super().__init__(inner)
        self.signing_keys = signing_keys

    def on_encrypt(self, param: Any) -> Any:
        output = self.inner.on_encrypt(param)
        output.materials.symmetric_signing_keys = self.signing_keys
        return output


@pytest.mark.parametrize("signing_keys", [None, [], [bytes(32)] * 2])
def test_a_keyring_that_returns_other_than_one_signing_key_per_data_key_is_refused(
    signing_keys: list[bytes] | None,
) -> None:
    subject = Subject(MplKeyring(WithoutSigningKeys(theirs_aes(fake_kms()), signing_keys)))

    with pytest.raises(EncryptError, match=r"one symmetric signing key for each encrypted data key"):
        subject.write()


class Changed(Ours):
    """A keyring that a user wrote, whose replies are changed."""

    def __init__(self, inner: Any, change: Callable[[Any], Any] = lambda output: output) -> None:
        super().__init__(inner)
        self.change = change

    def on_encrypt(self, param: Any) -> Any:
        return self.change(self.inner.on_encrypt(param))

    def on_decrypt(self, param: Any) -> Any:
        return self.change(self.inner.on_decrypt(param))


def with_materials(**fields: Any) -> Callable[[Any], Any]:
    """A change of the materials: each field becomes what a function makes of it."""

    def change(output: Any) -> Any:
        for name, field in fields.items():
            setattr(output.materials, name, field(getattr(output.materials, name)))
        return output

    return change


def with_wrapped(**fields: Any) -> Callable[[Any], Any]:
    """A change of the data key as the keyring wrapped it."""

    def change(keys: Any) -> Any:
        for name, value in fields.items():
            setattr(keys[-1], name, value)
        return keys

    return with_materials(encrypted_data_keys=change)


def to(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


NO_BYTES: list[Any] = [32, [1] * 32, "k" * 32, True, {}]
OF_BOTH: dict[str, Callable[[Any], Any]] = {
    "nothing": to(None),
    "materials of nothing": lambda output: type(output)(materials=None),
    "another class": lambda output: output.materials,
    "materials of another class": lambda output: type(output)(materials=output),
    **{f"data key {value!r:.9}": with_materials(plaintext_data_key=to(value)) for value in NO_BYTES},
}
OF_WRITING = {
    **{f"tag key {value!r:.9}": with_materials(symmetric_signing_keys=to([value])) for value in NO_BYTES},
    **{f"ciphertext {value!r:.9}": with_wrapped(ciphertext=value) for value in [None, *NO_BYTES]},
    **{f"info {value!r:.9}": with_wrapped(key_provider_info=value) for value in [None, *NO_BYTES]},
    **{f"id {value!r:.9}": with_wrapped(key_provider_id=value) for value in (None, 5, b"id")},
    **{
        f"keys {value!r:.9}": with_materials(encrypted_data_keys=to(value))
        for value in (5, "k", [None], [b"k"])
    },
    "tag keys in a string": with_materials(symmetric_signing_keys=to("k")),
}
OF_READING = {f"tag key {value!r:.9}": with_materials(symmetric_signing_key=to(value)) for value in NO_BYTES}


@pytest.mark.parametrize("fault", OF_BOTH | OF_WRITING)
def test_what_a_users_keyring_returns_when_it_writes_must_have_the_types_of_aws_package(fault: str) -> None:
    subject = Subject(MplKeyring(Changed(theirs_aes(fake_kms()), (OF_BOTH | OF_WRITING)[fault])))
    with pytest.raises(EncryptError, match=r"MplKeyring\(Changed\) returned .* of the type \w+, not \w+"):
        subject.write()


@pytest.mark.parametrize("fault", OF_BOTH | OF_READING)
def test_what_a_users_keyring_returns_when_it_reads_must_have_the_types_of_aws_package(fault: str) -> None:
    keyring = Changed(theirs_aes(fake_kms()))
    subject = Subject(MplKeyring(keyring))
    written = subject.write()
    keyring.change = (OF_BOTH | OF_READING)[fault]
    error = subject.check_refuses(written, fault)
    assert re.search(r"MplKeyring\(Changed\) returned .* of the type \w+, not \w+", str(error))


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_keys_in_any_of_pythons_types_of_bytes_are_taken(kind: Any) -> None:
    change = with_materials(plaintext_data_key=kind, symmetric_signing_keys=lambda keys: [*map(kind, keys)])
    inner = theirs_aes(fake_kms())
    written = Subject(MplKeyring(Changed(inner, change))).write()
    Subject(MplKeyring(inner)).check_reads(written, f"written with {kind.__name__}")
    reading = with_materials(plaintext_data_key=kind, symmetric_signing_key=kind)
    Subject(MplKeyring(Changed(inner, reading))).check_reads(written, f"read with {kind.__name__}")


REORDERED: dict[str, Callable[[list[Any]], list[Any]]] = {
    "its own first": lambda keys: [keys[-1], *keys[:-1]],
    "another one in front": lambda keys: [keys[-1], *keys],
    "its own in place of the other": lambda keys: [keys[-1], keys[-1]],
    "only its own": lambda keys: keys[-1:],
}


@pytest.mark.parametrize("order", REORDERED)
@pytest.mark.parametrize(
    "fields",
    [["encrypted_data_keys"], ["symmetric_signing_keys"], ["encrypted_data_keys", "symmetric_signing_keys"]],
    ids="+".join,
)
def test_a_users_keyring_must_add_its_keys_after_those_that_it_was_given(
    order: str, fields: list[str]
) -> None:
    first, inner = RawAesKeyring("mine", "one", b"k" * 32), theirs_aes(fake_kms())
    child = Changed(inner)
    subject = Subject(MultiKeyring(first, [MplKeyring(child)]))
    for reader in (first, MplKeyring(inner)):
        Subject(reader).check_reads(subject.write(), "with the keys in order")
    child.change = with_materials(**dict.fromkeys(fields, REORDERED[order]))
    with pytest.raises(EncryptError, match="changed, moved or removed the data key as another keyring had"):
        subject.write()


def test_a_refusal_of_kms_comes_through_in_its_own_words() -> None:
    kms = fake_kms()
    subject = Subject(MplKeyring(theirs_kms(kms)))
    written = subject.write()
    kms.refusals[KMS_A] = "AccessDeniedException"

    with pytest.raises(EncryptError, match=r"AccessDeniedException.*refused by the test"):
        subject.write()
    assert "AccessDeniedException" in str(subject.check_refuses(written, "KMS refusing"))


def test_the_bridge_makes_the_calls_that_ours_makes() -> None:
    kms = fake_kms()
    ours, theirs = build(kms, kind="kms", key="kms-a"), MplKeyring(theirs_kms(kms))
    calls = []
    for keyring in (ours, theirs):
        subject = Subject(keyring, suites=UNSIGNED)
        subject.check_reads(subject.write(), "for the calls")
        calls.append([(call["op"], call["key_id"], call["encryption_context"]) for call in kms.calls])
        kms.calls.clear()

    assert calls[0] == calls[1]


def test_our_own_keyring_needs_no_bridge() -> None:
    with pytest.raises(ConfigError, match="RawAesKeyring is not a keyring of aws-crypto"):
        MplKeyring(RawAesKeyring("mine", "one", b"k" * 32))
