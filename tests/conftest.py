"""Leaves out, on Windows, what only Unix has; orders the tests; lets Ctrl-C reach the programs they start."""

from __future__ import annotations

import signal
import sys
from importlib.util import find_spec

from support.longest_first import pytest_collection_modifyitems

__all__ = ["pytest_collection_modifyitems"]

NOT_ON_WINDOWS = (
    "demo/test_command.py",  # signals to a group of processes
    "demo/test_dotenv.py",  # who may read a file
    "docs/test_examples.py",  # pages whose commands are for bash
    "interop",  # file locks
    "lab/app/test_output.py",  # terminals
    "lab/app/test_programs.py",  # signals to a group of processes
    "lab/state/test_damage.py",  # who may read a file
    "lab/state/test_folder.py",  # who may read a file
    "materials/test_forks.py",  # forks
    "migrate/crash",  # SIGKILL
    "migrate/exports/test_command.py",  # signals to a group of processes
    "terraform",  # programs that are shell scripts
)
"""Paths in this folder, each with what its tests need."""

collect_ignore = list(NOT_ON_WINDOWS) if sys.platform == "win32" else []

if find_spec("aioboto3") is None:  # it has an environment of its own: `make test-aioboto3`
    collect_ignore.append("aio_aioboto3")

# A background job of a shell ignores Ctrl-C, a program under nohup SIGHUP, and children inherit that; tests
# of these signals need them.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
