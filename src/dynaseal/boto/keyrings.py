"""The KMS keyrings with boto3 clients: those of `materials`, with a client made when none is given."""

from collections.abc import Sequence

from dynaseal.boto.clients import Clients
from dynaseal.boto.kms import BotoKms, KmsClient
from dynaseal.materials.arn import check_key_id, region_of
from dynaseal.materials.kms import KmsKeyring


class AwsKmsKeyring(KmsKeyring):
    """Wraps data keys under one KMS key: one GenerateDataKey an item written, one Decrypt an item read.

    Args:
        key_id: The key's ARN. An alias or a key id can write but not read: items name the key's ARN.
        client: A boto3 KMS client; left out, one is made from the default session in the ARN's Region when it
            is first needed.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is malformed.

    Example:
        >>> AwsKmsKeyring("arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
        AwsKmsKeyring('arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab')
    """

    def __init__(
        self, key_id: str, *, client: KmsClient | None = None, grant_tokens: Sequence[str] = ()
    ) -> None:
        region = region_of(check_key_id(key_id))
        clients = Clients("kms")
        super().__init__(key_id, BotoKms(lambda: client or clients(region)), grant_tokens)
