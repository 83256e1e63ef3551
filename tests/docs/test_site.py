"""The site that `make docs` builds.

Every page and every public name is there, every link leads somewhere, and nothing comes from another host.
"""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from runpy import run_path
from types import ModuleType
from urllib.parse import unquote, urlsplit

import markdown
import pytest
import yaml
from markdown_it import MarkdownIt

from docs.pages import ROOT, Page, all_pages

_MODULES = (
    "dynaseal",
    "dynaseal.aio",
    "dynaseal.legacy",
    "dynaseal.migrate",
    "dynaseal.migrate.bulk_executor",
    "dynaseal.migrate.lambda_handlers",
    "dynaseal.models",
    "dynaseal.otel",
    "dynaseal.spark",
    "dynaseal.testing",
    "dynaseal_lab.client",
    "dynaseal_lab.server",
    "dynaseal_lab.testing",
)
# What a browser loads without being asked; links are followed only by a reader's click.
_LOADING = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src")}


class BuiltPage(HTMLParser):
    """One HTML file: its anchors, what it loads, its links, and those of its navigation."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.navigation: list[str] = []
        self._open_navigation = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.anchors += [values["id"]] if "id" in values else []
        self.loaded += [value for name, value in values.items() if (tag, name) in _LOADING]
        if tag == "nav":
            self._open_navigation = values.get("id") == "pages"
        if tag == "a":
            (self.navigation if self._open_navigation else self.links).append(values["href"])


@pytest.fixture(scope="module")
def built(site: Path) -> Mapping[str, BuiltPage]:
    """Every page by its address."""
    return {_address(site, path): BuiltPage(path) for path in sorted(site.rglob("*.html"))}


def test_nothing_is_loaded_from_another_host(site: Path, built: Mapping[str, BuiltPage]) -> None:
    loaded = {address: [url for url in page.loaded if _is_elsewhere(url)] for address, page in built.items()}
    assert {address: urls for address, urls in loaded.items() if urls} == {}
    for path in site.rglob("*.css"):
        assert re.findall(r"@import|https?:", path.read_text(encoding="utf-8")) == [], path


def test_every_page_of_the_documentation_is_in_the_navigation_once(built: Mapping[str, BuiltPage]) -> None:
    linked = Counter(link for link in built[""].navigation if not link.startswith("#"))
    assert {link for link, times in linked.items() if times > 1} == set()
    pages = {_page_address(path) for path in (ROOT / "docs").rglob("*.md")}
    assert {address or "." for address in pages} <= {link.removeprefix("./") or "." for link in linked}


def test_a_link_to_the_projects_readme_leaves_the_first_page_as_it_is(site: Path) -> None:
    title = {name: _title(site / name) for name in ("index.html", "project/index.html")}
    assert title == {"index.html": "Documentation", "project/index.html": "dynaseal"}


def test_two_files_for_one_place_on_the_site_are_refused() -> None:
    staging = run_path(str(ROOT / "docs" / "website" / "staging.py"))
    docs = ROOT / "docs"
    placed = staging["site_paths"]([ROOT / "README.md", docs / "README.md"])
    assert {*map(Path.as_posix, placed)} == {"README.md", "project/README.md"}
    with pytest.raises(ValueError, match=r"would both be project/README\.md on the site"):
        staging["site_paths"]([ROOT / "README.md", docs / "project" / "README.md"])


def test_every_built_page_is_in_the_navigation(built: Mapping[str, BuiltPage]) -> None:
    linked = {_resolved("", link) for link in built[""].navigation}
    assert set(built) - linked == {"404.html", "search.html"}


def test_every_link_leads_to_a_page_and_an_anchor(site: Path, built: Mapping[str, BuiltPage]) -> None:
    broken = [
        f"{address}: {link}"
        for address, page in built.items()
        for link in [*page.links, *page.navigation, *page.loaded]
        if address != "404.html" and not _is_elsewhere(link) and not _exists(site, built, address, link)
    ]
    assert broken == []


def test_every_package_that_says_what_is_public_has_a_page() -> None:
    packages = {
        ".".join(path.parent.relative_to(ROOT / "src").parts)
        for path in (ROOT / "src" / "dynaseal").glob("**/__init__.py")
        if "\n__all__ = " in path.read_text(encoding="utf-8") and "legacy" not in path.parent.parts[:-1]
    }
    internal = {"dynaseal.expressions"}  # what the packages above it may use
    assert packages - internal <= {*_MODULES}


@pytest.mark.parametrize("module", _MODULES)
def test_every_public_name_has_an_entry_with_an_anchor(built: Mapping[str, BuiltPage], module: str) -> None:
    names = _public_names(import_module(module))
    anchors = built[f"api/{module}/"].anchors
    assert names
    assert [name for name in names if anchors.count(name.strip("_")) != 1] == []


@pytest.mark.parametrize("module", _MODULES)
def test_every_public_name_is_described(site: Path, module: str) -> None:
    page = (site / "api" / module / "index.html").read_text(encoding="utf-8")
    rows = re.findall(r"<tr>\n<td>(.*?)</td>\n<td>(.*?)</td>", page.partition("<h2 ")[0], re.DOTALL)
    assert rows
    assert [re.sub(r"<[^>]+>", "", name) for name, summary in rows if not summary] == []


def test_every_fixture_of_the_lab_has_an_entry(built: Mapping[str, BuiltPage]) -> None:
    fixtures = {"lab", "lab_env", "lab_key", "lab_table", "lab_user"}
    assert fixtures <= {*built["api/dynaseal_lab.pytest_plugin/"].anchors}


def test_an_entry_has_the_signature_the_arguments_and_the_errors(site: Path) -> None:
    page = (site / "api" / "dynaseal" / "index.html").read_text(encoding="utf-8")
    entry = page.partition('id="TableConfig"')[2].partition("<h2 ")[0]
    shown = re.sub(r"<[^>]+>", "", entry)
    for part in ("class TableConfig(", "logical_table_name: str", "Arguments", "Raises", "Example"):
        assert part in shown
    assert 'href="#ConfigError"' in entry


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.name)
def test_a_page_has_the_same_parts_on_the_site_as_in_the_repository(page: Page) -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    names = [name for name in settings["markdown_extensions"] if isinstance(name, str)]
    on_the_site = markdown.markdown(page.text, extensions=["toc", "tables", "fenced_code", *names])
    in_the_repository = MarkdownIt("commonmark").enable("table").render(page.text)
    assert _parts(on_the_site) == _parts(in_the_repository)


def _public_names(module: ModuleType) -> set[str]:
    """Return the names in `__all__`, and the documented classes and functions that the module defines."""
    return {*getattr(module, "__all__", ())} | {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
        and inspect.isroutine(value) | inspect.isclass(value)
        and value.__doc__
    }


def _parts(html: str) -> Counter[str]:
    return Counter(re.findall(r"<(h[1-6]|li|tr|pre|code|em|strong|img|a)\b", html))


def _title(path: Path) -> str:
    """Return a page's first heading."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", path.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return re.sub(r"<a .*|<[^>]+>", "", found[1])


def _is_elsewhere(link: str) -> bool:
    return bool(urlsplit(link).netloc)


def _address(site: Path, path: Path) -> str:
    return path.relative_to(site).as_posix().removesuffix("index.html")


def _page_address(source: Path) -> str:
    """Return the address of a page of docs/."""
    path = source.relative_to(ROOT / "docs").as_posix().removesuffix(".md")
    return f"{path}/".removesuffix("README/")


def _resolved(address: str, link: str) -> str:
    """Return the address that a link of a page leads to, relative to the site."""
    parts: list[str] = []
    for part in [*address.split("/")[:-1], *unquote(urlsplit(link).path).split("/")]:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _exists(site: Path, built: Mapping[str, BuiltPage], address: str, link: str) -> bool:
    target = _resolved(address, link) if urlsplit(link).path else address
    page = built.get(target)
    if page is None:
        return (site / target).is_file()
    anchor = unquote(urlsplit(link).fragment)
    return not anchor or anchor in page.anchors
