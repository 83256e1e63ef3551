r"""Write a named profile to the files that AWS's tools read.

Rules:
- The access key goes into the credentials file, endpoint and Region go into the configuration file.
- A profile with the same name keeps its place and its comments; its settings are replaced. Everything else
  stays as it is.
- Sections, settings and comments are what `configparser` takes for them, with which botocore reads the files.
- Only their owner can read the files (mode 0600), and each is replaced as a whole or not at all. If one is a
  symbolic link, the file that it names is replaced.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

import os
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from configparser import (
    DEFAULTSECT,
    DuplicateOptionError,
    DuplicateSectionError,
    MissingSectionHeaderError,
    ParsingError,
    RawConfigParser,
)
from configparser import Error as ConfigParserError
from dataclasses import dataclass
from enum import Enum, auto
from io import StringIO
from pathlib import Path

from dynaseal_lab.printing import CommandError


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

    def check(self, profile: str) -> None:
        """Check that a profile can be written, before an access key is made for it.

        Args:
            profile: The profile's name.

        Raises:
            CommandError: It cannot be the name of a profile, or AWS's tools could not read one of the files.
        """
        # configparser gives the settings of the section DEFAULT to every other section.
        if not profile or not profile.isprintable() or profile == DEFAULTSECT:
            raise CommandError(
                f"{profile!r} cannot be the name of a profile", "Use letters, digits and hyphens"
            )
        for path in (self.credentials, self.config):
            _parsed(path)

    def access_key_id(self, profile: str) -> str | None:
        """Return the id of the access key that a profile has in the credentials file, if it has one.

        Raises:
            CommandError: AWS's tools could not read the file.
        """
        return _parsed(self.credentials).get(profile, "aws_access_key_id", fallback=None)

    def write(self, profile: str, settings: Mapping[str, str]) -> Sequence[Path]:
        """Write or replace a profile.

        Args:
            profile: The profile's name.
            settings: Its settings by the names of environment variables: `AWS_ACCESS_KEY_ID` and so on.

        Returns:
            The files that were written.

        Raises:
            CommandError: It cannot be written, as `check` says.
        """
        self.check(profile)
        key = {
            "aws_access_key_id": settings["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": settings["AWS_SECRET_ACCESS_KEY"],
        }
        where = {"region": settings["AWS_REGION"], "endpoint_url": settings["AWS_ENDPOINT_URL"]}
        configured = profile if profile == "default" else f"profile {shlex.quote(profile)}"
        _change(self.credentials, lambda content: with_settings(content, profile, key))
        _change(self.config, lambda content: with_settings(content, configured, where, _configured_profile))
        return self.credentials, self.config


def with_settings(
    content: str,
    section: str,
    settings: Mapping[str, str],
    profile_of: Callable[[str], str | None] = str,
) -> str:
    r"""Return the content of a file of profiles with other settings of one profile.

    Args:
        content: The file's content, with its line endings.
        section: The section that is added if there is none of the profile.
        settings: The profile's settings.
        profile_of: Returns the name of the profile whose settings a section has, if it has a profile's.

    Example:
        >>> with_settings("[a]  # mine\nx = 1\n\n# hers\n[b]\ny = 2\n", "a", {"z": "3"})
        '[a]  # mine\nz = 3\n\n# hers\n[b]\ny = 2\n'
    """
    ending = "\r\n" if "\r\n" in content else "\n"
    if content and not content.endswith(("\n", "\r")):
        content += ending
    lines = list(_lines(content))
    profile = profile_of(section)
    own = [line.section is not None and profile_of(line.section) == profile for line in lines]
    own_headers = [at for at, line in enumerate(lines) if own[at] and line.kind is _Kind.HEADER]
    if not own_headers:
        gap = ending if lines and lines[-1].text.strip() else ""
        return with_settings(f"{content}{gap}[{section}]{ending}", section, settings, profile_of)
    # Of several sections of one profile, which quotes allow, botocore reads the last.
    last = own_headers[-1]
    following = next((line.text for line in lines[last + 1 :] if line.kind is _Kind.HEADER), "")
    # A header that is indented further than the setting before it would be a part of that setting.
    indentation = following[: _indentation(following)]
    new: list[str] = []
    for at, line in enumerate(lines):
        if not own[at] or line.kind is not _Kind.SETTING:
            new.append(line.text)
        if at == last:
            new += [f"{indentation}{name} = {value}{ending}" for name, value in settings.items()]
    return "".join(new)


class _Kind(Enum):
    HEADER = auto()
    SETTING = auto()
    COMMENT = auto()
    """A comment or a blank line."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line, and the section that it is in, if it is in one; a header is in its own section."""

    text: str
    kind: _Kind
    section: str | None


def _lines(content: str) -> Iterator[_Line]:
    """Yield the lines of a file as `RawConfigParser` reads them."""
    section, indentation, is_in_setting = None, 0, False
    for text in StringIO(content, newline=""):
        stripped = text.strip()
        if not stripped or stripped.startswith(("#", ";")):
            yield _Line(text, _Kind.COMMENT, section)
            continue
        kind = _Kind.SETTING
        if not is_in_setting or _indentation(text) <= indentation:
            indentation = _indentation(text)
            header = RawConfigParser.SECTCRE.match(stripped)
            is_in_setting = header is None
            if header is not None:
                kind, section = _Kind.HEADER, header["header"]
        yield _Line(text, kind, section)


def _indentation(text: str) -> int:
    return len(text) - len(text.lstrip())


def _configured_profile(section: str) -> str | None:
    """Return the profile whose settings a section of the configuration file has, as botocore finds it."""
    if section == "default":
        return section
    try:
        words = shlex.split(section) if section.startswith("profile") else []
    except ValueError:  # a quote that is not closed
        return None
    return words[1] if len(words) == 2 and words[0] == "profile" else None


def _parsed(path: Path) -> RawConfigParser:
    parser = RawConfigParser()
    try:
        parser.read(path)
    except (ConfigParserError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read by AWS's tools: {_reason(error)}"
        raise CommandError(message, "Correct the file, and repeat the command") from None
    return parser


def _reason(error: Exception) -> str:
    """Return why a file cannot be read, without the line, which may hold a secret."""
    match error:
        case MissingSectionHeaderError():
            return f"line {error.lineno} is in no section"
        case ParsingError():
            return f"line {error.errors[0][0]} is neither a section nor a setting"
        case DuplicateSectionError() | DuplicateOptionError():
            return f"line {error.lineno} repeats a section or a setting"
        case _:
            return "it is not text in the encoding of this system"


def _change(path: Path, change: Callable[[str], str]) -> None:
    target = path.resolve()
    content = ""
    if target.exists():
        # In the encoding that botocore reads it in, and with its line endings.
        with target.open(newline="") as file:
            content = file.read()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes the file with mode 0600, so the secret is never readable by others.
    handle, temporary_path = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", newline="") as file:
            file.write(change(content))
        Path(temporary_path).replace(target)
    finally:
        Path(temporary_path).unlink(missing_ok=True)
