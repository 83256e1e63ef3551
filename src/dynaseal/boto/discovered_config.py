"""Reading a table's items without its configuration: with the KMS keys that the items name.

It is a guess, for looking at items: the table's logical name is taken to be its name, every attribute is
taken to be signed, and only keys of the table's own account are used, because whoever can write to the table
chooses which key an item names. Nothing can be written with it.
"""

from dynaseal.boto.keys.keyrings import AwsKmsDiscoveryKeyring
from dynaseal.boto.keys.kms import KmsClient
from dynaseal.config import TableConfig
from dynaseal.core.actions import AttributeActions
from dynaseal.inspection.tables import TableFacts

_PARTITION = 1


def discovered_config(facts: TableFacts, kms_client: KmsClient | None = None) -> TableConfig:
    """Return a configuration that may be able to read a table's items.

    Args:
        facts: What DescribeTable says of the table.
        kms_client: A KMS client; by default one is made from the default session.
    """
    keyring = AwsKmsDiscoveryKeyring(
        client=kms_client,
        account_ids=[facts.account] if facts.account else None,
        partition=facts.arn.split(":")[_PARTITION] if facts.account else "aws",
    )
    return TableConfig(facts.name, *facts.key_names, attribute_actions=AttributeActions(), keyring=keyring)
