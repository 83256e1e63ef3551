"""The demonstration: the stack in a lab, and `demo.py` run and checked as both users."""

import os
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import botocore.session

from dynaseal_lab.server import RunningLab

from . import program, provision, terraform
from .child_program import started
from .definition import Place, StackDefinition
from .dotenv import change_file
from .environment import dotenv_settings, endpoint_in, isolated_environment, remove_endpoint
from .errors import DemonstrationError
from .output import Output
from .provision import AccessKey, Clients, Provisioned

NAME = "dynaseal-demo"
_INSPECTOR = "from dynaseal.cli.main import main; main(['inspector', '--open'])"
PLACE = Place(account="111122223333", region="eu-west-1")


def root_clients(lab: RunningLab, place: Place) -> Clients:
    """Return clients of an account's root, without any profile of the user's."""
    root = AccessKey(place.account, lab.root_secret)
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    session.set_credentials(root.id, root.secret)
    return Clients.of(boto3.Session(botocore_session=session, region_name=place.region), lab.endpoint)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One run of the demonstration.

    Args:
        lab: The lab in which the stack is created.
        folder: The folder in which `.env` is written and the program runs.
        output: Prints the progress.
    """

    lab: RunningLab
    folder: Path
    output: Output

    @property
    def dotenv(self) -> Path:
        """The file with the settings."""
        return self.folder / ".env"

    @contextmanager
    def endpoint_in_dotenv(self) -> Generator[None]:
        """Let `.env` name the lab during a `with` block and not afterwards, however the block ends.

        Raises:
            OSError: The file cannot be read or replaced.
        """
        previous = endpoint_in(self.dotenv)
        try:
            yield
        finally:
            remove_endpoint(self.dotenv, self.lab.endpoint, previous)

    def provision(self, *, with_terraform: bool) -> Provisioned:
        """Create the stack and write `.env`.

        Raises:
            DemonstrationError: terraform is missing or failed.
            botocore.exceptions.ClientError: The lab refused a call.
        """
        dotenv = self.dotenv
        self.output.step("Stack, by terraform apply" if with_terraform else "Stack, by boto3")
        if with_terraform:
            stack = self._terraform(dotenv)
        else:
            definition = StackDefinition(NAME, PLACE)
            stack = provision.provision(root_clients(self.lab, PLACE), definition, self.output.detail)
            change_file(dotenv, dotenv_settings(stack, self.lab.endpoint))
        self.output.detail(f"file    {dotenv}")
        return stack

    def _terraform(self, dotenv: Path) -> Provisioned:
        environment = isolated_environment(os.environ, AccessKey(PLACE.account, self.lab.root_secret)) | {
            "AWS_ENDPOINT_URL": self.lab.endpoint,
            "AWS_REGION": PLACE.region,
        }
        source = program.checkout() / "terraform"
        with tempfile.TemporaryDirectory(prefix="dynaseal-") as scratch:
            workspace = terraform.Workspace(source, Path(scratch) / "terraform", environment)
            return terraform.provision(workspace, NAME, dotenv, self.output.detail)

    def access_keys(self, stack: Provisioned) -> Mapping[str, AccessKey]:
        """Create an access key for each user, and return the keys by user name, the full user's first."""
        iam = root_clients(self.lab, PLACE).iam
        return {user: provision.access_key(iam, user) for user in (stack.full_user, stack.limited_user)}

    def run(self, stack: Provisioned, keys: Mapping[str, AccessKey]) -> bool:
        """Run the program as both users, and return whether both outcomes were as expected."""
        expected = {stack.full_user: program.FULL, stack.limited_user: program.LIMITED}
        verdicts = [self._run_as(user, key, expected[user]) for user, key in keys.items()]
        return all(verdicts)

    def _run_as(self, user: str, key: AccessKey, expected: program.Expectation) -> bool:
        path = program.find()
        self.output.step(f"{path.name} as {user}")
        outcome = program.run(
            path, self.folder, isolated_environment(os.environ, key) | self.output.appearance
        )
        self.output.program(outcome.printed)
        differences = outcome.differences(expected)
        verdict = "not as expected" if differences else "as expected"
        self.output.verdict(f"exit code {outcome.exit_code}, {verdict}", good=not differences)
        for difference in differences:
            self.output.verdict(difference, good=False)
        return not differences

    def explain(self, keys: Mapping[str, AccessKey]) -> None:
        """Print how to run the program by hand."""
        for user, key in keys.items():
            credentials = f"AWS_ACCESS_KEY_ID={key.id} AWS_SECRET_ACCESS_KEY={key.secret}"
            self.output.program(f"# as {user}\n{credentials} {sys.executable} {program.find()}")

    def inspect(self) -> None:
        """Run `dynaseal inspector` as the account's root until it ends.

        Raises:
            DemonstrationError: It failed.
        """
        environment = isolated_environment(os.environ, AccessKey(PLACE.account, self.lab.root_secret)) | {
            "AWS_ENDPOINT_URL": self.lab.endpoint,
            "AWS_REGION": PLACE.region,
        }
        self.output.step("Inspector, until Ctrl-C")
        # The lab and the library meet as programs: neither imports the other.
        with started([sys.executable, "-c", _INSPECTOR], env=environment) as inspector:
            try:
                exit_code = inspector.wait()
            except KeyboardInterrupt:
                exit_code = inspector.wait()  # Ctrl-C reached it too
            finally:
                inspector.terminate()
        if exit_code:
            raise DemonstrationError(f"The inspector ended with exit code {exit_code}")
