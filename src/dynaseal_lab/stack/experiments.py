"""The experiments: scripts of `examples/`, run in a lab.

The scripts are the ones that people read; their output is compared with what is expected. Those that search
run as a user who may search and nothing else, in a stack that is made for them. The others make their own
tables, keys and users, as the account's root, and compare each step themselves.
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
    has_stack: bool = True


def _of_steps(script: str, steps: int, *patterns: str) -> Experiment:
    """Return an experiment that makes what it needs and counts its steps."""
    sum_of_steps = rf"(?m)^{steps} of {steps} steps as expected$"
    return Experiment(script, Expectation(exit_code=0, patterns=(*patterns, sum_of_steps)), has_stack=False)


EXPERIMENTS: Mapping[str, Experiment] = {
    "credentials": _of_steps(
        "credentials.py",
        3,
        r"happened: KMS refused Decrypt .*AccessDeniedException",
        r"behind the third stone",
    ),
    "cross-account": _of_steps("cross_account.py", 4, r"refused: KMS refused Decrypt", r"happened: of acme"),
    "inspect": _of_steps("inspect_item.py", 4, r"wrapped key 1", r"Not decrypted: KMS refused"),
    "key-policy-change": _of_steps("key_policy_change.py", 9, r"refused: KMS refused Decrypt"),
    "more-attributes": _of_steps("more_attributes.py", 8, r"happened: \['action-differs'\]", r"Binary\(b"),
    "rotation": _of_steps("rotation.py", 8, r"happened: 2"),
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
    """Run a script in a lab, with the stack that it needs, and return whether its outcome was as expected.

    Raises:
        DemonstrationError: The script is missing, terraform failed, or the script did not end in time.
        botocore.exceptions.ClientError: The lab refused a call that creates the stack.
    """
    experiment = EXPERIMENTS[name]
    path = _find(experiment.script)
    settings = (
        _create_stack(lab, output, with_terraform=with_terraform)
        if experiment.has_stack
        else {"AWS_ACCESS_KEY_ID": PLACE.account, "AWS_SECRET_ACCESS_KEY": lab.root_secret}
    )
    output.step(path.name)
    key = AccessKey(settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"])
    lab_settings = {
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_REGION": PLACE.region,
        "AWS_DEFAULT_REGION": PLACE.region,
    }
    environment = isolated_environment(os.environ, key) | output.appearance | {**settings, **lab_settings}
    outcome = program.run(path, path.parent, environment)
    output.program(outcome.printed)
    differences = outcome.differences(experiment.expected)
    verdict = "not as expected" if differences else "as expected"
    output.verdict(f"exit code {outcome.exit_code}, {verdict}", good=not differences)
    for difference in differences:
        output.verdict(difference, good=False)
    return not differences


def _create_stack(lab: RunningLab, output: Output, *, with_terraform: bool) -> Mapping[str, str]:
    """Create the stack of the experiments that search, and return the scripts' settings."""
    clients = root_clients(lab, PLACE)
    output.step(
        "Tables and key store, by terraform apply" if with_terraform else "Tables and key store, by boto3"
    )
    if with_terraform:
        return experiment_stack.create_with_terraform(lab, clients, PLACE, output.detail)
    return experiment_stack.create_with_boto3(clients, PLACE, output.detail)


def _find(script: str) -> Path:
    for folder in (program.INSTALLED.parent / "examples", program.checkout() / "examples"):
        if (folder / script).is_file():
            return folder / script
    raise DemonstrationError(
        f"No {script} at {folder}. Install dynaseal again, or run this command in a clone of the repository"
    )
