"""`dynaseal demo --experiment`: scripts of `examples/`, run in a lab, and their output checked."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dynaseal_lab.stack import experiments, program
from dynaseal_lab.stack.cli import demo
from dynaseal_lab.stack.experiments import EXPERIMENTS
from dynaseal_lab.stack.program import Outcome
from dynaseal_lab.stack.terraform import PLUGINS
from dynaseal_lab.testing import served
from support.process_groups import has_ended

SEARCHES = sorted(name for name, experiment in EXPERIMENTS.items() if experiment.has_stack)
OTHERS = sorted(set(EXPERIMENTS) - {*SEARCHES})
EVERY_SEARCH = pytest.mark.parametrize("name", SEARCHES)
EVERY_OTHER = pytest.mark.parametrize("name", OTHERS)


def test_every_experiment_is_there() -> None:
    assert SEARCHES == ["queryable", "surrogate-keys"]
    assert OTHERS == [
        "credentials",
        "cross-account",
        "inspect",
        "key-policy-change",
        "more-attributes",
        "rotation",
    ]


@EVERY_OTHER
def test_every_step_of_the_others_goes_as_expected(name: str) -> None:
    result = CliRunner().invoke(demo, ["--experiment", name])
    assert result.exit_code == 0, result.output
    steps = result.stdout.count("   expected: ")
    assert steps >= 3
    assert f"{steps} of {steps} steps as expected" in result.stdout


@pytest.mark.parametrize("name", ["credentials", "key-policy-change"])
def test_the_others_delete_what_they_made(name: str) -> None:
    with served("eu-west-1") as server:
        account = server.new_account()
        script = program.checkout() / "examples" / EXPERIMENTS[name].script
        completed = subprocess.run(
            [sys.executable, script],
            env={"PATH": os.environ["PATH"], **account.root.settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        assert account.client("dynamodb").list_tables()["TableNames"] == []
        assert account.client("iam").list_users()["Users"] == []
        kms = account.client("kms")
        keys = [kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"] for each in kms.list_keys()["Keys"]]
        assert {key["KeyState"] for key in keys if key["KeyManager"] == "CUSTOMER"} == {"PendingDeletion"}


@EVERY_OTHER
def test_a_step_that_goes_otherwise_is_not_as_expected(name: str) -> None:
    printed = "3 of 4 steps as expected"
    assert Outcome(1, printed).differences(EXPERIMENTS[name].expected)


@EVERY_OTHER
def test_the_others_without_settings_print_what_to_do(name: str, tmp_path: Path) -> None:
    script = program.checkout() / "examples" / EXPERIMENTS[name].script
    environment = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    completed = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 1
    assert completed.stderr == (
        f"{script.name}: no AWS_REGION or no credentials. Run dynaseal demo --experiment NAME\n"
    )


@EVERY_SEARCH
def test_dynamodb_sees_no_email_address_and_the_application_gets_its_items(name: str) -> None:
    result = CliRunner().invoke(demo, ["--experiment", name])
    assert result.exit_code == 0, result.output
    assert "as expected" in result.stderr
    dynamodb_lines = [line for line in result.stdout.splitlines() if line.startswith("DynamoDB")]
    assert len(dynamodb_lines) >= 4
    assert "@example" not in " ".join(dynamodb_lines)


@EVERY_SEARCH
def test_terraform_creates_what_the_experiments_need(name: str) -> None:
    if shutil.which("terraform") is None or not os.environ.get(PLUGINS):
        reason = f"terraform, or a folder of providers named by {PLUGINS}, is missing"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    result = CliRunner().invoke(demo, ["--experiment", name, "--terraform"])
    assert result.exit_code == 0, result.output


@EVERY_SEARCH
def test_an_address_that_dynamodb_saw_is_not_as_expected(name: str) -> None:
    printed = 'DynamoDB saw {":v0": {"S": "hana@example.com"}}'
    assert any("DynamoDB" in each for each in Outcome(0, printed).differences(EXPERIMENTS[name].expected))


@EVERY_SEARCH
def test_a_script_without_settings_prints_what_to_do(name: str, tmp_path: Path) -> None:
    script = program.checkout() / "examples" / EXPERIMENTS[name].script
    environment = {"PATH": os.environ["PATH"]}
    completed = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 1
    assert completed.stderr == (
        f"{script.name}: no KEY_STORE_TABLE_NAME. Run dynaseal demo --experiment, or apply "
        "terraform/examples/queryable\n"
    )


def test_a_script_that_is_missing_ends_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments.program, "checkout", lambda: tmp_path)
    result = CliRunner().invoke(demo, ["--experiment", "queryable"])
    assert result.exit_code == 1
    assert "Error: No queryable.py at" in result.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--experiment", "nonsense"],
        ["--experiment", "queryable", "--keep"],
        ["--experiment", "rotation", "--terraform"],
    ],
)
def test_wrong_usage_ends_in_2(options: list[str]) -> None:
    assert CliRunner().invoke(demo, options).exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_ends_the_script_too(name: str) -> None:
    number = getattr(signal, name)
    command = [sys.executable, "-c", "from dynaseal.cli.main import main; main()", "demo"]
    with subprocess.Popen(
        [*command, "--experiment", "key-policy-change"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("key_policy_change.py"):
                break
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(60) == 128 + number
        assert "Traceback" not in rest
    assert has_ended(process.pid)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
def test_a_demonstration_that_was_started_by_nohup_goes_on_without_its_terminal() -> None:
    command = [sys.executable, "-c", "from dynaseal.cli.main import main; main()", "demo"]
    with subprocess.Popen(
        ["nohup", *command, "--experiment", "credentials"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("credentials.py"):
                break
        process.send_signal(signal.SIGHUP)
        process.stderr.read()
        assert process.wait(60) == 0
