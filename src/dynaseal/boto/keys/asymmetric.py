"""The keyrings of KMS's asymmetric keys over boto3 clients: RSA and ECDH.

`client` is a boto3 KMS client or an object with its methods; by default one is made from boto3's default
session, in the key's Region, when it is first needed.
"""

from collections.abc import Sequence

from dynaseal.boto.keys.clients import UntypedClient
from dynaseal.boto.keys.keyrings import kms_for
from dynaseal.boto.keys.kms import KmsClient, KmsEcdhClient
from dynaseal.core.arguments import check_members
from dynaseal.materials.keyrings.curves import Curve
from dynaseal.materials.keyrings.kms_ecdh import KmsEcdhKeyring
from dynaseal.materials.keyrings.kms_rsa import KmsRsaKeyring, RsaAlgorithm


class AwsKmsRsaKeyring(KmsRsaKeyring):
    """Wraps data keys under a KMS RSA key: writing needs only its public key, reading one Decrypt per item.

    It supports only the suite without signatures, `AlgorithmSuite.COMMIT_KEY_SYMSIG`: anyone who has the
    public key can write.

    Args:
        key_id: The key's ARN.
        algorithm: `RSAES_OAEP_SHA_256` or `RSAES_OAEP_SHA_1`.
        public_key: The public key, in PEM; without it the keyring cannot write.
        client: A boto3 KMS client.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is not a key ARN, the algorithm is unknown, or the public key is malformed or
            smaller than 2048 bits.

    Source: specification `aws-kms-rsa-keyring.md`.
    """

    def __init__(
        self,
        key_id: str,
        algorithm: RsaAlgorithm,
        *,
        public_key: bytes | None = None,
        client: KmsClient | UntypedClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        super().__init__(
            key_id, algorithm, kms_for(key_id, client), public_key=public_key, grant_tokens=grant_tokens
        )


class AwsKmsEcdhKeyring(KmsEcdhKeyring):
    """Wraps data keys by ECDH with a private key in KMS: one DeriveSharedSecret per item written or read.

    Make one with `static` or `discovery`. `RawEcdhKeyring` reads the same data keys if the recipient's key is
    not in KMS.

    Source: specification `aws-kms-ecdh-keyring.md`.
    """

    @classmethod
    def static(
        cls,
        curve: Curve,
        sender_key_id: str,
        recipient_public_key: bytes,
        *,
        sender_public_key: bytes | None = None,
        client: KmsEcdhClient | UntypedClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> "AwsKmsEcdhKeyring":
        """Make a keyring that writes to a recipient, and reads what the two wrote to each other.

        Args:
            curve: The curve of both keys.
            sender_key_id: The ARN of the sender's KMS key.
            recipient_public_key: SubjectPublicKeyInfo, in PEM or DER.
            sender_public_key: The KMS key's public key; by default it is fetched from KMS once.
            client: A boto3 KMS client.
            grant_tokens: Tokens of grants that are not yet effective everywhere.

        Raises:
            ConfigError: the key id is not a key ARN, or a key is malformed or on another curve.
        """
        check_members("An AwsKmsEcdhKeyring", Curve, curve=curve)
        return cls(
            curve,
            sender_key_id,
            kms_for(sender_key_id, client),
            public_key=None if sender_public_key is None else curve.load_public_key(sender_public_key),
            recipient_public_key=curve.load_public_key(recipient_public_key),
            grant_tokens=grant_tokens,
        )

    @classmethod
    def discovery(
        cls,
        curve: Curve,
        recipient_key_id: str,
        *,
        client: KmsEcdhClient | UntypedClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> "AwsKmsEcdhKeyring":
        """Make a keyring that only reads what anyone wrote to the recipient.

        Args:
            curve: The curve of the recipient's key.
            recipient_key_id: The ARN of the recipient's KMS key.
            client: A boto3 KMS client.
            grant_tokens: Tokens of grants that are not yet effective everywhere.

        Raises:
            ConfigError: the key id is not a key ARN.
        """
        return cls(curve, recipient_key_id, kms_for(recipient_key_id, client), grant_tokens=grant_tokens)
