r"""Change variables in a `.env` file, and leave everything else in it as it is.

Rules:
- A variable that the file has already gets its new value where it stands, at each place where it stands;
  `export`, quotes, a comment behind the value and the line's ending stay. Other variables are added at the
  end.
- Every other line stays byte for byte, whatever its encoding. Lines inside a quoted value of several lines
  are part of that value.
- The file is replaced as a whole or not at all. Only its owner can read the new one, and it never has more
  permissions than the old one. If it is a symbolic link, the file that it names is changed.
- `terraform/dotenv.sh` does the same for `terraform apply`; the tests hold both to the same files.

Source: the grammar of python-dotenv, https://saurabh-kumar.com/python-dotenv/#file-format
"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAME = re.compile(r"([ \t]*(?:export[ \t]+)?)([^=#'\"\s]+)([ \t]*=)?([ \t]*)", re.ASCII)
_COMMENT = re.compile(r"[ \t]*(?:#.*)?\Z", re.DOTALL)
_UNQUOTED = re.compile(r"(.*?)([ \t]*|[ \t]+#.*)\Z", re.DOTALL)
_ENCODING = "latin-1"
"""Has a character for each byte, so that content in any encoding is written back as it was."""


def changed(content: bytes, variables: Mapping[str, str | None]) -> bytes:
    r"""Return the content of a `.env` file with other values of some variables.

    Args:
        content: The file's content.
        variables: The new values by name; None removes the variable.

    Example:
        >>> changed(b"# mine\nexport A='1' # one\nB=2\n", {"A": "3", "B": None, "C": "4"})
        b"# mine\nexport A='3' # one\nC=4\n"
    """
    text = content.decode(_ENCODING)
    ending = "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"
    missing = {name: value for name, value in variables.items() if value is not None}
    lines: list[str] = []
    for line in _logical_lines(text):
        name = _name(line)
        if name is None or name not in variables:
            lines.append(line)
        elif (value := variables[name]) is not None:
            lines.append(_with_value(line, value))
            missing.pop(name, None)
    if missing and lines and not lines[-1].endswith("\n"):
        lines[-1] += ending
    lines += [f"{name}={value}{ending}" for name, value in missing.items()]
    return "".join(lines).encode(_ENCODING)


def value_of(content: bytes, name: str) -> str | None:
    r"""Return the value of a variable in a `.env` file; the last one counts.

    Example:
        >>> value_of(b"A=1\nexport A='2' # two\n", "A")
        '2'
    """
    value = None
    for line in _logical_lines(content.decode(_ENCODING)):
        if _name(line) == name:
            value = _parts(line)[2]
    return value


def change_file(path: Path, variables: Mapping[str, str | None]) -> None:
    """Change variables in a `.env` file; it is created if it does not exist.

    Raises:
        OSError: The file cannot be read or replaced.
    """
    target = Path(os.path.realpath(path))
    try:
        old, mode = target.read_bytes(), target.stat().st_mode & 0o600
    except FileNotFoundError:
        old, mode = None, 0o600
    new = changed(old or b"", variables)
    if new == old and target.stat().st_mode & 0o777 == mode:
        return
    # mkstemp makes a file with mode 0600, so the content is never in a file that others can read.
    descriptor, temporary_path = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new)
        Path(temporary_path).chmod(mode)
        Path(temporary_path).replace(target)
    except BaseException:
        Path(temporary_path).unlink(missing_ok=True)
        raise


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the lines with their endings; a line whose quoted value goes on is one with those that follow."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        match = _NAME.match(text, start, end)
        if match and match[3] is not None and text[match.end() : match.end() + 1] in ("'", '"'):
            close = _closing_quote(text, match.end())
            if close >= end:
                end = text.find("\n", close) + 1 or len(text)
        yield text[start:end]
        start = end


def _closing_quote(text: str, opening: int) -> int:
    """Return where the quote at `opening` is closed, or -1; a backslash takes the next quote's meaning."""
    quote, position = text[opening], opening + 1
    while (position := text.find(quote, position)) > 0:
        if text[position - 1] != "\\":
            return position
        position += 1
    return -1


def _name(line: str) -> str | None:
    """Return the name of the variable that a line sets, or None if it sets none."""
    match = _NAME.match(line)
    if match is None or (match[3] is None and not _COMMENT.match(line.rstrip("\r\n"), match.end())):
        return None
    return match[2]


def _parts(line: str) -> tuple[str, str, str, str]:
    """Return what is before a line's value, the value's quote or nothing, the value, and what follows it."""
    body = line.removesuffix("\n").removesuffix("\r")
    match = _NAME.match(body)
    assert match is not None, "only for lines that set a variable"  # noqa: S101 - see _name
    before, rest = body[: match.end()], body[match.end() :]
    if match[3] is None:
        after = body[match.end(2) :]
        return f"{body[: match.end(2)]}=", "", "", f" {after}" if after else ""
    if rest[:1] in ("'", '"') and (close := _closing_quote(rest, 0)) > 0:
        after = rest[close + 1 :]
        return before, rest[0], rest[1:close], after if _COMMENT.match(after) else ""
    if not rest or (rest.startswith("#") and match[4]):
        return body[: match.end(3)], "", "", match[4] + rest
    unquoted = _UNQUOTED.match(rest)
    value, after = (unquoted[1], unquoted[2]) if unquoted else (rest, "")
    return before, "", value, after


def _with_value(line: str, value: str) -> str:
    before, quote, _, after = _parts(line)
    ending = line[len(line.removesuffix("\n").removesuffix("\r")) :]
    return f"{before}{quote}{value}{quote}{after}{ending}"
