"""Names of wrapping keys, as encrypted data keys carry them."""

from dynaseal.errors import ConfigError

KMS_PROVIDER = "aws-kms"
KMS_RSA_PROVIDER = "aws-kms-rsa"
KMS_ECDH_PROVIDER = "aws-kms-ecdh"
RAW_ECDH_PROVIDER = "raw-ecdh"
HIERARCHY_PROVIDER = "aws-kms-hierarchy"


def check_raw_key_name(namespace: str, name: str) -> None:
    """Check the namespace and name of a raw key.

    Raises:
        ConfigError: the namespace begins with the one that is reserved for KMS, or a name is not text.

    Source: specification `keyring-interface.md`, "Key Provider".
    """
    if namespace.startswith(KMS_PROVIDER):
        raise ConfigError(
            f"The namespace {namespace!r} is reserved for KMS", hint="Choose a name of your own"
        )
    for text in (namespace, name):
        try:
            encoded = text.encode()
        except UnicodeEncodeError:
            raise ConfigError("A key's namespace or name holds a lone surrogate") from None
        if len(encoded) > 0xFFFF - 20:
            raise ConfigError("A key's namespace or name is longer than an encrypted data key can carry")
