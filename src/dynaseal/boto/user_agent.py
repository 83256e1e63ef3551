"""The suffix of the user agent, by which logs of AWS show which calls this library has made or changed."""

from functools import cache
from importlib.metadata import version


@cache
def user_agent_suffix() -> str:
    """Return the library's name and version, such as `dynaseal/0.1.0`."""
    return f"dynaseal/{version('dynaseal')}"
