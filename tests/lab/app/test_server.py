"""The server as a program: when it is ready, how it stops, what it says when it cannot start."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import httpx
import pytest

from dynaseal_lab.server import PortTakenError, running

SECRET = "the-secret-of-roots"


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", "from dynaseal.cli.main import main; main()", "lab", "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            yield program, program.stdout.readline()
        finally:
            program.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_stops_on_a_signal_with_exit_code_0(number: int):
    with served("--root-secret", SECRET) as (program, line):
        prefix, _, endpoint = line.strip().rpartition(" ")
        assert prefix == "lab ready at"
        sts = boto3.client(
            "sts",
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="111122223333",
            aws_secret_access_key=SECRET,
        )
        assert sts.get_caller_identity()["Account"] == "111122223333"
        os.kill(program.pid, number)
        out, err = program.communicate(timeout=20)
        assert (program.returncode, out) == (0, "")
        assert SECRET not in err


def test_a_random_root_secret_is_printed_once_and_not_on_stdout():
    with served() as (program, line):
        assert line.startswith("lab ready at ")
        program.terminate()
        out, err = program.communicate(timeout=20)
        assert out == ""
        assert err.count("export AWS_SECRET_ACCESS_KEY=") == 1


def test_a_port_that_is_taken_is_one_clear_line():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with served("--port", str(port), "--root-secret", SECRET) as (program, line):
            _, err = program.communicate(timeout=20)
        assert (line, program.returncode) == ("", 1)
        assert err == f"Error: Port {port} of 127.0.0.1 is taken; choose another, or 0 for a free one\n"
        with pytest.raises(PortTakenError), running(port=port):
            pass


def test_a_lab_in_a_thread_ends_with_its_block():
    with running() as lab:
        assert httpx.get(f"{lab.endpoint}/_lab/health").status_code == 200
        assert lab.root_secret not in repr(lab)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{lab.endpoint}/_lab/health")


def test_two_labs_share_nothing():
    with running(root_secret=SECRET) as one, running(root_secret=SECRET) as other:
        for lab, expected in ((one, 1), (other, 0)):
            iam = boto3.client(
                "iam",
                endpoint_url=lab.endpoint,
                region_name="eu-west-1",
                aws_access_key_id="111122223333",
                aws_secret_access_key=SECRET,
            )
            if lab is one:
                iam.create_user(UserName="ann")
            assert len(iam.list_users()["Users"]) == expected
