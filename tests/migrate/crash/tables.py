"""The configurations of the crash test, as the command line imports them."""

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    CryptoAction,
    Legacy,
    LegacyPolicy,
    PlaintextPolicy,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.legacy.delegated_keys.jce import JceNameLocalDelegatedKey
from dynaseal.legacy.identifiers import EncryptionKeyType, KeyEncodingType
from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider


def _older_key(algorithm: str, byte: int) -> JceNameLocalDelegatedKey:
    return JceNameLocalDelegatedKey(
        key=bytes([byte]) * 32,
        algorithm=algorithm,
        key_type=EncryptionKeyType.SYMMETRIC,
        key_encoding=KeyEncodingType.RAW,
    )


def _legacy(policy: LegacyPolicy) -> Legacy:
    wrapping = _older_key("AES", 7)
    return Legacy(
        policy, WrappedCryptographicMaterialsProvider(_older_key("HmacSHA256", 9), wrapping, wrapping)
    )


def _config(keyring: RawAesKeyring, policy: PlaintextPolicy, legacy: Legacy | None = None) -> TableConfig:
    actions = {"city": CryptoAction.SIGN_ONLY, "visits": CryptoAction.DO_NOTHING}
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(attribute_actions=actions),
        keyring=keyring,
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        plaintext_policy=policy,
        legacy=legacy,
    )


_OLD_KEY = RawAesKeyring("tests", "old", bytes(32))
old = _config(
    _OLD_KEY,
    PlaintextPolicy.FORBID_WRITE_ALLOW_READ,
    _legacy(LegacyPolicy.FORBID_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT),
)
older = _config(
    _OLD_KEY,
    PlaintextPolicy.FORBID_WRITE_FORBID_READ,
    _legacy(LegacyPolicy.FORCE_LEGACY_ENCRYPT_ALLOW_LEGACY_DECRYPT),
)
new = _config(RawAesKeyring("tests", "new", bytes(range(32))), PlaintextPolicy.FORBID_WRITE_FORBID_READ)
