"""The figure of the item format shows a real item, and describes its bytes as `dynaseal inspect` does."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from docs.pages import ROOT
from dynaseal import AttributeActions, CryptoAction, ItemEncryptor, RawAesKeyring, TableConfig
from dynaseal.inspection.byte_ranges import footer_ranges, header_ranges

_PICTURE = ElementTree.parse(ROOT / "docs" / "pictures" / "item-format.svg").getroot()
_SVG = "{http://www.w3.org/2000/svg}"


def _shown(part: str, kind: str) -> list[str]:
    """Return the strings of one kind in a part of the figure."""
    found = _PICTURE.find(f"{_SVG}g[@data-part='{part}']")
    assert found is not None
    return [element.text or "" for element in found.iter(f"{_SVG}text") if element.get("class") == kind]


def _bytes(part: str) -> bytes:
    return bytes.fromhex("".join(_shown(part, "bytes")))


def test_the_item_of_the_figure_decrypts_to_the_pages_example() -> None:
    config = TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, {"salary": CryptoAction.ENCRYPT_AND_SIGN}),
        keyring=RawAesKeyring("payroll", "2026", bytes(32)),
    )
    signed = {"pk": {"S": "ann"}, "city": {"S": "Bern"}}
    binary = {name: {"B": _bytes(name)} for name in ("salary", "aws_dbe_head", "aws_dbe_foot")}
    assert ItemEncryptor(config).decrypt_item(signed | binary) == {**signed, "salary": {"N": "9100"}}


@pytest.mark.parametrize("part", ["aws_dbe_head", "aws_dbe_foot"])
def test_the_figure_names_and_explains_every_field(part: str) -> None:
    data = _bytes(part)
    ranges = header_ranges(data) if part == "aws_dbe_head" else footer_ranges(data, 1)
    names = [re.sub(r" \(\d+ bytes?\)$", "", name) for name in _shown(part, "field")]
    assert names == [each.field for each in ranges]
    assert " ".join(_shown(part, "meaning")) == " ".join(each.meaning for each in ranges)


def test_the_figure_is_readable_in_dark_and_loads_nothing() -> None:
    text = (ROOT / "docs" / "pictures" / "item-format.svg").read_text(encoding="utf-8")
    assert "prefers-color-scheme:dark" in text
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import", text) == []
