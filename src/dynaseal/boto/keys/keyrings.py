"""The KMS keyrings with boto3 clients: those of `materials`, with clients made when none are given.

`client` is a boto3 KMS client or anything with its methods; `clients` a function from a Region's name to one,
called once for each Region, when it is first needed. Left out, they are made from boto3's default session.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial

from dynaseal.boto.keys.clients import Clients, UntypedClient
from dynaseal.boto.keys.kms import BotoKms, KmsClient
from dynaseal.errors import ConfigError
from dynaseal.materials.arn import check_key_id, check_unique, parse_arn, region_of
from dynaseal.materials.keyrings.kms import KmsKeyring, KmsMrkKeyring
from dynaseal.materials.keyrings.kms_discovery import (
    KmsDiscoveryKeyring,
    KmsMrkDiscoveryKeyring,
    discovery_filter,
)
from dynaseal.materials.keyrings.multi import MultiKeyring

KmsClients = Callable[[str], KmsClient | UntypedClient]


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
        client: A boto3 KMS client of that Region; left out, one is made when it is first needed.
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

    Writing makes one GenerateDataKey for every key. Reading asks the keys in order, only those that the item
    names, until one succeeds.

    Args:
        generator: The ARN of the key that makes the data key; without one the keyring only reads.
        children: ARNs of keys that wrap the same data key.
        clients: Gives a Region's KMS client.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: there is no key at all, or one is given by something else than an ARN.

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
        _check_arns(generator, children)
        make = partial(_keyring, KmsKeyring, Clients("kms", make=clients), grant_tokens)
        super().__init__(None if generator is None else make(generator), [make(child) for child in children])


class AwsKmsMrkMultiKeyring(MultiKeyring):
    """Wraps data keys under several KMS keys, each of them as `AwsKmsMrkKeyring` does.

    Args:
        generator: The ARN of the key that makes the data key; without one the keyring only reads.
        children: ARNs of keys that wrap the same data key.
        clients: Gives a Region's KMS client.
        grant_tokens: Tokens of grants that are not yet effective everywhere.

    Raises:
        ConfigError: there is no key at all, one is given by something else than an ARN, or the same
            multi-Region key is given in two Regions.

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
        check_unique(_check_arns(generator, children))
        make = partial(_keyring, KmsMrkKeyring, Clients("kms", make=clients), grant_tokens)
        super().__init__(None if generator is None else make(generator), [make(child) for child in children])


class AwsKmsDiscoveryKeyring(KmsDiscoveryKeyring):
    """Reads with the KMS keys that items name, in one Region; cannot write.

    Without `account_ids`, whoever wrote an item chose the account whose key is used: give them.

    Args:
        client: A boto3 KMS client; left out, one is made from the default session, in its Region.
        account_ids: Whose keys are used; left out, everybody's.
        partition: That of those accounts.

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
        region: That Region's name.
        client: A boto3 KMS client of that Region; left out, one is made when it is first needed.
        account_ids: Whose keys are used; left out, everybody's.
        partition: That of those accounts.

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
    """Reads with the KMS keys that items name, asking in several Regions in order; cannot write.

    Each Region is asked for each of the item's data keys, whatever Region their keys are of: put the likely
    Region first.

    Args:
        regions: The Regions' names.
        clients: Gives a Region's KMS client.
        account_ids: Whose keys are used; left out, everybody's.
        partition: That of those accounts.

    Raises:
        ConfigError: no Region is given, one of them is empty, or `account_ids` is.

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
        if isinstance(regions, str):
            raise TypeError("regions is a sequence of Regions' names, not one text")
        if not regions or not all(regions):
            raise ConfigError("A discovery multi-keyring needs at least one Region, and each with a name")
        keys = discovery_filter(account_ids, partition)
        made = Clients("kms", make=clients)
        super().__init__(
            children=[KmsDiscoveryKeyring(BotoKms(partial(made, region)), keys) for region in regions]
        )


def kms_for(key_id: str, client: KmsClient | UntypedClient | None) -> BotoKms:
    """Ask KMS through a client, or one that is made in the Region that a key's ARN names."""
    return kms_in(region_of(check_key_id(key_id)), client)


def kms_in(region: str | None, client: KmsClient | UntypedClient | None) -> BotoKms:
    """Ask KMS through a client, or one that is made in a Region when it is first needed."""
    clients = Clients("kms")
    return BotoKms(lambda: client or clients(region))


def _keyring(
    kind: type[KmsKeyring], clients: Clients, grant_tokens: Sequence[str], key_id: str
) -> KmsKeyring:
    return kind(key_id, BotoKms(partial(clients, region_of(key_id))), grant_tokens)


def _check_arns(generator: str | None, children: Sequence[str]) -> list[str]:
    if isinstance(children, str):
        raise TypeError("children is a sequence of key ARNs, not one text")
    key_ids = [*([] if generator is None else [generator]), *children]
    for key_id in key_ids:
        if not check_key_id(key_id).startswith("arn:"):
            raise ConfigError(
                f"{key_id!r} is not an ARN, so nothing says in which Region its key is",
                hint="Give the key's ARN",
            )
        parse_arn(key_id)
    return key_ids
