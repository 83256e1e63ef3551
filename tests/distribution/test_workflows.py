"""The workflows run only pinned actions, with no more permissions than needed, and what they run exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import NOT_ON_WINDOWS
from distribution.archives import ROOT

_WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_USES = re.compile(r"^ *- uses: (.+)$|^ *uses: (.+)$", re.MULTILINE)
_PINNED = re.compile(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)")
_WRITING = {
    ("docs.yml", "pages"),
    ("docs.yml", "id-token"),
    ("release.yml", "id-token"),
    ("release.yml", "attestations"),
    ("release.yml", "contents"),
}


def _uses(workflow: str) -> list[str]:
    return [first or second for first, second in _USES.findall(workflow)]


def _jobs(workflow: str) -> list[str]:
    """Return each job's lines."""
    return re.split(r"^  (?=[a-z-]+:$)", workflow.partition("\njobs:\n")[2], flags=re.MULTILINE)[1:]


@pytest.fixture(params=_WORKFLOWS, ids=lambda path: path.name)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def workflow(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_action_is_pinned_by_commit_with_its_version(workflow: str) -> None:
    assert [action for action in _uses(workflow) if not _PINNED.fullmatch(action)] == []


def test_an_action_has_the_same_commit_everywhere() -> None:
    commits: dict[str, set[str]] = {}
    for path in _WORKFLOWS:
        for action, commit, version in _PINNED.findall(path.read_text(encoding="utf-8")):
            commits.setdefault(action, set()).add(f"{commit} {version}")
    assert [action for action, pins in commits.items() if len(pins) > 1] == []


def test_a_workflow_has_no_permissions_and_each_job_its_own(path: Path, workflow: str) -> None:
    assert "\npermissions: {}\n" in workflow
    assert _jobs(workflow)
    for job in _jobs(workflow):
        assert "\n    permissions:\n" in job, job
        assert "\n    timeout-minutes: " in job, job
    assert {
        (path.name, name) for name in re.findall(r"^ +([a-z-]+): write", workflow, re.MULTILINE)
    } <= _WRITING


def test_a_checkout_leaves_no_credentials(workflow: str) -> None:
    checkouts = workflow.split("uses: actions/checkout@")[1:]
    for step in checkouts:
        assert "persist-credentials: false" in step.split("- ")[0], step[:200]


def test_a_job_that_may_publish_checks_nothing_out() -> None:
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    publishing = [job for job in _jobs(release) if ": write" in job]
    assert len(publishing) == 3
    for job in publishing:
        assert "actions/checkout" not in job


def test_a_job_that_may_write_runs_nothing_of_this_repository(workflow: str) -> None:
    for job in _jobs(workflow):
        assert ": write" not in job or "actions/checkout" not in job, job


def test_every_target_of_make_that_a_workflow_names_exists(workflow: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        target
        for line in re.findall(r"run: make (.+)$", workflow, re.MULTILINE)
        for target in line.split()
        if "=" not in target
    }
    assert named <= targets


def test_every_python_that_the_package_names_is_tested() -> None:
    classified = re.findall(
        r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text("utf-8")
    )
    matrix = re.search(r"python: \[(.+)\]", (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert matrix is not None
    assert re.findall(r'"(.+?)"', matrix[1]) == classified


def test_what_is_left_out_on_windows_exists() -> None:
    assert [name for name in NOT_ON_WINDOWS if not (ROOT / "tests" / name).exists()] == []


@pytest.mark.skipif(
    shutil.which("actionlint") is None, reason="no actionlint; `make workflows` runs it by Go"
)
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
