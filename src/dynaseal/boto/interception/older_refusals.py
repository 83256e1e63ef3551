"""KMS's refusals where an item of the older format is read or written.

The older format's providers do not know `KmsError`. Here, where boto3 is known, their refusals become what
those of every keyring are: errors that are also a botocore ClientError, with AWS's code and message.
"""

from botocore.exceptions import ClientError

from dynaseal.boto.keys.kms import KmsDecryptError, KmsEncryptError, KmsError
from dynaseal.config import TableConfig
from dynaseal.errors import DecryptError, EncryptError


def older_refusal(config: TableConfig, error: EncryptError | DecryptError) -> KmsError | None:
    """Return the error for a refusal by KMS that an error of the older format is about, or None."""
    if config.legacy is None or isinstance(error, KmsError):
        return None
    causes = (error.__cause__, *getattr(error, "causes", ()))
    refusal = next((cause for cause in causes if isinstance(cause, ClientError)), None)
    if refusal is None:
        return None
    # AWS's KMS provider has this attribute, and so have the providers that are made from it.
    key_id = getattr(config.legacy.materials_provider, "_key_id", "the key of the older format")
    kind = KmsDecryptError if isinstance(error, DecryptError) else KmsEncryptError
    found = kind(refusal.response, refusal.operation_name, str(key_id))
    found.where = error.where
    return found
