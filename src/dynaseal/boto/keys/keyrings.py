"""The KMS keyrings over boto3 clients.

`client` is a boto3 KMS client or an object with its methods; `clients` a function from a Region's name to
one, called once per Region, when it is first needed. By default clients are made from boto3's default
session.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial

from dynaseal.boto.keys.clients import Clients, UntypedClient, check_kms_clients
from dynaseal.boto.keys.kms import BotoKms, KmsClient
from dynaseal.core.arguments import check_string_collection
from dynaseal.errors import ConfigError
from dynaseal.materials.arn import check_key_id, check_multi_region_keys_differ, parse_arn, region_of
from dynaseal.materials.keyrings.kms import KmsKeyring, KmsMrkKeyring
from dynaseal.materials.keyrings.kms_discovery import (
    KmsDiscoveryKeyring,
    KmsMrkDiscoveryKeyring,
    discovery_filter,
)
from dynaseal.materials.keyrings.multi import MultiKeyring

KmsClients = Callable[[str], KmsClient | UntypedClient]


class AwsKmsKeyring(KmsKeyring):
    """Wraps data keys under one KMS key: one GenerateDataKey per item written, one Decrypt per item read.

    Args:
        key_id: The key's ARN. With an alias or a key id the keyring can write but not read, since items name
            the key's ARN.
        client: A boto3 KMS client; by default one is made from the default session, in the ARN's Region, when
            it is first needed.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is malformed.

    Example:
        >>> AwsKmsKeyring("arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
        AwsKmsKeyring('arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab')
    """

    def __init__(
        self,
        key_id: str,
        *,
        client: KmsClient | UntypedClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        super().__init__(key_id, kms_for(key_id, client), grant_tokens)


class AwsKmsMrkKeyring(KmsMrkKeyring):
    """Wraps data keys under one multi-Region KMS key, and reads those that its replicas wrapped.

    Args:
        key_id: The ARN of the key in the Region where it is to be used.
        client: A boto3 KMS client of that Region; by default one is made when it is first needed.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: the key id is malformed.
    """

    def __init__(
        self,
        key_id: str,
        *,
        client: KmsClient | UntypedClient | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        super().__init__(key_id, kms_for(key_id, client), grant_tokens)


class AwsKmsMultiKeyring(MultiKeyring):
    """Wraps data keys under several KMS keys, any one of which can read.

    Writing takes one GenerateDataKey for each key. Reading takes one Decrypt for each key that the item
    names, in order, until one succeeds.

    Args:
        generator: The ARN of the key that makes the data key; without one the keyring can only read.
        children: ARNs of keys that wrap the same data key.
        clients: Returns a Region's KMS client; by default one is made from the default session.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: no key is given, or one of them is not given as an ARN.

    Source: specification `aws-kms-multi-keyrings.md`.
    """

    def __init__(
        self,
        generator: str | None = None,
        children: Sequence[str] = (),
        *,
        clients: KmsClients | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        children = _checked_children(generator, children)
        grant_tokens = check_string_collection("A KMS multi-keyring", "grant_tokens", grant_tokens)
        make = partial(_keyring, KmsKeyring, Clients("kms", make_client=clients), grant_tokens)
        super().__init__(None if generator is None else make(generator), [make(child) for child in children])


class AwsKmsMrkMultiKeyring(MultiKeyring):
    """Wraps data keys under several KMS keys, each as `AwsKmsMrkKeyring` does.

    Args:
        generator: The ARN of the key that makes the data key; without one the keyring can only read.
        children: ARNs of keys that wrap the same data key.
        clients: Returns a Region's KMS client; by default one is made from the default session.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: no key is given, one of them is not given as an ARN, or the same multi-Region key is
            given in two Regions.

    Source: specification `aws-kms-mrk-multi-keyrings.md`.
    """

    def __init__(
        self,
        generator: str | None = None,
        children: Sequence[str] = (),
        *,
        clients: KmsClients | None = None,
        grant_tokens: Sequence[str] = (),
    ) -> None:
        children = _checked_children(generator, children)
        check_multi_region_keys_differ([*([] if generator is None else [generator]), *children])
        grant_tokens = check_string_collection("A KMS multi-keyring", "grant_tokens", grant_tokens)
        make = partial(_keyring, KmsMrkKeyring, Clients("kms", make_client=clients), grant_tokens)
        super().__init__(None if generator is None else make(generator), [make(child) for child in children])


class AwsKmsDiscoveryKeyring(KmsDiscoveryKeyring):
    """Reads with the KMS keys that items name, in one Region; cannot write.

    Without `account_ids`, whoever writes an item chooses the account whose key is used. So give them.

    Args:
        client: A boto3 KMS client; by default one is made from the default session, in its Region.
        account_ids: Which accounts' keys are used; by default those of every account.
        partition: The partition of those accounts.

    Raises:
        ConfigError: `account_ids` is empty.

    Source: specification `aws-kms-discovery-keyring.md`.
    """

    def __init__(
        self,
        *,
        client: KmsClient | UntypedClient | None = None,
        account_ids: Collection[str] | None = None,
        partition: str = "aws",
    ) -> None:
        super().__init__(kms_in(None, client), discovery_filter(account_ids, partition))


class AwsKmsMrkDiscoveryKeyring(KmsMrkDiscoveryKeyring):
    """Reads with the KMS keys that items name, multi-Region keys through their replica in one Region.

    Args:
        region: The Region's name.
        client: A boto3 KMS client of that Region; by default one is made when it is first needed.
        account_ids: Which accounts' keys are used; by default those of every account.
        partition: The partition of those accounts.

    Raises:
        ConfigError: the Region or `account_ids` is empty.

    Source: specification `aws-kms-mrk-discovery-keyring.md`.
    """

    def __init__(
        self,
        region: str,
        *,
        client: KmsClient | UntypedClient | None = None,
        account_ids: Collection[str] | None = None,
        partition: str = "aws",
    ) -> None:
        super().__init__(kms_in(region, client), region, discovery_filter(account_ids, partition))


class AwsKmsDiscoveryMultiKeyring(MultiKeyring):
    """Reads with the KMS keys that items name, in several Regions in order; cannot write.

    Each Region's KMS is called for each of the item's data keys, whatever Regions their keys are in. So put
    the most likely Region first.

    Args:
        regions: The Regions' names.
        clients: Returns a Region's KMS client; by default one is made from the default session.
        account_ids: Which accounts' keys are used; by default those of every account.
        partition: The partition of those accounts.

    Raises:
        ConfigError: no Region is given, or a Region or `account_ids` is empty.

    Source: specification `aws-kms-multi-keyrings.md`, "AWS KMS Discovery Multi-Keyring".
    """

    def __init__(
        self,
        regions: Sequence[str],
        *,
        clients: KmsClients | None = None,
        account_ids: Collection[str] | None = None,
        partition: str = "aws",
    ) -> None:
        regions = check_string_collection("A discovery multi-keyring", "regions", regions)
        if not regions or not all(regions):
            raise ConfigError(
                "A discovery multi-keyring needs at least one Region, and none may be empty",
                hint='Write regions=["us-west-2", ...]',
            )
        key_filter = discovery_filter(account_ids, partition)
        region_clients = Clients("kms", make_client=clients)
        super().__init__(
            children=[
                KmsDiscoveryKeyring(BotoKms(partial(region_clients, region)), key_filter)
                for region in regions
            ]
        )


def kms_for(key_id: str, client: KmsClient | UntypedClient | None) -> BotoKms:
    """Return what calls KMS through a client; by default one is made in the Region of a key's ARN."""
    return kms_in(region_of(check_key_id(key_id)), client)


def kms_in(region: str | None, client: KmsClient | UntypedClient | None) -> BotoKms:
    """Return what calls KMS through a client; by default one is made in a Region, when it is first needed."""
    if client is not None:
        hint = 'Write client=boto3.client("kms"), or leave it out'
        check_kms_clients("A KMS keyring", hint=hint, client=client)
    clients = Clients("kms")
    # A client may be any object, also one that is false, such as a stub with a length.
    return BotoKms(lambda: clients(region) if client is None else client)


def _keyring(
    kind: type[KmsKeyring], clients: Clients, grant_tokens: Sequence[str], key_id: str
) -> KmsKeyring:
    return kind(key_id, BotoKms(partial(clients, region_of(key_id))), grant_tokens)


def _checked_children(generator: str | None, children: Sequence[str]) -> tuple[str, ...]:
    """Return the children after checking that they and the generator are ARNs."""
    children = check_string_collection("A KMS multi-keyring", "children", children)
    for key_id in children if generator is None else (generator, *children):
        if not check_key_id(key_id).startswith("arn:"):
            raise ConfigError(
                f"{key_id!r} is not an ARN, so the key's Region is not known",
                hint="Pass the key's ARN",
            )
        parse_arn(key_id)
    return children
