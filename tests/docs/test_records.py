"""The changelog and the decisions: versions and numbers are complete."""

import re
import tomllib

from docs.pages import ROOT

_DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def test_the_changelog_has_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(version)}\b", changelog, re.MULTILINE)


def test_the_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in _DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_heading_of_each_decision_has_its_number() -> None:
    for path in _DECISIONS:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert re.match(rf"# 0*{int(path.name[:4])}\b", first), path.name
