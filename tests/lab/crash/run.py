"""Kill a lab again and again while writers change everything that it keeps."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import sleep

from botocore.exceptions import BotoCoreError, ClientError

from lab.crash.writers import IamWriter, ItemWriter, KmsWriter, PartiqlWriter, Writer, make_table
from lab.program import SECRET, LabProgram, lab_program


@dataclass(frozen=True)
class Outcome:
    """How often the lab was killed, and how many changes of each writer it had acknowledged by then."""

    kills: int
    changes: Counter[str]

    def summary(self) -> str:
        """Return the figures in one line."""
        changes = ", ".join(f"{name} {count}" for name, count in self.changes.items())
        return f"killed {self.kills} times; nothing acknowledged was lost: {changes}"


def crash_test(state: Path, *, kills: int, writers: int, seconds: float, seed: int | None = None) -> Outcome:
    """Kill a lab under load, and check after each restart that whatever it acknowledged is there.

    Args:
        state: The lab's state folder.
        kills: How often it is killed.
        writers: How many writers of each kind there are, except for one of KMS.
        seconds: How long it runs at most until it is killed, once each writer has changed something.
        seed: Makes the writers' choices repeatable.

    Raises:
        LostError: Something acknowledged is not there.
    """
    random = Random(seed)
    arguments = ("--state", str(state), "--root-secret", SECRET, "--engine", "native")
    all_writers = _writers(random, writers)
    with lab_program(*arguments) as lab:
        make_table(lab)
        lab.kill()
    for _ in range(kills):
        before = [writer.journal.changes + 1 for writer in all_writers]
        with lab_program(*arguments) as lab:
            with ThreadPoolExecutor(len(all_writers)) as pool:
                ends = [pool.submit(_write, writer, lab) for writer in all_writers]
                # Each writer has changed something before the lab is killed, however busy the machine is.
                while not all(
                    writer.journal.changes > done for writer, done in zip(all_writers, before, strict=True)
                ):
                    if any(end.done() for end in ends):
                        break
                    sleep(0.05)
                sleep(random.uniform(0.3, 1) * seconds)
                lab.kill()
            for end in ends:
                end.result()
        with lab_program(*arguments) as lab:
            for writer in all_writers:
                writer.journal.check(writer.stored(lab))
            lab.kill()
    changes: Counter[str] = Counter()
    for writer in all_writers:
        changes[type(writer).__name__] += writer.journal.changes
    return Outcome(kills, changes)


def _writers(random: Random, number: int) -> list[Writer]:
    def another() -> Random:
        return Random(random.random())

    several: list[Writer] = []
    for index in range(number):
        several += [
            ItemWriter(f"api{index}", another()),
            PartiqlWriter(f"partiql{index}", another()),
            IamWriter(f"iam{index}", another()),
        ]
    return [*several, KmsWriter(another())]


def _write(writer: Writer, lab: LabProgram) -> None:
    """Change one thing after the other until the lab is gone."""
    change = writer.begin(lab)
    try:
        while True:
            change()
    except BotoCoreError:
        return
    except ClientError:
        if lab.process.poll() is None:
            raise
