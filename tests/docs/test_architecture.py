"""The architecture page names the packages, the modules and the folders of tests that exist."""

import re
from pathlib import Path

from docs.pages import ROOT, Page

_PAGE = Page(ROOT / "docs" / "architecture.md")


def test_every_package_of_the_library_is_in_its_table() -> None:
    listed = set(_names_in("The library"))
    package = ROOT / "src" / "dynaseal"
    assert [name for name in listed if not _exists(package / name)] == []
    present = {
        path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert present - {name.partition("/")[0] for name in listed} == {"__init__"}


def test_every_package_in_the_labs_table_exists() -> None:
    assert [name for name in _names_in("The lab") if not _exists(ROOT / "src" / "dynaseal_lab" / name)] == []


def test_every_folder_of_tests_is_in_the_table() -> None:
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("**/*.py"))
    }
    assert {name.partition("/")[0] for name in _names_in("The tests")} == folders


def _names_in(heading: str) -> list[str]:
    """Return the names in the first column of a section's table."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", _PAGE.text, re.MULTILINE | re.DOTALL)
    assert section is not None
    cells = re.findall(r"^\| ([^|]*`[^|]*)\|", section[1], re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([\w/]+)`", cell)]


def _exists(path: Path) -> bool:
    return path.is_dir() or path.with_suffix(".py").exists()
