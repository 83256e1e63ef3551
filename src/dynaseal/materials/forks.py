"""What a child process makes anew after a fork.

A fork copies every lock as it is, but only the thread that forked. A lock that another thread held, or a load
that it had begun, would never end in the child. So objects with locks are registered here, and each is told
in the child, before anything else runs there. `logging` does the same for its locks.
"""

import os
from typing import Protocol
from weakref import WeakSet


class ResetAfterFork(Protocol):
    """An object that cannot be used in a child process as the fork has copied it."""

    def reset_after_fork(self) -> None:
        """Replace locks and whatever another thread may have been changing; called in the child."""
        ...


# The only state of a module here, as `os.register_at_fork` keeps what it is given for ever: the objects
# themselves are kept only as long as somebody else uses them.
_registered: WeakSet[ResetAfterFork] = WeakSet()


def register(subject: ResetAfterFork) -> None:
    """Have an object reset in every child process that is forked from now on."""
    _registered.add(subject)


def _reset_all() -> None:
    for subject in list(_registered):
        subject.reset_after_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork.
    os.register_at_fork(after_in_child=_reset_all)
