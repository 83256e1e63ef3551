"""The users of the load test, as one process hands them to another."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoadUser:
    """A user of the load: their settings as a `LabPrincipal` has them, and what they may do."""

    name: str
    settings: dict[str, str]
    client_key: str
    uses_client_key: bool
