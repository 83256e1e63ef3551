"""`.env` never loses a line: both of its writers change only their own variables, and where they stand."""

import os
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, example, given, settings

from dynaseal_lab.stack.dotenv import change_file, changed, value_of
from dynaseal_lab.stack.environment import endpoint_in, remove_endpoint
from support.dotenv_files import NEW_VALUES, OWN, DotenvFile, Entry, dotenv_files

SCRIPT = Path(__file__).parents[2] / "terraform" / "dotenv.sh"
Change = Callable[[Path, Mapping[str, str | None]], None]


def by_terraform(path: Path, variables: Mapping[str, str | None], **environment: str) -> None:
    """Change a file as `terraform apply` does."""
    changes = "\n".join(name if value is None else f"{name}={value}" for name, value in variables.items())
    settings = {"DOTENV_PATH": str(path), "DOTENV_CHANGES": changes, **environment}
    command = ["/bin/sh", "-euc", SCRIPT.read_text()]
    completed = subprocess.run(
        command, env=os.environ | settings, capture_output=True, text=True, check=False
    )
    if completed.returncode:
        raise OSError(completed.stderr)


both = pytest.mark.parametrize("change", [change_file, by_terraform], ids=["python", "terraform"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is; it does not exist yet."""
    return tmp_path / "folder with spaces" / ".env"


@pytest.fixture(autouse=True)
def _folder(path: Path) -> None:
    path.parent.mkdir()


@given(file=dotenv_files)
@settings(max_examples=500)
def test_only_the_variables_themselves_change_and_where_they_stand(file: DotenvFile) -> None:
    assert changed(file.content, NEW_VALUES) == file.expected(NEW_VALUES)


@given(file=dotenv_files)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(file=DotenvFile((Entry("AWS_REGION", "export AWS_REGION='", "x", "' # y"),), "\r\n", False))
def test_terraforms_writer_does_the_same(file: DotenvFile, path: Path) -> None:
    path.write_bytes(file.content)
    by_terraform(path, NEW_VALUES)
    assert path.read_bytes() == file.expected(NEW_VALUES)


@given(file=dotenv_files)
def test_a_second_change_to_the_same_values_changes_nothing(file: DotenvFile) -> None:
    once = changed(file.content, NEW_VALUES)
    assert changed(once, NEW_VALUES) == once


@given(file=dotenv_files)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_new_values_are_the_ones_that_programs_read(file: DotenvFile, path: Path) -> None:
    new = changed(file.content, NEW_VALUES)
    assert {name: value_of(new, name) for name in OWN} == NEW_VALUES
    if not any(entry.text.startswith("UNCLOSED") for entry in file.entries):
        path.write_bytes(new)
        assert {name: dotenv_values(path)[name] for name in OWN} == NEW_VALUES


@given(file=dotenv_files)
def test_removing_the_variables_leaves_every_other_line(file: DotenvFile) -> None:
    others = DotenvFile(tuple(e for e in file.entries if e.own is None), file.ending, file.ends_with_newline)
    left = changed(file.content, dict.fromkeys(OWN))
    assert left.rstrip(b"\r\n") == others.content.rstrip(b"\r\n")


@both
@pytest.mark.parametrize("content", [b"LATIN=\xe9\xff\nA=1", b"\xef\xbb\xbfA=1\n", b"A=\x1b[31m\x7f\x01\n"])
def test_bytes_of_any_encoding_stay(change: Change, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    change(path, {"AWS_REGION": "eu-west-1"})
    assert path.read_bytes() == content.rstrip(b"\n") + b"\nAWS_REGION=eu-west-1\n"


@both
@pytest.mark.parametrize(
    ("old", "new"), [(0o600, 0o600), (0o644, 0o600), (0o777, 0o600), (0o400, 0o400), (0o440, 0o400)]
)
def test_the_mode_is_kept_or_tightened(change: Change, path: Path, old: int, new: int) -> None:
    path.write_bytes(b"A=1\n")
    path.chmod(old)
    change(path, {"AWS_REGION": "x"})
    assert stat.S_IMODE(path.stat().st_mode) == new
    assert list(path.parent.iterdir()) == [path]


@both
def test_a_new_file_is_private(change: Change, path: Path) -> None:
    previous = os.umask(0)
    try:
        change(path, NEW_VALUES | {"FULL_USER_NAME": None})
    finally:
        os.umask(previous)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert dotenv_values(path) == NEW_VALUES


@both
@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_symbolic_link_stays_and_its_file_is_changed(
    change: Change, path: Path, exists: bool, absolute: bool
) -> None:
    shared = path.parent / "shared.env"
    if exists:
        shared.write_bytes(b"A=1\n")
    (path.parent / "between").symlink_to(shared if absolute else shared.name)
    path.symlink_to("between")
    change(path, {"AWS_REGION": "x"})
    assert path.is_symlink()
    assert shared.read_bytes() == (b"A=1\n" if exists else b"") + b"AWS_REGION=x\n"


@both
def test_a_folder_in_its_place_is_an_error_and_stays(change: Change, path: Path) -> None:
    path.mkdir()
    with pytest.raises(OSError, match=r"\.env"):
        change(path, {"AWS_REGION": "x"})
    assert list(path.parent.iterdir()) == [path]


@both
def test_a_loop_of_links_is_an_error(change: Change, path: Path) -> None:
    path.symlink_to(path.name)
    with pytest.raises(OSError, match=r"."):
        change(path, {"AWS_REGION": "x"})


@pytest.mark.parametrize(
    ("content", "left"),
    [
        (b"AWS_REGION=x\nDEMO_TABLE_NAME=y\n", None),
        (b"A=1\nAWS_REGION=x\nDEMO_TABLE_NAME=y\n", b"A=1\nAWS_REGION=x\n"),
        (b"# mine\nDEMO_TABLE_NAME=y\n", b"# mine\n"),
        (None, None),
    ],
)
def test_destroying_the_stack_removes_its_lines_and_a_file_with_nothing_else(
    path: Path, content: bytes | None, left: bytes | None
) -> None:
    if content is not None:
        path.write_bytes(content)
    by_terraform(path, {"DEMO_TABLE_NAME": None}, DOTENV_REMOVE="1")
    assert (path.read_bytes() if path.exists() else None) == left
    assert list(path.parent.iterdir()) == ([] if left is None else [path])


LAB = "http://127.0.0.1:8765"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"A=1\n", b"A=1\n"),
        (b"AWS_ENDPOINT_URL=https://aws.example\nA=1\n", b"AWS_ENDPOINT_URL=https://aws.example\nA=1\n"),
        (b"AWS_ENDPOINT_URL=http://127.0.0.1:1\nA=1\n", b"A=1\n"),
        (b"AWS_ENDPOINT_URL=http://[::1\n", b"AWS_ENDPOINT_URL=http://[::1\n"),
    ],
    ids=["none", "another", "of a lab that was killed", "malformed"],
)
def test_the_endpoint_of_a_stopped_lab_does_not_stay(path: Path, before: bytes, after: bytes) -> None:
    path.write_bytes(before)
    previous = endpoint_in(path)
    change_file(path, {"AWS_ENDPOINT_URL": LAB})
    assert endpoint_in(path) == LAB
    remove_endpoint(path, LAB, previous)
    assert path.read_bytes() == after


def test_an_endpoint_that_was_set_in_the_meantime_stays(path: Path) -> None:
    path.write_bytes(b"AWS_ENDPOINT_URL=http://127.0.0.1:4566\n")
    remove_endpoint(path, LAB, None)
    assert endpoint_in(path) == "http://127.0.0.1:4566"
