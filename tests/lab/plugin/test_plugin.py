"""The pytest plugin as a project uses it: test files that pytest runs in a process of its own."""

import os
from importlib.metadata import entry_points

import pytest

pytest_plugins = ("pytester",)
PLUGIN = "dynaseal_lab.pytest_plugin"
IS_INSTALLED = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
LOAD_PLUGIN = () if IS_INSTALLED else ("-p", PLUGIN)

EXAMPLE = """
import subprocess
import sys

import pytest


def test_a_user_may_do_what_the_test_allows(lab_key, lab_user):
    lab_user.may("kms:Encrypt", resource=lab_key)
    kms = lab_user.client("kms")
    ciphertext = kms.encrypt(KeyId=lab_key, Plaintext=b"secret")["CiphertextBlob"]
    with pytest.raises(kms.exceptions.ClientError, match="AccessDenied"):
        kms.decrypt(CiphertextBlob=ciphertext)
    lab_user.may("kms:Decrypt", resource=lab_key)
    assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"secret"


def test_a_table_is_there_and_its_conditions_count(lab, lab_table, lab_user):
    own_rows = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    lab_user.may("dynamodb:GetItem", "dynamodb:PutItem", Condition=own_rows)
    table = lab_user.resource("dynamodb").Table(lab_table)
    table.put_item(Item={"pk": "lab-user", "sk": "1"})
    assert "Item" in table.get_item(Key={"pk": "lab-user", "sk": "1"})
    with pytest.raises(lab.client("dynamodb").exceptions.ClientError, match="AccessDenied"):
        table.get_item(Key={"pk": "other", "sk": "1"})
    denied = [event for event in lab.trail() if event["outcome"] == "denied"]
    assert [event["action"] for event in denied] == ["dynamodb:GetItem"]


@pytest.mark.parametrize("which", range(4))
def test_every_test_has_an_account_of_its_own(lab, which):
    assert lab.client("iam").list_users()["Users"] == []
    lab.user("ann")


def test_another_account_is_let_in_by_the_key_policy(lab, lab_server):
    guest = lab_server.new_account().user("guest", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    root = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": lab.root.arn}}
    let_in = root | {"Action": "kms:Encrypt", "Principal": {"AWS": guest.arn}}
    kms = guest.client("kms")
    kms.encrypt(KeyId=lab.key(root, let_in), Plaintext=b"x")
    with pytest.raises(kms.exceptions.ClientError, match="AccessDenied"):
        kms.encrypt(KeyId=lab.key(root), Plaintext=b"x")


def test_a_program_acts_as_the_user(lab_user):
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    printed = subprocess.check_output([sys.executable, "-c", program], env=lab_user.environment, text=True)
    assert printed.strip() == lab_user.arn
"""


def test_the_fixtures_serve_a_projects_tests_in_parallel(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(EXAMPLE)
    pytester.runpytest_subprocess(*LOAD_PLUGIN, "-n", "2").assert_outcomes(passed=8)


LAB_ENV = """
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

CALLER = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


def caller():
    return boto3.client("sts").get_caller_identity()["Arn"]


def test_code_that_makes_its_own_clients_calls_the_lab(lab, lab_env, lab_user):
    assert caller() == lab.root.arn
    lab_env(lab_user)
    assert caller() == lab_user.arn
    assert subprocess.check_output([sys.executable, "-c", CALLER], text=True).strip() == lab_user.arn
    assert boto3.Session().available_profiles == []


def test_the_region_is_the_accounts(lab_env, lab_key):
    assert boto3.client("kms").meta.region_name == lab_key.split(":")[3]
    assert os.environ["AWS_REGION"] == os.environ["AWS_DEFAULT_REGION"] == lab_key.split(":")[3]


@pytest.mark.parametrize("which", range(2))
def test_each_test_has_its_own_account(lab_env, which):
    assert boto3.client("iam").list_users()["Users"] == []
    boto3.client("iam").create_user(UserName="ann")


def test_afterwards_everything_is_as_before():
    assert os.environ["AWS_PROFILE"] == "production"
    assert "AWS_ENDPOINT_URL" not in os.environ
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    assert boto3.DEFAULT_SESSION is None
"""


def test_an_environment_for_code_that_makes_its_own_clients(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws = pytester.mkdir(".aws")
    (aws / "config").write_text(
        "[profile production]\nregion = us-west-2\nendpoint_url = https://aws.example\n"
    )
    (aws / "credentials").write_text("[production]\naws_access_key_id = x\naws_secret_access_key = y\n")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(pytester.path))
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:1")
    pytester.makepyfile(LAB_ENV)
    pytester.runpytest_subprocess(*LOAD_PLUGIN).assert_outcomes(passed=5)


def test_a_project_chooses_its_region(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("""
        import pytest

        @pytest.fixture(scope="session")
        def lab_region():
            return "eu-west-1"
    """)
    pytester.makepyfile("""
        def test_region(lab_key):
            assert lab_key.startswith("arn:aws:kms:eu-west-1:")
    """)
    pytester.runpytest_subprocess(*LOAD_PLUGIN).assert_outcomes(passed=1)


def test_a_folder_chooses_its_region_also_where_another_folder_has_used_the_lab(
    pytester: pytest.Pytester,
) -> None:
    for folder, region in (("first", "eu-west-1"), ("second", "ap-southeast-2")):
        pytester.mkpydir(folder)
        (pytester.path / folder / "conftest.py").write_text(
            f"import pytest\n\n@pytest.fixture(scope='session')\ndef lab_region():\n    return '{region}'\n"
        )
        (pytester.path / folder / "test_region.py").write_text(
            f"def test_region(lab_key):\n    assert ':{region}:' in lab_key\n"
        )
    pytester.runpytest_subprocess(*LOAD_PLUGIN).assert_outcomes(passed=2)


def test_a_missing_package_is_one_line_and_other_tests_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys

        sys.modules["uvicorn"] = None

        def test_with_a_lab(lab):
            pass

        def test_without():
            pass
    """)
    result = pytester.runpytest_subprocess(*LOAD_PLUGIN)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*The lab needs the package uvicorn: pip install 'dynaseal?lab?'*"])
