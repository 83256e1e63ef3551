"""Gathers the site's pages in a folder, with links that work there.

In the repository, pages link to files anywhere in it. On the site, the pages of `docs/` are the root, and
other files that readers need are beside them.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PROJECT_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")

_SHOWN = {".md", ".png", ".svg"}
_CODE_LANGUAGES = {".py": "python", ".rs": "rust", ".sh": "sh", ".tf": "hcl"}
_FENCE = re.compile(r"^(```\S*[^\n]*\n.*?^```$)", re.MULTILINE | re.DOTALL)
_TARGET = re.compile(r"(\]\()([^)\s]+)(\))")


def stage(folder: Path) -> None:
    """Copy every page and picture to a folder, and the files that pages link to."""
    for path, source in site_paths(_with_linked_files(pages_and_pictures())).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(page(source), encoding="utf-8")
        elif source.suffix in _CODE_LANGUAGES:
            target.write_text(code_page(source), encoding="utf-8")
        else:
            shutil.copyfile(source, target)
    (folder / "decisions" / "README.md").write_text(decisions_page(), encoding="utf-8")


def pages_and_pictures() -> Iterator[Path]:
    """Yield the files of the repository that are on the site even if no page links to them."""
    yield from (path for path in DOCS.rglob("*") if path.suffix in _SHOWN)
    yield from (path for path in (ROOT / "terraform").rglob("README.md") if ".terraform" not in path.parts)
    yield from (ROOT / name for name in PROJECT_PAGES)


def site_paths(sources: Iterable[Path]) -> Mapping[Path, Path]:
    """Return each file by where it is on the site.

    Raises:
        ValueError: Two files would be at the same place: one of them would replace the other.
    """
    placed: dict[Path, Path] = {}
    for source in sorted(sources):
        path = site_path(source)
        first = placed.setdefault(path, source)
        if first != source:
            raise ValueError(
                f"{first} and {source} would both be {path.as_posix()} on the site. Rename one of them."
            )
    return placed


def site_path(source: Path) -> Path:
    """Return where a file of the repository is on the site, relative to its root."""
    if source.is_relative_to(DOCS):
        return source.relative_to(DOCS)
    path = source.relative_to(ROOT)
    if path.as_posix() in PROJECT_PAGES:
        return Path("project", path)
    if path.parts[0] == "terraform" and path.suffix == ".md":
        return path
    # Below a folder of its own, so that no linked file can take the place of a page of docs/.
    return Path("files", path.with_suffix(".md") if path.suffix in _CODE_LANGUAGES else path)


def page(source: Path) -> str:
    """Return a page's Markdown with its links as they are on the site; blocks of code stay."""
    parts = _FENCE.split(source.read_text(encoding="utf-8"))
    parts[::2] = [
        _TARGET.sub(lambda link: f"{link[1]}{_site_link(link[2], source)}{link[3]}", part)
        for part in parts[::2]
    ]
    return "".join(parts)


def _with_linked_files(sources: Iterable[Path]) -> set[Path]:
    """Return the files, and all that their pages link to, directly or through other pages."""
    found: set[Path] = set()
    new = {*sources}
    while new:
        found |= new
        pages = [source for source in new if source.suffix == ".md"]
        new = {target for source in pages for target in _linked_files(source)} - found
    return found


def _linked_files(source: Path) -> Iterator[Path]:
    """Yield the files of the repository that a page links to."""
    for part in _FENCE.split(source.read_text(encoding="utf-8"))[::2]:
        for _, link, _ in _TARGET.findall(part):
            target = _target(link, source)
            if target is not None and target.is_file():
                yield target


def _target(link: str, source: Path) -> Path | None:
    """Return the file that a link leads to; None if that is the page itself or another site."""
    name = link.partition("#")[0]
    if "://" in link or not name:
        return None
    target = (source.parent / name).resolve()
    return target / "README.md" if target.is_dir() else target


def _site_link(link: str, source: Path) -> str:
    target = _target(link, source)
    if target is None:
        return link
    relative = os.path.relpath(site_path(target), site_path(source).parent)
    return Path(relative).as_posix() + "".join(link.partition("#")[1:])


def code_page(source: Path) -> str:
    """Return a page that shows a script."""
    name = source.relative_to(ROOT).as_posix()
    return f"# `{name}`\n\n```{_CODE_LANGUAGES[source.suffix]}\n{source.read_text(encoding='utf-8')}```\n"


def decisions_page() -> str:
    """Return the list of all decisions, which in the repository is the folder itself."""
    rows = (
        f"- [{title(path.read_text(encoding='utf-8'))}]({path.name})"
        for path in sorted((DOCS / "decisions").glob("*.md"))
    )
    return "\n".join(
        ["# Decisions", "", "Lasting decisions of the project, with their reasons.", "", *rows, ""]
    )


def title(text: str) -> str:
    """Return a page's first heading."""
    return text.partition("\n")[0].removeprefix("# ")
