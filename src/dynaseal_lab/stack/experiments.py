"""The experiments: scripts of `examples/`, run in a lab as a user who may search and nothing else.

The scripts are the ones that people read; their output is compared with what is expected.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dynaseal_lab.server import RunningLab

from . import experiment_stack, program
from .environment import isolated_environment
from .errors import DemonstrationError
from .output import Output
from .program import Expectation
from .provision import AccessKey
from .runner import PLACE, root_clients

_NO_EMAIL_ADDRESS_SEEN = r"(?ms)\A(?!.*^DynamoDB[^\n]*@example)"
"""Matches only if no line about DynamoDB contains an email address."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A script and its expected outcome."""

    script: str
    expected: Expectation


EXPERIMENTS: Mapping[str, Experiment] = {
    "queryable": Experiment(
        "queryable.py",
        Expectation(
            exit_code=0,
            patterns=(
                r"The application got 1: .*hana@example.com",
                r'DynamoDB saw .*"aws_dbe_b_email"',
                r"DynamoDB stores aws_dbe_b_email = '[0-9a-f]'",
                _NO_EMAIL_ADDRESS_SEEN,
            ),
        ),
    ),
    "surrogate-keys": Experiment(
        "surrogate_keys.py",
        Expectation(
            exit_code=0,
            patterns=(
                r"The application got .*ann@example.com",
                r"and got 2 orders",
                r"DynamoDB stores pk = '[A-Za-z0-9_-]{64}'",
                r"was refused: ",
                _NO_EMAIL_ADDRESS_SEEN,
            ),
        ),
    ),
}


def run(lab: RunningLab, name: str, output: Output, *, with_terraform: bool) -> bool:
    """Create the experiments' stack in a lab, run a script, and return whether its outcome was as expected.

    Raises:
        DemonstrationError: The script is missing, terraform failed, or the script did not end in time.
        botocore.exceptions.ClientError: The lab refused a call that creates the stack.
    """
    experiment = EXPERIMENTS[name]
    path = _find(experiment.script)
    clients = root_clients(lab, PLACE)
    output.step(
        "Tables and key store, by terraform apply" if with_terraform else "Tables and key store, by boto3"
    )
    if with_terraform:
        settings = experiment_stack.create_with_terraform(lab, clients, PLACE, output.detail)
    else:
        settings = experiment_stack.create_with_boto3(clients, PLACE, output.detail)
    output.step(path.name)
    key = AccessKey(settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"])
    lab_settings = {"AWS_ENDPOINT_URL": lab.endpoint, "AWS_REGION": PLACE.region}
    environment = isolated_environment(os.environ, key) | output.appearance | settings | lab_settings
    outcome = program.run(path, path.parent, environment)
    output.program(outcome.printed)
    differences = outcome.differences(experiment.expected)
    verdict = "not as expected" if differences else "as expected"
    output.verdict(f"exit code {outcome.exit_code}, {verdict}", good=not differences)
    for difference in differences:
        output.verdict(difference, good=False)
    return not differences


def _find(script: str) -> Path:
    path = program.checkout() / "examples" / script
    if not path.is_file():
        raise DemonstrationError(
            f"No {script} at {path.parent}. Run this command in a clone of the repository, "
            "which has the experiments"
        )
    return path
