"""Labs on a state folder: in this process, and as programs that a test may kill."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from dynaseal_lab.assembly import EngineName, LabOptions
from dynaseal_lab.server import running
from dynaseal_lab.testing import LabAccount
from lab.program import ACCOUNT, REGION, SECRET, LabProgram, lab_program


def program(state: Path, *arguments: str) -> AbstractContextManager[LabProgram]:
    """Run `dynaseal lab serve` on a state folder."""
    return lab_program("--state", str(state), "--root-secret", SECRET, *arguments)


@contextmanager
def started(state: Path, engine: EngineName = "in-process") -> Iterator[LabAccount]:
    """Run a lab on a state folder in this process; what is yielded is one of its accounts."""
    with running(options=LabOptions(state=state, engine=engine)) as lab:
        yield LabAccount(ACCOUNT, lab, REGION)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The path of a state folder that does not exist yet."""
    return tmp_path / "state"
