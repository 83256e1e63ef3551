"""The older library's warning on Python versions that it was about to drop; its spelling of the name.

dynaseal runs on none of these versions, so nothing calls it here.
"""

import sys
import warnings

_LAST_VERSIONS = {(2, 7), (3, 4), (3, 5), (3, 6), (3, 7)}


def _warn_deprecated_python() -> None:  # pyright: ignore[reportUnusedFunction] the older library's tests call it
    """Warn where Python is older than 3.8."""
    version = (sys.version_info.major, sys.version_info.minor)
    if version in _LAST_VERSIONS:
        warnings.warn(
            f"Python {version[0]}.{version[1]} is not supported. Use Python 3.8 or later.",
            DeprecationWarning,
            stacklevel=2,
        )
