"""`dynaseal inspect`: one stored item explained, beside its plaintext where keys allow."""

import json
from dataclasses import dataclass
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.boto.discovered_config import discovered_config
from dynaseal.boto.keys.clients import Clients
from dynaseal.boto.table_facts import find_table_facts
from dynaseal.cli.configurations import config_reference
from dynaseal.cli.explained_text import print_explained
from dynaseal.cli.main import FailedError
from dynaseal.cli.stored_items import STDIN, read_stored_item
from dynaseal.config import TableConfig
from dynaseal.encryptor import ItemEncryptor
from dynaseal.inspection.item import ExplainedItem, describe_key_attributes, explain_item, read_item
from dynaseal.inspection.tables import KeyInputError, get_item, parse_key


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A stored item, how to read it, and what to call it."""

    item: dict[str, Any]
    config: TableConfig | None
    name: str


@click.command(epilog="Example: dynaseal inspect customers pk=customer#1 sk=profile")
@click.argument("table_name", metavar="TABLE|-", required=False)
@click.argument("key", nargs=-1)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False),
    help="A file with one item in DynamoDB JSON, instead of TABLE and KEY.",
)
@click.option(
    "--config",
    type=config_reference,
    metavar="MODULE:NAME",
    help="The table's configuration: a TableConfig in a module or a file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(
    *,
    table_name: str | None,
    key: tuple[str, ...],
    path: str | None,
    config: TableConfig | None,
    as_json: bool,
) -> None:
    """Explain one stored item: each attribute, the header byte by byte, and its plaintext where keys allow.

    KEY is NAME=VALUE for each key attribute of TABLE; binary is written as base64, or in hexadecimal after
    0x. With --file, or with - for standard input, the item is read as DynamoDB JSON: {"Item": {"pk": {"S":
    "x"}}}.

    An item of a TABLE is read with --config or, without it, with the KMS keys of the table's account that the
    item names. Where a key is missing or refused, the item is shown all the same, with the reason. Nothing is
    written.

    Exit code: 0 the item is shown, 1 there is no such item, 2 wrong usage.
    """
    found = _find(table_name, key, path, config)
    explained = _explain(found)
    if as_json:
        click.echo(json.dumps({"item": found.name, **explained.to_dict()}, indent=2))
    else:
        print_explained(found.name, explained)


def _find(
    table_name: str | None, key: tuple[str, ...], path: str | None, config: TableConfig | None
) -> _Found:
    source = STDIN if table_name == STDIN else path
    if source is not None:
        if key or (path is not None and table_name is not None):
            raise click.UsageError("An item is read from TABLE by KEY, from --file, or from -: give only one")
        name = "standard input" if source == STDIN else source
        return _Found(item=read_stored_item(source), config=config, name=name)
    if table_name is None:
        raise click.UsageError("Give TABLE and KEY, --file FILE, or - for standard input")
    client = Clients("dynamodb")()
    facts = find_table_facts(client, table_name, config)
    config = config or discovered_config(facts)
    try:
        wire_key = parse_key(facts, key)
    except KeyInputError as error:
        raise click.UsageError(str(error)) from None
    search = ItemEncryptor(config).search
    if search is not None:
        wire_key = dict(search.key_with_surrogate_keys("GetItem", wire_key))
    item = get_item(client, facts, wire_key)
    name = f"{facts.name}  {describe_key_attributes(wire_key, tuple(wire_key))}"
    if item is None:
        raise FailedError(f"{name}: there is no such item", "Check the key; it is case-sensitive.")
    return _Found(item=item, config=config, name=name)


def _explain(found: _Found) -> ExplainedItem:
    if found.config is None:
        return explain_item(found.item)
    encryptor = ItemEncryptor(found.config)
    reading = read_item(found.item, encryptor.decrypt_item, (BotoCoreError, ClientError))
    return explain_item(found.item, found.config, reading)
