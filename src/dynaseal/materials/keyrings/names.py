"""The provider ids in encrypted data keys, and a check of the names of raw keys."""

from dynaseal.core.arguments import check_strings
from dynaseal.errors import ConfigError

KMS_PROVIDER = "aws-kms"
KMS_RSA_PROVIDER = "aws-kms-rsa"
KMS_ECDH_PROVIDER = "aws-kms-ecdh"
RAW_ECDH_PROVIDER = "raw-ecdh"
HIERARCHY_PROVIDER = "aws-kms-hierarchy"


def check_raw_key_name(namespace: str, name: str) -> None:
    """Check the namespace and name of a raw key.

    Raises:
        ConfigError: a name is not a string, the namespace begins with `aws-kms`, which is reserved, or a name
            cannot be stored.

    Source: specification `keyring-interface.md`, "Key Provider".
    """
    check_strings("A raw keyring", namespace=namespace, name=name)
    if namespace.startswith(KMS_PROVIDER):
        raise ConfigError(
            f"The namespace {namespace!r} is reserved for KMS", hint="Choose a name of your own"
        )
    for string in (namespace, name):
        if len(string.encode()) > 0xFFFF - 20:
            raise ConfigError("A key's namespace or name is longer than an encrypted data key can carry")
