"""A user's program that declares encryption on models."""

from dataclasses import dataclass
from typing import Annotated, assert_type

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from dynaseal import RawAesKeyring, TableConfig, UpdateMode
from dynaseal.models import Beacon, Encrypted, PartitionKey, encrypted, table_config

KEYRING = RawAesKeyring("payroll", "2026", bytes(32))


@dataclass
class Person:
    name: Annotated[str, PartitionKey()]
    salary: Annotated[int, Encrypted(), Beacon(8)]


class Account(Model):
    owner = UnicodeAttribute(hash_key=True)
    balance = encrypted(NumberAttribute())


assert_type(Person("ann", 9100).salary, int)
assert_type(encrypted(NumberAttribute()), NumberAttribute)
assert_type(Account.balance, NumberAttribute)
assert_type(table_config(Person, keyring=KEYRING, logical_table_name="people"), TableConfig)
table_config(Account, keyring=KEYRING, update_mode=UpdateMode.READ_MODIFY_WRITE)
table_config(Account, keyring="key")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
table_config(Account, partition_key="key")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
