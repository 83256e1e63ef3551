"""The name that users of AWS's older Python library know, for a keyring of the current format."""

from collections.abc import Mapping, Sequence

from botocore.session import Session

from dynaseal.boto.keys.clients import Clients, UntypedClient
from dynaseal.boto.keys.kms import BotoKms, KmsClient
from dynaseal.errors import ConfigError
from dynaseal.materials.arn import check_key_id, region_of
from dynaseal.materials.keyrings.kms import KmsKeyring


class AwsKmsCryptographicMaterialsProvider(KmsKeyring):
    """Wraps data keys under one KMS key, by the arguments of the older library's class of this name.

    It is a keyring: pass it where a keyring or a materials provider goes.

    Args:
        key_id: The key's ARN.
        botocore_session: Makes the KMS client; left out, boto3's default session does.
        grant_tokens: Tokens of grants that are not yet effective everywhere.
        material_description: Must be empty: the current format stores the encryption context instead.
        regional_clients: KMS clients by Region, used instead of making one.

    Raises:
        ConfigError: the key id is malformed, or a material description is given.
    """

    def __init__(
        self,
        key_id: str,
        botocore_session: Session | None = None,
        grant_tokens: Sequence[str] = (),
        material_description: Mapping[str, str] | None = None,
        regional_clients: Mapping[str, KmsClient | UntypedClient] | None = None,
    ) -> None:
        if material_description:
            raise ConfigError(
                "The current item format has no material description",
                hint="Bind attributes with SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT instead",
            )
        region = region_of(check_key_id(key_id))
        clients = Clients("kms", botocore_session, regional_clients)
        super().__init__(key_id, BotoKms(lambda: clients(region)), grant_tokens)
