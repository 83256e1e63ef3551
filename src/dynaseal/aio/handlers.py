"""Encryption on an asynchronous client of aiobotocore: the handlers of a boto3 client, run on the loop."""

from functools import wraps
from typing import Any

from dynaseal.aio.running import Turns, run_sized
from dynaseal.boto.interception.handlers import Handler

_SIZED = ("params", "parsed")


def on_loop(handler: Handler) -> Handler:
    """Return a coroutine function that runs a handler on the event loop, or a large one in a thread.

    aiobotocore awaits what a handler returns.
    """
    turns = Turns()  # one client's, and a client is of one loop

    @wraps(handler)
    async def run_handler(**event: Any) -> Any:
        message = next((event[name] for name in _SIZED if name in event), None)
        return await run_sized(turns, message, handler, **event)

    return run_handler
