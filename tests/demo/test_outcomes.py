"""The comparison of a run's output with what is expected."""

import os
from pathlib import Path

import pytest

from dynaseal_lab.stack import program
from dynaseal_lab.stack.program import FULL, LIMITED, Outcome

DENIED = "refused: KMS refused {0} on k: AccessDeniedException: User: u is not authorized to perform: kms:{0}"
WITHOUT_THE_KEY = "\n".join(
    [
        *(f"{what:15} works" for what in ("plain create", "plain read", "plain update", "plain delete")),
        "DescribeTable   works",
        f"encrypted write {DENIED.format('GenerateDataKey')}",
        f"encrypted read  {DENIED.format('Decrypt')}",
        "aws_dbe_head",
    ]
)


def test_the_limited_users_outcome_is_ciphertext_and_two_denials() -> None:
    assert Outcome(3, WITHOUT_THE_KEY).differences(LIMITED) == []


@pytest.mark.parametrize("line", WITHOUT_THE_KEY.splitlines())
def test_each_missing_line_is_a_difference(line: str) -> None:
    assert len(Outcome(3, WITHOUT_THE_KEY.replace(line, "")).differences(LIMITED)) == 1


def test_a_secret_in_the_limited_users_output_is_a_difference() -> None:
    differences = Outcome(3, f"{WITHOUT_THE_KEY}\n{program.PLAINTEXT}").differences(LIMITED)
    assert differences == [f'"{program.PLAINTEXT}" was printed']


def test_another_exit_code_is_a_difference() -> None:
    text = f"EncryptedTable reads, aws_dbe_head, {program.PLAINTEXT}"
    assert Outcome(0, text).differences(FULL) == []
    assert Outcome(1, text).differences(FULL) == ["exit code 1 instead of 0"]


def test_colours_do_not_matter() -> None:
    assert Outcome(0, "\x1b[1mhel\x1b[0mlo").differences(program.Expectation(0, ["hello"])) == []


def test_the_secret_that_is_looked_for_is_the_programs() -> None:
    assert f'"secret": "{program.PLAINTEXT}"' in program.find().read_text()


def test_a_run_returns_the_exit_code_and_everything_printed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys, os; print(os.getcwd()); print('oh', file=sys.stderr); sys.exit(3)")
    outcome = program.run(script, tmp_path, os.environ)
    assert outcome.exit_code == 3
    assert str(tmp_path) in outcome.printed
    assert "oh" in outcome.printed
