"""Write a named profile to the files that AWS's tools read.

Rules:
- The access key goes into the credentials file, endpoint and Region go into the configuration file.
- Other profiles, comments and blank lines stay as they are; a profile with the same name is replaced.
- Only their owner can read the files (mode 0600), and each is replaced as a whole or not at all.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """The two files that hold profiles."""

    credentials: Path
    config: Path

    @classmethod
    def of_environment(cls) -> "ProfileFiles":
        """Return the files that AWS's tools read: those in `~/.aws`, or those that the environment names."""
        home = Path.home() / ".aws"
        return cls(
            Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", home / "credentials")).expanduser(),
            Path(os.environ.get("AWS_CONFIG_FILE", home / "config")).expanduser(),
        )

    def access_key_id(self, profile: str) -> str | None:
        """Return the id of the access key that a profile has in the credentials file, if it has one."""
        inside = False
        for line in self.credentials.read_text().splitlines() if self.credentials.exists() else ():
            if line.startswith("["):
                inside = line.strip() == f"[{profile}]"
            name, _, value = line.partition("=")
            if inside and name.strip().lower() == "aws_access_key_id":
                return value.strip()
        return None

    def write(self, profile: str, settings: Mapping[str, str]) -> Sequence[Path]:
        """Write or replace a profile.

        Args:
            profile: The profile's name.
            settings: Its settings by the names of environment variables: `AWS_ACCESS_KEY_ID` and so on.

        Returns:
            The files that were written.
        """
        key = {
            "aws_access_key_id": settings["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": settings["AWS_SECRET_ACCESS_KEY"],
        }
        where = {"region": settings["AWS_REGION"], "endpoint_url": settings["AWS_ENDPOINT_URL"]}
        _replace_section(self.credentials, profile, key)
        _replace_section(self.config, "default" if profile == "default" else f"profile {profile}", where)
        return self.credentials, self.config


def _replace_section(path: Path, section: str, settings: Mapping[str, str]) -> None:
    content = path.read_text() if path.exists() else ""
    others = without_section(content, section)
    lines = [f"[{section}]", *(f"{name} = {value}" for name, value in settings.items())]
    new_content = (others.rstrip("\n") + "\n\n" if others.strip() else "") + "\n".join(lines) + "\n"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600, so the secret is never readable by others.
    handle, temporary_path = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(new_content)
    Path(temporary_path).replace(path)


def without_section(content: str, section: str) -> str:
    r"""Return the content of a file of profiles without one of them.

    Example:
        >>> without_section("[a]\nx = 1\n[b]\ny = 2\n", "a")
        '[b]\ny = 2\n'
    """
    others: list[str] = []
    inside = False
    for line in content.splitlines(keepends=True):
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        if not inside:
            others.append(line)
    return "".join(others)
