"""The configurations of the crash test, as the command line imports them."""

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    CryptoAction,
    PlaintextPolicy,
    RawAesKeyring,
    TableConfig,
)


def _config(keyring: RawAesKeyring, policy: PlaintextPolicy) -> TableConfig:
    actions = {"city": CryptoAction.SIGN_ONLY, "visits": CryptoAction.DO_NOTHING}
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(attribute_actions=actions),
        keyring=keyring,
        algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        plaintext_policy=policy,
    )


old = _config(RawAesKeyring("tests", "old", bytes(32)), PlaintextPolicy.FORBID_WRITE_ALLOW_READ)
new = _config(RawAesKeyring("tests", "new", bytes(range(32))), PlaintextPolicy.FORBID_WRITE_FORBID_READ)
