"""The experiments: a script of `examples/`, run in a lab as a user who may search and nothing else.

The scripts are the ones that people read; what they print is held against what must be.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dynaseal_lab.server import RunningLab

from . import experiment_stack, program
from .environment import isolated
from .errors import DemonstrationError
from .output import Output
from .program import Expectation
from .provision import AccessKey
from .runner import PLACE, root_clients

_NO_ADDRESS_SEEN = r"(?ms)\A(?!.*^DynamoDB[^\n]*@example)"
"""Matches only where no line about DynamoDB has an address in it."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """A script, and what it must print."""

    script: str
    expected: Expectation


EXPERIMENTS: Mapping[str, Experiment] = {
    "queryable": Experiment(
        "queryable.py",
        Expectation(
            exit_code=0,
            said=(
                r"The application got 1: .*hana@example.com",
                r'DynamoDB saw .*"aws_dbe_b_email"',
                r"DynamoDB stores aws_dbe_b_email = '[0-9a-f]'",
                _NO_ADDRESS_SEEN,
            ),
        ),
    ),
    "surrogate-keys": Experiment(
        "surrogate_keys.py",
        Expectation(
            exit_code=0,
            said=(
                r"The application got .*ann@example.com",
                r"and got 2 orders",
                r"DynamoDB stores pk = '[A-Za-z0-9_-]{64}'",
                r"was refused: ",
                _NO_ADDRESS_SEEN,
            ),
        ),
    ),
}


def run(lab: RunningLab, name: str, output: Output, *, with_terraform: bool) -> bool:
    """Make the experiments' stack in a lab and run one of their scripts; True if all was as it must be.

    Raises:
        DemonstrationError: there is no such script here, terraform failed, or the script did not end in time.
        botocore.exceptions.ClientError: the lab refused a call of the provisioning.
    """
    experiment = EXPERIMENTS[name]
    path = _find(experiment.script)
    clients = root_clients(lab, PLACE)
    output.step(
        "Tables and key store, by terraform apply" if with_terraform else "Tables and key store, by boto3"
    )
    if with_terraform:
        settings = experiment_stack.by_terraform(lab, clients, PLACE, output.detail)
    else:
        settings = experiment_stack.by_boto3(clients, PLACE, output.detail)
    output.step(path.name)
    key = AccessKey(settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"])
    there = {"AWS_ENDPOINT_URL": lab.endpoint, "AWS_REGION": PLACE.region}
    environment = isolated(os.environ, key) | output.appearance | settings | there
    outcome = program.run(path, path.parent, environment)
    output.program(outcome.text)
    differences = outcome.differences(experiment.expected)
    verdict = "not as expected" if differences else "as expected"
    output.verdict(f"exit code {outcome.exit_code}, {verdict}", good=not differences)
    for difference in differences:
        output.verdict(difference, good=False)
    return not differences


def _find(script: str) -> Path:
    path = program.checkout() / "examples" / script
    if not path.is_file():
        raise DemonstrationError(f"No {script} at {path.parent}. Only a checkout has the experiments")
    return path
