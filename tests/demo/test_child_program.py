"""Programs that end with the one that started them, whenever a signal comes."""

import os
import signal
import subprocess
import sys

import pytest

from dynaseal_lab.stack.child_program import started
from support.process_groups import has_ended

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")

INTERRUPTED_START = """
import os, signal, subprocess, sys
from dynaseal_lab.stack.child_program import started

def end(number, frame):
    sys.exit(128 + number)

class Interrupted(subprocess.Popen):
    def _execute_child(self, *arguments):
        super()._execute_child(*arguments)
        os.kill(os.getpid(), signal.SIGTERM)

signal.signal(signal.SIGTERM, end)
subprocess.Popen = Interrupted
with started(["sleep", "300"]):
    print("the block began")
"""
"""A program to which SIGTERM is sent while another one is being started, after its process exists."""


def test_a_signal_during_the_start_ends_the_other_program_too() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED_START],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.wait(60) == 128 + signal.SIGTERM
        assert has_ended(process.pid)
        assert process.stdout.read() == ""


def test_the_handlers_are_as_before_and_an_ignored_signal_stays_ignored() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        handlers = [signal.getsignal(number) for number in numbers]
        by_signal = "import os, signal; os.kill(os.getpid(), signal.SIGHUP); print('went on')"
        with started([sys.executable, "-c", by_signal], stdout=subprocess.PIPE) as process:
            assert [signal.getsignal(number) for number in numbers] == handlers
            assert process.communicate() == ("went on\n", None)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_exception_in_the_block_ends_the_program() -> None:
    def interrupt() -> None:
        with started(["sleep", "300"], process_group=0) as process:
            processes.append(process.pid)
            raise KeyboardInterrupt

    processes: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    with pytest.raises(ProcessLookupError):
        os.killpg(processes[0], 0)
