"""The load test: processes full of clients call a lab in a process of its own."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dynaseal_lab.server import RunningLab
from dynaseal_lab.testing import LabAccount
from lab.load.accounts import prepare
from lab.load.users import LoadUser
from lab.program import REGION, SECRET, lab_program

_TESTS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """The result of a load.

    `memory` is the lab's resident memory in megabytes, sampled from start to end; `idle` counts the clients
    that got no reply.
    """

    calls: int
    wrong: int
    examples: list[str]
    idle: int
    seconds: float
    median: float
    memory: list[float]

    @property
    def growth(self) -> float:
        """How many megabytes memory grew in the second half, when every cache is full."""
        return self.memory[-1] - self.memory[len(self.memory) // 2]


def load(*, clients: int, seconds: float, processes: int = 4, arguments: tuple[str, ...] = ()) -> Outcome:
    """Run a lab, let clients call it, and check their replies and the lab's memory."""
    with lab_program("--root-secret", SECRET, *arguments) as program:
        lab = RunningLab(program.endpoint, SECRET)
        accounts = [LabAccount(f"{222200000000 + number}", lab, REGION) for number in range(4)]
        users = [user for account in accounts for user in prepare(account, clients // 4)]
        memory: list[float] = []
        over = threading.Event()
        sampler = threading.Thread(target=_sample, args=(program.process.pid, memory, over))
        sampler.start()
        start = time.monotonic()
        results = _clients(urlsplit(lab.endpoint).netloc, users, seconds, processes)
        took = time.monotonic() - start
        over.set()
        sampler.join()
    times = sorted(value for result in results for value in result["times"])
    return Outcome(
        calls=sum(result["calls"] for result in results),
        wrong=sum(result["wrong"] for result in results),
        examples=[line for result in results for line in result["examples"]],
        idle=sum(result["idle"] for result in results),
        seconds=took,
        median=times[len(times) // 2] if times else 0.0,
        memory=memory,
    )


def _clients(host: str, users: list[LoadUser], seconds: float, processes: int) -> list[Mapping[str, Any]]:
    command = [sys.executable, "-m", "lab.load.clients", host, str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    programs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(processes)
    ]
    for number, program in enumerate(programs):
        assert program.stdin is not None
        program.stdin.write(json.dumps([asdict(user) for user in users[number::processes]]))
        program.stdin.close()
    results = [json.loads(program.stdout.read()) for program in programs if program.stdout is not None]
    for program in programs:
        program.wait()
        if program.stdout is not None:
            program.stdout.close()
    return results


def _sample(pid: int, memory: list[float], over: threading.Event) -> None:
    while True:
        memory.append(resident(pid))
        if over.wait(0.5):
            memory.append(resident(pid))
            return


def resident(pid: int) -> float:
    """Return a process's resident memory in megabytes, from `ps`."""
    listed = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(listed.stdout) / 1024
