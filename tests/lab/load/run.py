"""A load on a lab: processes of clients beside the lab's own process, and what came of it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lab.load.world import prepare

SECRET = "the-secret-of-roots"
_TESTS = Path(__file__).parents[2]
_LAB = "from dynaseal.cli.main import main; main()"


@dataclass(frozen=True)
class Outcome:
    """What a load showed. `memory` is the lab's resident megabytes, sampled from start to end."""

    calls: int
    wrong: int
    examples: list[str]
    idle: int
    seconds: float
    median: float
    memory: list[float]

    @property
    def growth(self) -> float:
        """Megabytes from the middle of the load, when everything bounded is full, to its end."""
        return self.memory[-1] - self.memory[len(self.memory) // 2]


def load(*, clients: int, seconds: float, processes: int = 4, arguments: tuple[str, ...] = ()) -> Outcome:
    """Run a lab, let clients work on it, and look at their answers and its memory."""
    with _lab(arguments) as (program, endpoint):
        users = [
            user
            for account in range(4)
            for user in prepare(endpoint, SECRET, f"{222200000000 + account}", clients // 4)
        ]
        memory: list[float] = []
        over = threading.Event()
        sampler = threading.Thread(target=_sample, args=(program.pid, memory, over))
        sampler.start()
        start = time.monotonic()
        answers = _clients(urlsplit(endpoint).netloc, users, seconds, processes)
        took = time.monotonic() - start
        over.set()
        sampler.join()
    times = sorted(value for answer in answers for value in answer["times"])
    return Outcome(
        calls=sum(answer["calls"] for answer in answers),
        wrong=sum(answer["wrong"] for answer in answers),
        examples=[line for answer in answers for line in answer["examples"]],
        idle=sum(answer["idle"] for answer in answers),
        seconds=took,
        median=times[len(times) // 2] if times else 0.0,
        memory=memory,
    )


@contextmanager
def _lab(arguments: tuple[str, ...]) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    command = [sys.executable, "-c", _LAB, "lab", "serve", "--root-secret", SECRET, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            yield program, program.stdout.readline().strip().rpartition(" ")[2]
        finally:
            program.terminate()


def _clients(
    host: str, users: list[dict[str, str]], seconds: float, processes: int
) -> list[Mapping[str, Any]]:
    command = [sys.executable, "-m", "lab.load.clients", host, str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    programs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(processes)
    ]
    for number, program in enumerate(programs):
        assert program.stdin is not None
        program.stdin.write(json.dumps(users[number::processes]))
        program.stdin.close()
    answers = [json.loads(program.stdout.read()) for program in programs if program.stdout is not None]
    for program in programs:
        program.wait()
        if program.stdout is not None:
            program.stdout.close()
    return answers


def _sample(pid: int, memory: list[float], over: threading.Event) -> None:
    while True:
        memory.append(resident(pid))
        if over.wait(0.5):
            memory.append(resident(pid))
            return


def resident(pid: int) -> float:
    """A process's resident memory in megabytes, as `ps` says it."""
    answer = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(answer.stdout) / 1024
