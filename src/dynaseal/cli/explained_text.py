"""An explained item as a person reads it in a terminal."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from dynaseal.cli.output import printable, without_colors
from dynaseal.core.actions import CryptoAction
from dynaseal.inspection.byte_ranges import ByteRange
from dynaseal.inspection.item import ExplainedAttribute, ExplainedItem, Plaintext, Refusal
from dynaseal.inspection.values import show_bytes, show_value
from dynaseal.report import ItemFormat

_STYLES = {
    CryptoAction.ENCRYPT_AND_SIGN: "green",
    CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT: "cyan",
    CryptoAction.SIGN_ONLY: "cyan",
    CryptoAction.DO_NOTHING: "yellow",
}
_RANGE_STYLES = {
    "version": "magenta",
    "suite": "magenta",
    "message-id": "blue",
    "legend": "green",
    "context": "cyan",
    "wrapped-key": "yellow",
    "commitment": "red",
    "tag": "blue",
    "signature": "green",
    "unreadable": "bold red",
}
_MAX_SHOWN_CHARACTERS = 200
_MAX_SHOWN_BYTES = 34
_MIN_TABLE_WIDTH = 60
"""In a terminal with fewer columns, a table is printed as lists."""


def print_explained(name: str, explained: ExplainedItem, console: Console | None = None) -> None:
    """Print an explained item.

    Args:
        name: What the item is called: its table and key, or its file.
        explained: The item.
        console: Where to print; by default standard output.
    """
    console = console or Console(
        highlight=False, markup=False, emoji=False, color_system=None if without_colors() else "auto"
    )
    console.print(Text(printable(name), "bold"), soft_wrap=True)
    console.print(Text(_summary(explained)))
    _print_table(console, _attributes(explained))
    for title, ranges in _structures(explained):
        _print_table(console, _ranges(title, ranges))
    if explained.encryption_context:
        _print_table(console, _context(explained.encryption_context.items()))
    for line, style in _closing(explained):
        console.print(Text(line, style))


def _summary(explained: ExplainedItem) -> str:
    size = f"{explained.size} bytes"
    added = explained.report.bytes_added
    return f"{explained.title}; {size}{f', {added} of them for the format' if added else ''}"


def _print_table(console: Console, table: Table) -> None:
    """Print a table; on a narrow terminal, each row as a list, because columns would cut its words."""
    if console.width >= _MIN_TABLE_WIDTH:
        console.print(table)
        return
    if table.title is not None:
        console.print(table.title)
    names = [str(column.header) for column in table.columns]
    for row in zip(*(column.cells for column in table.columns), strict=True):
        for position, (name, cell) in enumerate(zip(names, row, strict=True)):
            text = cell if isinstance(cell, Text) else Text(str(cell))
            shown = text.plain.replace("\n", "; ")
            if shown:
                prefix = f"{name}: " if position == 0 else f"  {name}: "
                console.print(Text.assemble(prefix, (shown, text.style)))


def _attributes(explained: ExplainedItem) -> Table:
    table = Table(
        Column("attribute", overflow="fold"),
        Column("action"),
        Column("type"),
        Column("stored", overflow="fold"),
        Column("plaintext", overflow="fold"),
        expand=True,
    )
    is_encrypted = explained.report.format is not ItemFormat.PLAINTEXT
    for attribute in explained.attributes:
        action = attribute.action_in_words if is_encrypted else "not encrypted"
        style = _STYLES.get(attribute.action) if attribute.action else None
        table.add_row(
            Text(printable(attribute.name)),
            Text(action, style or ""),
            Text(printable(attribute.type or "?")),
            Text(_stored(attribute, explained)),
            Text(_plaintext(attribute, explained)),
        )
    return table


def _stored(attribute: ExplainedAttribute, explained: ExplainedItem) -> str:
    parts = attribute.ciphertext
    size = f"{attribute.stored_size} bytes"
    below = {"header": explained.header, "footer": explained.footer}.get(attribute.kind)
    if below:
        return f"see below; {size}"
    if parts is None:
        return f"{show_value(attribute.stored, _MAX_SHOWN_CHARACTERS)}\n{size}"
    return (
        f"type id {show_bytes(parts.type_id)}\n"
        f"ciphertext {show_bytes(parts.ciphertext, _MAX_SHOWN_BYTES)}\n"
        f"tag {show_bytes(parts.tag, _MAX_SHOWN_BYTES)}\n{size}"
    )


def _plaintext(attribute: ExplainedAttribute, explained: ExplainedItem) -> str:
    if attribute.plaintext is not None:
        if not attribute.is_encrypted and attribute.plaintext == attribute.stored:
            return "as stored"
        return f"{show_value(attribute.plaintext, _MAX_SHOWN_CHARACTERS)}\n{attribute.plaintext_size} bytes"
    if isinstance(explained.reading, Refusal) and attribute.kind in ("key", "attribute"):
        return "cannot be shown" if attribute.is_encrypted else "not verified"
    return ""


def _structures(explained: ExplainedItem) -> Iterator[tuple[str, tuple[ByteRange, ...]]]:
    is_legacy = explained.report.format is ItemFormat.ENCRYPTION_CLIENT
    if explained.header:
        yield ("Material description" if is_legacy else "Header"), explained.header
    if explained.footer:
        yield ("Signature" if is_legacy else "Footer"), explained.footer


def _ranges(title: str, ranges: tuple[ByteRange, ...]) -> Table:
    total = sum(len(each.data) for each in ranges)
    table = Table(
        Column("at", justify="right"),
        Column("field", overflow="fold"),
        Column("bytes", overflow="fold"),
        Column("meaning", overflow="fold"),
        title=f"{title}, {total} bytes",
        title_justify="left",
        expand=True,
    )
    for each in ranges:
        style = _RANGE_STYLES.get(each.kind, "")
        shown = show_bytes(each.data, _MAX_SHOWN_BYTES).removeprefix("0x")
        table.add_row(
            str(each.offset), Text(printable(each.field), style), Text(shown, style), Text(each.meaning)
        )
    return table


def _context(entries: Iterable[tuple[str, str]]) -> Table:
    table = Table(
        Column("name", overflow="fold"),
        Column("value", overflow="fold"),
        title="Encryption context, as KMS gets it",
        title_justify="left",
        expand=True,
    )
    for name, value in sorted(entries):
        table.add_row(Text(printable(name)), Text(printable(value[:_MAX_SHOWN_CHARACTERS])))
    return table


def _closing(explained: ExplainedItem) -> Iterator[tuple[str, str]]:
    for damage in explained.report.damage:
        yield printable(f"Damage: {damage}"), "bold red"
    reading = explained.reading
    if isinstance(reading, Plaintext):
        if explained.report.format is not ItemFormat.PLAINTEXT:
            yield "Verified: the item is as its writer wrote it.", "green"
        return
    yield printable(f"Not decrypted: {reading.message.removesuffix('.')}."), "bold yellow"
    if reading.hint:
        yield printable(f"Hint: {reading.hint.removesuffix('.')}."), ""
