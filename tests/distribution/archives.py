"""What an sdist and a wheel contain, and what is wrong with it."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

_NOT_PUBLISHED = re.compile(
    r"(^|/)(tests?|typing_tests|benchmarks|interop|native)/|(^|/)\.|__pycache__|\.pyc$"
)
"""Paths that belong to neither archive; a wheel's folder `dist-info` has none of them."""

_ALLOWED = frozenset({".gitignore"})
"""Hidden files that hatchling adds to every sdist, so that a build from it ignores the same files."""


def read_archive(path: Path) -> dict[str, bytes]:
    """Return the files of a wheel or an sdist by path; an sdist's outermost folder is left out."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist() if not name.endswith("/")}
    with tarfile.open(path) as sdist:
        files = (member for member in sdist.getmembers() if member.isfile())
        return {
            member.name.partition("/")[2]: extracted.read()
            for member in files
            if (extracted := sdist.extractfile(member)) is not None
        }


def package_files() -> Iterator[str]:
    """Yield the path in a wheel of every file of the two packages: modules, templates, `py.typed`."""
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path):
            yield path.relative_to(SOURCE).as_posix()


def required_in_wheel() -> frozenset[str]:
    """Return what a wheel must have apart from its metadata."""
    installed = "dynaseal_lab/stack/installed/"
    return frozenset(
        [*package_files(), f"{installed}demo.py", *(installed + name for name in _experiments())]
    )


def required_in_sdist() -> frozenset[str]:
    """Return what an sdist must have: all that a wheel is built from, and what a reader looks for."""
    others = ["demo.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "PKG-INFO"]
    return frozenset([*(f"src/{name}" for name in package_files()), *_experiments(), *others])


def _experiments() -> Iterator[str]:
    """Yield the scripts that `dynaseal demo --experiment` runs."""
    for path in sorted((ROOT / "examples").glob("*.py")):
        yield path.relative_to(ROOT).as_posix()


def find_problems(
    files: Mapping[str, bytes], required: frozenset[str], machine_paths: Sequence[str]
) -> Iterator[str]:
    """Yield a line for each required file that is missing and each file that must not be published."""
    for name in sorted(required - files.keys()):
        yield f"{name} is missing"
    for name, content in files.items():
        if _NOT_PUBLISHED.search(name) and name not in _ALLOWED:
            yield f"{name} must not be published"
        for path in machine_paths:
            if path.encode() in content:
                yield f"{name} contains the path {path} of this machine"
