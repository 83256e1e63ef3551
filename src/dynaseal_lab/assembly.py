"""A lab put together as its user wants it: in memory or on a state folder, over one engine or the other."""

import asyncio
import secrets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dynaseal_lab.app import App, build
from dynaseal_lab.dynamodb.in_process import InProcessEngine
from dynaseal_lab.dynamodb.local import local_engine
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore
from dynaseal_lab.state.folder import StateFolder, open_folder
from dynaseal_lab.state.persistent_engine import PersistentEngine

EngineName = Literal["in-process", "dynamodb-local"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What a lab is to be.

    Args:
        root_secret: Signs for the root of every account; left out, the state folder's, or else a random one.
        state: The folder that keeps everything; None: it ends with the process.
        engine: What keeps tables and items.
        engine_folder: Where DynamoDB Local is; None: where npm puts it.
    """

    root_secret: str | None = field(default=None, repr=False)
    state: Path | None = None
    engine: EngineName = "in-process"
    engine_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab ready to be served."""

    app: App = field(repr=False)
    root_secret: str = field(repr=False)


@contextmanager
def assembled(setup: Setup) -> Generator[Lab]:
    """A lab for the time of a `with` block.

    Raises:
        StateError: The state folder cannot be used.
        EngineError: The engine cannot be started.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder(setup.state)) if setup.state is not None else None
        record_store: RecordStore = folder.record_store if folder is not None else InMemoryRecordStore()
        secret = _root_secret(setup, record_store)
        if folder is not None:
            folder.database.flush()
        if setup.engine == "dynamodb-local":
            kept_in = folder.path / "dynamodb-local" if folder is not None else None
            engine = stack.enter_context(local_engine(setup.engine_folder, kept_in, record_store))
            yield Lab(build(secret, record_store=record_store, engine=engine), secret)
        elif folder is None:
            yield Lab(build(secret), secret)
        else:
            kept = _restored(folder)
            yield Lab(build(secret, record_store=record_store, engine=kept, when_done=kept.close), secret)


def _root_secret(setup: Setup, record_store: RecordStore) -> str:
    """The secret as given, as kept, or new; kept for the next start."""
    records = record_store.mapping("root-secret", str)
    kept = records.get(("root",))
    secret = setup.root_secret or kept or secrets.token_urlsafe(30)
    if secret != kept:
        records["root",] = secret
    return secret


def _restored(folder: StateFolder) -> PersistentEngine:
    kept = PersistentEngine(InProcessEngine.load(), folder)
    asyncio.run(kept.restore())
    return kept
