"""A provisioned stack on a lab, on which `demo.py` can be run."""

import os
from dataclasses import dataclass
from pathlib import Path

from dynaseal_lab.stack import program
from dynaseal_lab.stack.definition import Place
from dynaseal_lab.stack.environment import isolated_environment
from dynaseal_lab.stack.program import Outcome
from dynaseal_lab.stack.provision import AccessKey, Clients, Provisioned


@dataclass(frozen=True)
class ProvisionedDemo:
    """A provisioned stack with access keys for both users, and a folder with its `.env`."""

    stack: Provisioned
    place: Place
    clients: Clients
    keys: dict[str, AccessKey]
    folder: Path

    def run(self, user: str, **settings: str) -> Outcome:
        """Run `demo.py` in the folder as a user; `settings` go into its environment and win over `.env`."""
        environment = isolated_environment(os.environ, self.keys[user]) | settings
        return program.run(program.find(), self.folder, environment)

    def as_full(self, **settings: str) -> Outcome:
        return self.run(self.stack.full_user, **settings)

    def as_limited(self, **settings: str) -> Outcome:
        return self.run(self.stack.limited_user, **settings)

    def policy_arn(self, name: str) -> str:
        return f"arn:aws:iam::{self.place.account}:policy/{self.stack.table_name}-{name}"
