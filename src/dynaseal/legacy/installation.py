"""Stand in for the older library: `import dynamodb_encryption_sdk` gives this package."""

import sys
from importlib import import_module
from pkgutil import walk_packages

import dynaseal.legacy
from dynaseal.errors import ConfigError

OLDER_NAME = "dynamodb_encryption_sdk"
_OWN_NAME = dynaseal.legacy.__name__


def install() -> None:
    """Make `import dynamodb_encryption_sdk`, and of its submodules, give `dynaseal.legacy`.

    Call it before anything imports the older library; calling it again does nothing.

    Raises:
        ConfigError: the older library itself is imported already.
    """
    if sys.modules.get(OLDER_NAME, dynaseal.legacy) is not dynaseal.legacy:
        raise ConfigError(
            f"{OLDER_NAME} is imported already, and its classes are in use",
            hint="Call dynaseal.legacy.install() before the first import of it",
        )
    names = [found.name for found in walk_packages(dynaseal.legacy.__path__, f"{_OWN_NAME}.")]
    modules = {OLDER_NAME: dynaseal.legacy}
    modules |= {OLDER_NAME + name.removeprefix(_OWN_NAME): import_module(name) for name in names}
    # All at once, when every import has succeeded: half of one library and half of the other must never mix.
    sys.modules.update(modules)
