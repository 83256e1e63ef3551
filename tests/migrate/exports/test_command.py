"""`dynaseal transform`, run as a user runs it."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any

import pytest

from dynaseal import from_stream_image
from support.exports import NEW, export, line, person, write_tables
from support.process_groups import has_ended

TESTS = Path(__file__).parents[2]
COMMAND = [str(Path(sys.executable).with_name("dynaseal")), "transform"]
KEYS = ["--from", "tables.py:old", "--to", "tables.py:new"]
PEOPLE = [person(number) for number in range(2000)]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TESTS)}


@pytest.fixture(scope="module")
def people() -> bytes:
    """A file large enough for several chunks."""
    return export(PEOPLE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(data: bytes, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [*COMMAND, *arguments], input=data, capture_output=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def decrypted(lines: bytes) -> list[dict[str, Any]]:
    return [NEW.decrypt_item(from_stream_image(json.loads(each)["Item"])) for each in lines.splitlines()]


def report(stderr: bytes) -> dict[str, Any]:
    return json.loads(stderr.splitlines()[-1])


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_gzip_is_kept_and_so_is_the_order(people: bytes, jobs: str) -> None:
    done = run(gzip.compress(people), *KEYS, "--jobs", jobs)
    assert decrypted(gzip.decompress(done.stdout)) == PEOPLE
    counts = report(done.stderr)
    assert (counts["done"], counts["lines"], counts["changed"], counts["failed"]) == (True, 2000, 2000, 0)


def test_plain_lines_stay_plain_and_blank_lines_go(people: bytes) -> None:
    first, second, *_ = people.splitlines()
    done = run(b"\n" + first + b"\r\n \n" + second, *KEYS)
    assert decrypted(done.stdout) == PEOPLE[:2]
    assert done.stdout.endswith(b"\n")
    assert (report(done.stderr)["changed"], report(done.stderr)["blank"]) == (2, 2)


def test_an_empty_input_is_an_empty_output() -> None:
    assert run(b"", *KEYS).stdout == b""
    assert gzip.decompress(run(gzip.compress(b""), *KEYS).stdout) == b""


def test_what_failed_is_listed_by_line_with_key_and_reason(people: bytes, folder: Path) -> None:
    first, second, *_ = people.splitlines()
    changed = json.loads(second)
    changed["Item"]["city"] = {"S": "Bern"}
    data = b"\n".join([first, b"", b"not JSON", line(**changed), b'{"Item":{}}', second])

    done = run(data, *KEYS, "--failed", "failed.jsonl", "--jobs", "2", code=1)

    assert decrypted(done.stdout) == PEOPLE[:2]
    failed = [json.loads(each) for each in (folder / "failed.jsonl").read_text().splitlines()]
    assert [(each["line"], each["key"]) for each in failed] == [
        (3, None),
        (4, {"pk": {"S": "person 1"}}),
        (5, None),
    ]
    assert failed[0]["reason"] == "The line is not JSON in UTF-8"
    assert "does not verify" in failed[1]["reason"]
    assert (report(done.stderr)["failed"], report(done.stderr)["changed"]) == (3, 2)


def test_failures_go_to_stderr_without_a_file_for_them() -> None:
    done = run(b"not JSON\n", *KEYS, code=1)
    assert json.loads(done.stderr.splitlines()[0])["line"] == 1
    assert done.stdout == b""


def test_items_are_decrypted_only_when_plaintext_is_asked_for_by_name(people: bytes) -> None:
    done = run(people, "--from", "tables.py:old", "--to", "plaintext")
    assert [from_stream_image(json.loads(each)["Item"]) for each in done.stdout.splitlines()] == PEOPLE


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--from", "tables.py:old"], "--to"),
        (["--from", "tables.py:absent", "--to", "tables.py:new"], "absent"),
        (["--from", "absent:old", "--to", "tables.py:new"], "absent"),
        (["--from", "tables.py:old", "--to", "tables.py:plain"], "plaintext"),
        ([*KEYS, "--jobs", "0"], "--jobs"),
    ],
)
def test_wrong_usage_is_told_from_failure(arguments: list[str], expected: str) -> None:
    done = run(b"", *arguments, code=2)
    assert expected in done.stderr.decode()
    assert done.stdout == b""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_input_that_is_cut_off_gives_an_output_that_is_cut_off(people: bytes, jobs: str) -> None:
    done = run(gzip.compress(people)[:-9], *KEYS, "--jobs", jobs, code=1)
    assert b"The input is cut off" in done.stderr
    with pytest.raises(EOFError):
        gzip.decompress(done.stdout)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_full_disk_is_a_failure(people: bytes, jobs: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, *KEYS, "--jobs", jobs],
            input=people,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=ENVIRONMENT,
        )
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_reader_that_ends_early_is_a_failure(people: bytes, jobs: str) -> None:
    with started("--jobs", jobs) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            write_for_ever(process.stdin, people)
        assert process.wait(timeout=60) == 1
        assert b"Traceback" not in stderr_of(process)


def write_for_ever(stream: IO[bytes], data: bytes) -> None:
    while True:
        stream.write(data)
        stream.flush()


def started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *KEYS, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        start_new_session=True,
    )


def stderr_of(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stderr is not None
    return process.stderr.read()


def first_bytes(process: subprocess.Popen[bytes], people: bytes) -> bytes:
    """Begin to send lines without an end, and return the first bytes of the output."""
    assert process.stdin is not None
    assert process.stdout is not None
    thread = Thread(target=_send, args=(process.stdin, gzip.compress(people, 1)), daemon=True)
    thread.start()
    return process.stdout.read(100)


def _send(stream: IO[bytes], member: bytes) -> None:
    with suppress(BrokenPipeError):
        write_for_ever(stream, member)


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_is_interrupted_leaves_no_process_and_no_whole_output(
    people: bytes, jobs: str, number: signal.Signals
) -> None:
    with started("--jobs", jobs) as process:
        assert process.stdout is not None
        output = first_bytes(process, people)
        os.killpg(process.pid, number)
        output += process.stdout.read()
        assert process.wait(timeout=60) != 0
        assert b"Traceback" not in stderr_of(process)
    with pytest.raises(EOFError):
        gzip.decompress(output)
    assert has_ended(process.pid)


def test_processes_end_with_a_parent_that_is_killed(people: bytes) -> None:
    with started("--jobs", "2") as process:
        first_bytes(process, people)
        process.kill()
    assert has_ended(process.pid)


def test_a_process_that_is_killed_is_a_failure(people: bytes) -> None:
    with started("--jobs", "2") as process:
        first_bytes(process, people)
        for child in children_of(process.pid):
            os.kill(child, signal.SIGKILL)
        assert process.stdout is not None
        process.stdout.read()
        assert process.wait(timeout=60) == 1
        assert b"ended without a result" in stderr_of(process)


def children_of(parent: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-f", "-P", str(parent), "spawn_main"], capture_output=True, check=False, text=True
    )
    return [int(each) for each in listed.stdout.split()]
