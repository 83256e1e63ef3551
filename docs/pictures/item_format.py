"""Draws the bytes of a real encrypted item, field by field: the figure of docs/reference/item-format.md."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from dynaseal import AttributeActions, CryptoAction, ItemEncryptor, RawAesKeyring, TableConfig
from dynaseal.inspection.byte_ranges import ByteRange, footer_ranges, header_ranges

ITEM = {"pk": {"S": "ann"}, "city": {"S": "Bern"}, "salary": {"N": "9100"}}
CONFIG = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, {"salary": CryptoAction.ENCRYPT_AND_SIGN}),
    keyring=RawAesKeyring("payroll", "2026", bytes(32)),
)
"""The item and the configuration of the page's example."""

_WIDTH = 520
_LEFT = 56
_PER_ROW = 16
_BYTE = 28
_ROW = 20
_LINE = 17
_CHARACTERS_PER_LINE = 68
_TYPE_LENGTH, _TAG_LENGTH = 2, 16
# By kind of field: the colour of its bytes in light and in dark.
_TINTS: Mapping[str, tuple[str, str]] = {
    "version": ("#f3d9fa", "#4a2459"),
    "suite": ("#ffe3e3", "#5f1d1d"),
    "message-id": ("#d0ebff", "#123f66"),
    "legend": ("#d3f9d8", "#1c4a28"),
    "context": ("#fff3bf", "#544307"),
    "wrapped-key": ("#c5f6fa", "#0d4650"),
    "commitment": ("#ffe8cc", "#5c3a12"),
    "tag": ("#d0ebff", "#123f66"),
    "signature": ("#f3d9fa", "#4a2459"),
    "type": ("#d3f9d8", "#1c4a28"),
    "ciphertext": ("#fff3bf", "#544307"),
}


def item_format_figure() -> str:
    """Return the figure as SVG, of an item that is encrypted now."""
    stored = ItemEncryptor(CONFIG).encrypt_item(ITEM)
    head, foot, salary = (stored[name]["B"] for name in ("aws_dbe_head", "aws_dbe_foot", "salary"))
    drawing = _Drawing()
    drawing.part("aws_dbe_head, the header", header_ranges(head))
    drawing.part("aws_dbe_foot, the footer", footer_ranges(foot, 1))
    drawing.part("salary, an encrypted attribute", _attribute_ranges(salary))
    return drawing.svg()


def _attribute_ranges(data: bytes) -> Sequence[ByteRange]:
    end = len(data) - _TAG_LENGTH
    fields = (
        ("type", 0, _TYPE_LENGTH, "a number"),
        (
            "ciphertext",
            _TYPE_LENGTH,
            end,
            "the value, encrypted with AES-256-GCM under a key of this attribute",
        ),
        (
            "tag",
            end,
            len(data),
            "AES-256-GCM's tag: the ciphertext, the attribute's name and the header belong together",
        ),
    )
    return [
        ByteRange(field=field, offset=first, data=data[first:last], meaning=meaning, kind=field)
        for field, first, last, meaning in fields
    ]


class _Drawing:
    """Parts one below the other."""

    def __init__(self) -> None:
        self._elements: list[str] = []
        self._y = 8

    def part(self, title: str, ranges: Sequence[ByteRange]) -> None:
        """Draw one attribute of the item."""
        size = sum(len(each.data) for each in ranges)
        self._y += 30
        self._text(f"{title}: {size} bytes", "title")
        self._elements.append(f'<g data-part="{title.partition(",")[0]}">')
        for each in ranges:
            self._field(each)
        self._elements.append("</g>")

    def svg(self) -> str:
        """Return the whole picture."""
        height = self._y + 16
        size = f'width="{_WIDTH}" height="{height}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {size} role="img">',
                "<title>The bytes of an encrypted item, field by field</title>",
                f"<style>{''.join(_style())}</style>",
                f'<rect class="page" {size}/>',
                *self._elements,
                "</svg>\n",
            ]
        )

    def _field(self, each: ByteRange) -> None:
        self._y += 26
        count = f"{len(each.data)} byte{'s' if len(each.data) > 1 else ''}"
        self._text(f"{each.field} ({count})", "field")
        for line in textwrap.wrap(each.meaning, _CHARACTERS_PER_LINE):
            self._y += _LINE
            self._text(line, "meaning")
        self._y += 6
        for first in range(0, len(each.data), _PER_ROW):
            self._row(each, first)

    def _row(self, each: ByteRange, first: int) -> None:
        row = each.data[first : first + _PER_ROW]
        place = f'x="{_LEFT}" y="{self._y}" width="{len(row) * _BYTE}" height="{_ROW - 1}"'
        self._elements.append(f'<rect class="{each.kind}" {place}/>')
        self._y += _ROW
        self._text(str(each.offset + first), "offset", y=self._y - 6)
        self._text(row.hex(" "), "bytes", x=_LEFT + 5, y=self._y - 6, length=len(row) * _BYTE - 10)

    def _text(
        self, text: str, kind: str, *, x: int = 12, y: int | None = None, length: int | None = None
    ) -> None:
        # A browser without the font's widths would put the bytes beside their rectangles.
        exact = f' textLength="{length}"' if length else ""
        self._elements.append(f'<text class="{kind}" x="{x}" y="{y or self._y}"{exact}>{escape(text)}</text>')


def _style() -> Iterator[str]:
    yield "text{font:12px ui-monospace,Menlo,Consolas,'Liberation Mono',monospace;fill:#1b1b1f}"
    yield ".title{font-weight:bold;font-size:16px}.field{font-weight:bold;font-size:13px}"
    yield ".meaning,.offset{fill:#55555f}.page{fill:#fff}"
    yield from (f".{kind}{{fill:{light}}}" for kind, (light, _) in _TINTS.items())
    yield "@media(prefers-color-scheme:dark){text{fill:#f1f3f5}"
    yield ".meaning,.offset{fill:#b0b0ba}.page{fill:#16171b}"
    yield from (f".{kind}{{fill:{dark}}}" for kind, (_, dark) in _TINTS.items())
    yield "}"
