"""Checks what would be published: `python -m distribution dist`, with `tests` on the path.

The folder has one sdist and one wheel. Both have all files of the packages, no tests and no path of this
machine; the wheel works in a new virtual environment, without extras and with the lab. `--tag v1.2.3` also
checks the version.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from distribution.archives import ROOT, find_problems, read_archive, required_in_sdist, required_in_wheel
from distribution.installed import ENCRYPT, IN_LAB, Installation


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tag", help="The tag of the release; it must be the version with a v in front.")
def check(folder: Path, tag: str | None) -> None:
    """Check the sdist and the wheel in FOLDER."""
    sdist, wheel = _only(folder, "*.tar.gz"), _only(folder, "*-py3-none-any.whl")
    if tag is not None and wheel.name.split("-")[1] != tag.removeprefix("v"):
        raise click.ClickException(f"the tag {tag} is not the version of {wheel.name}")
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", str(sdist), str(wheel)], check=True)
    problems = [*_problems(sdist, required_in_sdist()), *_problems(wheel, required_in_wheel())]
    if problems:
        raise click.ClickException("\n".join(problems))
    click.echo(f"{wheel.name} and {sdist.name} are complete")
    with tempfile.TemporaryDirectory() as temporary:
        _try(wheel, Path(temporary))


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise click.ClickException(f"{folder} has {len(found)} files {pattern}, not one")
    return found[0]


def _problems(archive: Path, required: frozenset[str]) -> Iterator[str]:
    machine_paths = [str(ROOT), f"{Path.home()}/"]
    for problem in find_problems(read_archive(archive), required, machine_paths):
        yield f"{archive.name}: {problem}"


def _try(wheel: Path, folder: Path) -> None:
    """Use the wheel as a user of the library alone, and then as one of the lab."""
    installation = Installation(folder / "environment")
    installation.install(wheel)
    click.echo(installation.run("python", "-W", "error", "-c", ENCRYPT))
    installation.install(wheel, "[lab]")
    click.echo(installation.run("dynaseal", "--version"))
    click.echo(installation.run("dynaseal", "demo", "--experiment", "credentials").splitlines()[-1])
    click.echo(installation.run("dynaseal", "lab", "run", "--", "python", "-c", IN_LAB))


if __name__ == "__main__":
    check()
