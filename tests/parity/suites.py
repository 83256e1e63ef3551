"""The suites: where their checkouts are, how they are run against an endpoint, and what passed."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from parity import java_examples

Outcomes = Mapping[str, bool]
"""Whether each test passed, without those that were skipped."""

PYTHON = Path(os.environ.get("DYNASEAL_PARITY_PYTHON", ".venv-parity/bin/python")).absolute()
_OTHER_ACCOUNT = "444455556666"
ACCOUNT, SECRET = "111122223333", "secret-of-every-root"
_PLUGIN_FOLDER = Path(__file__).parent

# Alternator's tests import a few helpers of ScyllaDB's other tests, which need ScyllaDB's driver.
_SCYLLADB_HELPERS = {
    "__init__.py": "",
    "conftest.py": "def dynamic_scope():\n    return 'session'\n",
    "cqlpy/__init__.py": "",
    "cqlpy/conftest.py": "import pytest\n\n@pytest.fixture(scope='session')\ndef host():\n    return None\n",
    "cqlpy/util.py": "def config_value_context(*_, **__):\n    raise NotImplementedError\n",
    "pylib/__init__.py": "",
    "pylib/driver_utils.py": "def safe_driver_shutdown(*_, **__):\n    pass\n",
    "pylib/connect_options.py": "def add_host_option(parser):\n    pass\n",
    "pylib/skip_types.py": (
        "import pytest\n\ndef skip_env(reason):\n    pytest.skip(reason)\n\n"
        "def skip_bug(*, link, reason):\n    pytest.skip(reason)\n"
    ),
}
_LOCALSTACK_SERVICES = ("iam", "kms", "sts")


@dataclass(frozen=True)
class Suite:
    """One suite: the environment variable with its checkout, and how it is run there."""

    name: str
    variable: str
    run: Callable[[Path, str, Path], Outcomes]

    @property
    def checkout(self) -> Path | None:
        """Where the suite is; None if it is not to be run."""
        folder = os.environ.get(self.variable)
        return Path(folder).absolute() if folder else None


def _environment(endpoint: str, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **more,
    }


def _pytest(folder: Path, work: Path, endpoint: str, *arguments: str, **environment: str) -> Outcomes:
    """Run pytest in a folder, with the plugin, in the suites' environment."""
    file = work / "outcomes.json"
    path = os.pathsep.join([str(_PLUGIN_FOLDER), str(folder), environment.pop("PYTHONPATH", "")])
    command = [str(PYTHON), "-m", "pytest", "-q", "-p", "pytest_results", "-p", "no:cacheprovider"]
    with (work / "output.txt").open("w") as output:
        subprocess.run(
            [*command, "-c", os.devnull, f"--rootdir={folder}", *arguments],
            cwd=folder,
            env=_environment(endpoint, PYTHONPATH=path, PARITY_OUTCOMES=str(file), **environment),
            stdout=output,
            stderr=output,
            check=False,
        )
    if not file.exists():
        raise RuntimeError(f"The suite did not run; see {work / 'output.txt'}")
    outcomes: dict[str, str] = json.loads(file.read_text())
    return {test: outcome == "passed" for test, outcome in outcomes.items() if outcome != "skipped"}


def _alternator(checkout: Path, endpoint: str, work: Path) -> Outcomes:
    package = work / "scylladb" / "test"
    for name, content in _SCYLLADB_HELPERS.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(content)
    shutil.copytree(checkout / "test" / "alternator", package / "alternator", dirs_exist_ok=True)
    return _pytest(package.parent, work, endpoint, "test/alternator", "--url", endpoint)


def _moto(checkout: Path, endpoint: str, work: Path) -> Outcomes:
    # The checkout's own `moto` must not be imported: part of it may be missing, and the package is installed.
    folder = work / "moto"
    shutil.copytree(checkout / "tests", folder / "tests", dirs_exist_ok=True)
    marked = ("-m", "aws_verified", "tests/test_dynamodb")
    return _pytest(folder, work, endpoint, *marked, MOTO_TEST_ALLOW_AWS_REQUEST="true")


def _administrator(endpoint: str, account: str, prefix: str) -> dict[str, str]:
    """Return the credentials of a new administrator, because the root user may not assume roles."""
    iam: Any = boto3.client(
        "iam",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=account,
        aws_secret_access_key=SECRET,
    )
    iam.create_user(UserName="test-admin")
    iam.attach_user_policy(UserName="test-admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="test-admin")["AccessKey"]
    return {
        f"{prefix}_ACCESS_KEY_ID": key["AccessKeyId"],
        f"{prefix}_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def _localstack(checkout: Path, endpoint: str, work: Path) -> Outcomes:
    folders = [f"tests/aws/services/{service}" for service in _LOCALSTACK_SERVICES]
    # The other tests have never passed on AWS, as LocalStack's marks say.
    validated = ("-m", "not aws_needs_fixing and not aws_unknown")
    return _pytest(
        checkout,
        work,
        endpoint,
        *folders,
        *validated,
        TEST_TARGET="AWS_CLOUD",
        TEST_SKIP_LOCALSTACK_START="1",
        TEST_AWS_ACCOUNT_ID=ACCOUNT,
        SECONDARY_TEST_AWS_ACCOUNT_ID=_OTHER_ACCOUNT,
        **_administrator(endpoint, ACCOUNT, "AWS"),
        **_administrator(endpoint, _OTHER_ACCOUNT, "SECONDARY_TEST_AWS"),
        PYTHONPATH=str(checkout / "localstack-core"),
    )


def _conformance(checkout: Path, endpoint: str, work: Path) -> Outcomes:
    file = work / "outcomes.json"
    with (work / "output.txt").open("w") as output:
        subprocess.run(
            ["npx", "--no-install", "vitest", "run", "--reporter=json", f"--outputFile={file}"],
            cwd=checkout,
            env=_environment(endpoint, DYNAMODB_ENDPOINT=endpoint),
            stdout=output,
            stderr=output,
            check=False,
        )
    if not file.exists():
        raise RuntimeError(f"The suite did not run (npm install?); see {work / 'output.txt'}")
    return {
        f"{Path(found['name']).relative_to(checkout)}::{test['title']}": test["status"] == "passed"
        for found in json.loads(file.read_text())["testResults"]
        for test in found["assertionResults"]
        if test["status"] in {"passed", "failed"}
    }


def _java(checkout: Path, endpoint: str, work: Path) -> Outcomes:
    keys = _administrator(endpoint, ACCOUNT, "AWS")
    any_client: Any = boto3.client

    def client(service: str) -> Any:
        return any_client(
            service,
            endpoint_url=endpoint,
            region_name=java_examples.REGION,
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        )

    project = java_examples.prepared(checkout, work, client, ACCOUNT)
    with (work / "output.txt").open("w") as output:
        subprocess.run(
            ["mvn", "--batch-mode", "test"],
            cwd=project,
            env=_environment(endpoint, AWS_REGION=java_examples.REGION, **keys),
            stdout=output,
            stderr=output,
            check=True,
        )
    return java_examples.outcomes(project)


SUITES = (
    Suite("alternator", "DYNASEAL_PARITY_SCYLLADB", _alternator),
    Suite("moto", "DYNASEAL_PARITY_MOTO", _moto),
    Suite("conformance", "DYNASEAL_PARITY_CONFORMANCE", _conformance),
    Suite("localstack", "DYNASEAL_PARITY_LOCALSTACK", _localstack),
    Suite("java", "DYNASEAL_PARITY_JAVA", _java),
)
