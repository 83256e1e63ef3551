"""Links between pages have existing targets."""

import pytest

from docs.pages import ROOT, Page, all_pages

_PAGES = all_pages()


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_relative_link_has_an_existing_file_and_heading(page: Page) -> None:
    broken = [link for link in page.links if "://" not in link and not _target_exists(page, link)]
    assert broken == []


def test_the_index_lists_every_page_of_the_documentation() -> None:
    index = Page(ROOT / "docs" / "README.md")
    listed = {(index.path.parent / link.partition("#")[0]).resolve() for link in index.links}
    wanted = {path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts}
    assert wanted - listed == {index.path}


def _target_exists(page: Page, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (page.path.parent / name).resolve() if name else page.path
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in Page(target).anchors
