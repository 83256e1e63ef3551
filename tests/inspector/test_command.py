"""`dynaseal inspector`: the URL that it prints, its end, and what it says where it cannot begin."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from inspector.conftest import Site

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from dynaseal.cli.main import main; main(sys.argv[1:])",
    "inspector",
]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_url_once_it_answers_and_ends_with_0(site: Site, number: signal.Signals) -> None:
    assert site.endpoint == os.environ["AWS_ENDPOINT_URL"]
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("inspector ready at http://127.0.0.1:")
        assert httpx.get(line.split()[-1]).status_code == 303
        process.send_signal(number)
        assert process.wait(30) == 0


def refused(*arguments: str, **settings: str | None) -> str:
    """Return what the command prints where it cannot begin."""
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
    for name, value in settings.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    result = subprocess.run(
        [*COMMAND, *arguments], check=False, env=environment, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1, result.stderr
    return result.stderr


@pytest.mark.usefixtures("site")
def test_a_port_that_is_taken_is_an_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"Port {port} of 127.0.0.1 is taken" in refused("--port", str(port))


@pytest.mark.usefixtures("site")
def test_without_a_region_it_says_how_to_set_one() -> None:
    assert "Hint: Set AWS_REGION or AWS_DEFAULT_REGION" in refused(AWS_DEFAULT_REGION=None)


@pytest.mark.usefixtures("site")
def test_without_credentials_it_says_how_to_set_them() -> None:
    assert "Hint: Set AWS_ACCESS_KEY_ID" in refused(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None)


@pytest.mark.usefixtures("site")
def test_a_lab_that_does_not_run_is_an_error() -> None:
    assert "Hint: Check AWS_ENDPOINT_URL" in refused(AWS_ENDPOINT_URL="http://127.0.0.1:9")
