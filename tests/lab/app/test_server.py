"""The server as a program: when it is ready, how it stops, and its message when it cannot start."""

import os
import signal
import socket

import httpx
import pytest

from dynaseal_lab.server import PortTakenError, running
from dynaseal_lab.testing import LabAccount
from lab.program import ACCOUNT, REGION, SECRET, lab_program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_stops_on_a_signal_with_exit_code_0(number: int) -> None:
    with lab_program("--root-secret", SECRET) as lab:
        assert lab.first_line == f"lab ready at {lab.endpoint}\n"
        assert lab.client("sts").get_caller_identity()["Account"] == ACCOUNT
        os.kill(lab.process.pid, number)
        out, err = lab.process.communicate(timeout=20)
        assert (lab.process.returncode, out) == (0, "")
        assert SECRET not in err


def test_a_random_root_secret_is_printed_once_and_not_on_stdout() -> None:
    with lab_program() as lab:
        assert lab.first_line.startswith("lab ready at ")
        lab.process.terminate()
        out, err = lab.process.communicate(timeout=20)
        assert out == ""
        assert err.count("export AWS_SECRET_ACCESS_KEY=") == 1


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with lab_program("--port", str(port), "--root-secret", SECRET) as lab:
            _, err = lab.process.communicate(timeout=20)
        assert (lab.first_line, lab.process.returncode) == ("", 1)
        assert err == f"Error: Port {port} of 127.0.0.1 is taken; choose another, or 0 for a free one\n"
        with pytest.raises(PortTakenError), running(port=port):
            pass


def test_a_lab_in_a_thread_ends_with_its_block() -> None:
    with running() as lab:
        assert httpx.get(f"{lab.endpoint}/_lab/health").status_code == 200
        assert lab.root_secret not in repr(lab)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{lab.endpoint}/_lab/health")


def test_two_labs_share_nothing() -> None:
    with running(root_secret=SECRET) as first, running(root_secret=SECRET) as second:
        LabAccount(ACCOUNT, first, REGION).user("ann")
        users = [LabAccount(ACCOUNT, lab, REGION).client("iam").list_users() for lab in (first, second)]
        assert [len(reply["Users"]) for reply in users] == [1, 0]
