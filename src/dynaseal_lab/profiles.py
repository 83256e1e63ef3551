"""Write a named profile where AWS's tools look for one.

Rules:
- The key goes into the credentials file, endpoint and Region into the configuration file.
- Other profiles, comments and blank lines stay as they are; a profile of the same name is replaced.
- Both files are for their owner only (mode 0600), and are replaced whole or not at all.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProfileFiles:
    """The two files of profiles."""

    credentials: Path
    config: Path

    @classmethod
    def of_environment(cls) -> "ProfileFiles":
        """Where AWS's tools look: `~/.aws`, or where the environment says."""
        home = Path.home() / ".aws"
        return cls(
            Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", home / "credentials")).expanduser(),
            Path(os.environ.get("AWS_CONFIG_FILE", home / "config")).expanduser(),
        )

    def write(self, profile: str, settings: Mapping[str, str]) -> Sequence[Path]:
        """Write or replace a profile.

        Args:
            profile: Its name.
            settings: `AWS_ACCESS_KEY_ID` and so on, as the environment would have them.

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
    before = path.read_text() if path.exists() else ""
    kept = without_section(before, section)
    lines = [f"[{section}]", *(f"{name} = {value}" for name, value in settings.items())]
    text = (kept.rstrip("\n") + "\n\n" if kept.strip() else "") + "\n".join(lines) + "\n"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600, so the secret is never readable by others.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(temporary).replace(path)


def without_section(text: str, section: str) -> str:
    r"""A file of profiles without one of them.

    Example:
        >>> without_section("[a]\nx = 1\n[b]\ny = 2\n", "a")
        '[b]\ny = 2\n'
    """
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        if not inside:
            kept.append(line)
    return "".join(kept)
