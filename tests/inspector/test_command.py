"""`dynaseal inspector`: the URL that it prints, its end, and what it says where it cannot begin."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

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


@pytest.mark.usefixtures("site")
@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script, and POSIX has file modes")
def test_other_users_of_the_machine_see_no_token_when_the_browser_is_opened(tmp_path: Path) -> None:
    """The arguments of a process are visible to every user of a machine."""
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    browser.chmod(0o700)
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    with subprocess.Popen(
        [*COMMAND, "--open"], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        deadline = time.monotonic() + 30
        while not opened.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        argument = opened.read_text().strip()
        assert url.partition("token=")[2] not in argument
        page = Path(urlsplit(argument).path)
        assert f"url={url}" in page.read_text()
        assert page.parent.stat().st_mode & 0o077 == 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not page.parent.exists()
