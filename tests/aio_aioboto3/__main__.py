"""Runs these tests, and those of `tests/aio`, where aioboto3 is installed.

    python -m aio_aioboto3 .venv-aioboto3/bin/python

aioboto3 needs an older botocore than ministack does. So this process serves the DynamoDB and the KMS of the
tests, and the tests run in the environment of the interpreter that is passed.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from dynaseal_lab.testing import served
from support.dynamodb import ENDPOINT_VARIABLE, running_engine
from support.lab_arguments import LAB_VARIABLE, client_arguments

HERE = Path(__file__).resolve().parent


def main(python: str, *options: str) -> int:
    """Serve DynamoDB and KMS, run the tests, and return pytest's exit code."""
    with running_engine() as endpoint, served("us-west-2") as lab:
        arguments = client_arguments(lab.new_account().root.settings)
        variables = {ENDPOINT_VARIABLE: endpoint, LAB_VARIABLE: json.dumps(arguments)}
        folders = [str(HERE), str(HERE.with_name("aio"))]
        command = [python, "-m", "pytest", "-q", *folders, *options]
        return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
