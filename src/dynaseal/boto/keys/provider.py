"""A keyring of the current format with the name and arguments of a class of the older library."""

from collections.abc import Mapping, Sequence

from botocore.session import Session

from dynaseal.boto.keys.clients import Clients, UntypedClient, check_kms_clients
from dynaseal.boto.keys.kms import BotoKms, KmsClient
from dynaseal.core.arguments import check_instances
from dynaseal.errors import ConfigError
from dynaseal.materials.arn import check_key_id, region_of
from dynaseal.materials.keyrings.kms import KmsKeyring


class AwsKmsCryptographicMaterialsProvider(KmsKeyring):
    """Wraps data keys under one KMS key, with the arguments of the older library's class of this name.

    It is a keyring: pass it as a keyring or as a materials provider.

    Args:
        key_id: The key's ARN.
        botocore_session: Makes the KMS client; by default boto3's default session does.
        grant_tokens: Tokens of grants that are not yet effective everywhere.
        material_description: Must be empty: the current format stores the encryption context instead.
        regional_clients: KMS clients by Region, which are used instead of making new ones.

    Raises:
        ConfigError: the key id is malformed, a material description is given, or a regional client is not a
            KMS client.
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
        if regional_clients is not None:
            owner = "An AwsKmsCryptographicMaterialsProvider"
            check_instances(owner, Mapping, regional_clients=regional_clients)
            for name, client in regional_clients.items():
                check_kms_clients(owner, hint=None, **{f"regional_clients[{name!r}]": client})
        region = region_of(check_key_id(key_id))
        clients = Clients("kms", botocore_session, regional_clients)
        super().__init__(key_id, BotoKms(lambda: clients(region)), grant_tokens)
