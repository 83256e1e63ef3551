"""The check of what is published finds what is missing and what does not belong there."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from distribution.archives import find_problems, read_archive, required_in_sdist, required_in_wheel

_COMPLETE = dict.fromkeys(required_in_wheel(), b"")


def test_a_wheel_needs_types_templates_static_files_and_the_demonstration() -> None:
    assert {
        "dynaseal/py.typed",
        "dynaseal_lab/py.typed",
        "dynaseal/inspector/templates/item.html",
        "dynaseal/inspector/static/inspector.css",
        "dynaseal_lab/stack/installed/demo.py",
    } <= required_in_wheel()


def test_an_sdist_has_what_a_wheel_is_built_from() -> None:
    assert {"src/dynaseal/py.typed", "demo.py", "pyproject.toml"} <= required_in_sdist()


def test_a_complete_wheel_has_no_problems() -> None:
    files = {**_COMPLETE, "dynaseal-1.0.dist-info/METADATA": b"Name: dynaseal"}
    assert not list(find_problems(files, required_in_wheel(), ["/home/someone/"]))


def test_a_missing_file_is_found() -> None:
    files = {name: b"" for name in _COMPLETE if name != "dynaseal/py.typed"}
    assert list(find_problems(files, required_in_wheel(), [])) == ["dynaseal/py.typed is missing"]


@pytest.mark.parametrize(
    "name",
    ["tests/core/test_errors.py", "dynaseal/__pycache__/errors.pyc", ".env", "native/lab-engine/src/lib.rs"],
)
def test_a_file_that_does_not_belong_there_is_found(name: str) -> None:
    problems = list(find_problems({**_COMPLETE, name: b""}, required_in_wheel(), []))
    assert problems == [f"{name} must not be published"]


def test_the_path_of_the_machine_is_found() -> None:
    files = {**_COMPLETE, "dynaseal/py.typed": b"/home/someone/dynaseal"}
    (problem,) = find_problems(files, required_in_wheel(), ["/home/someone/"])
    assert problem == "dynaseal/py.typed contains the path /home/someone/ of this machine"


def test_archives_are_read_without_the_folder_of_an_sdist(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("dynaseal/py.typed", "")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as sdist:
        member = tarfile.TarInfo("dynaseal-1.0/demo.py")
        member.size = 4
        sdist.addfile(member, io.BytesIO(b"demo"))
    assert read_archive(tmp_path / "a.whl") == {"dynaseal/py.typed": b""}
    assert read_archive(tmp_path / "a.tar.gz") == {"demo.py": b"demo"}
