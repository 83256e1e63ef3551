"""Process groups: whether all that a program started has ended."""

from __future__ import annotations

import os
import signal
import time


def has_ended(group: int) -> bool:
    """Return whether no process of a group is left after a while; what is left then is killed.

    The system may take a moment to remove the last one.
    """
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    return False
