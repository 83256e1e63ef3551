"""Put a lab together from its options: in memory or in a state folder, on one of the DynamoDB engines."""

import asyncio
import os
import secrets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from dynaseal_lab.app import App, build_app
from dynaseal_lab.control_api import EngineStatus
from dynaseal_lab.dynamodb.in_process import InProcessEngine
from dynaseal_lab.dynamodb.local import EngineError, local_engine
from dynaseal_lab.dynamodb.native import NativeEngine, is_installed
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore
from dynaseal_lab.state.errors import StateError
from dynaseal_lab.state.folder import StateFolder, open_folder
from dynaseal_lab.state.native_tables import open_native_tables, require_no_native_tables
from dynaseal_lab.state.persistent_engine import PersistentEngine

EngineName = Literal["in-process", "native", "ministack", "dynamodb-local"]
ENGINE_VARIABLE = "DYNASEAL_LAB_ENGINE"
_WITHOUT_NATIVE = (
    "The native engine is not installed, so ministack keeps tables and items. It is slower and less exact. "
    "To build the native engine, run in a clone of the repository: make native"
)


@dataclass(frozen=True, slots=True)
class LabOptions:
    """The options of a lab.

    Args:
        root_secret: The secret access key of every account's root; by default the state folder's, or else a
            random one.
        state: The state folder; None: everything is gone when the lab stops.
        engine: The DynamoDB engine that keeps tables and items; `in-process` is the one that the environment
            variable DYNASEAL_LAB_ENGINE names, the native one if it is installed, or else ministack.
        engine_folder: Where DynamoDB Local is installed; None: where npm installs it.
    """

    root_secret: str | None = field(default=None, repr=False)
    state: Path | None = None
    engine: EngineName = "in-process"
    engine_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab that is ready to be served."""

    app: App = field(repr=False)
    root_secret: str = field(repr=False)
    note: str | None = None
    """What to tell the user at the start."""


@contextmanager
def open_lab(options: LabOptions) -> Generator[Lab]:
    """Open a lab during a `with` block.

    Raises:
        StateError: The state folder cannot be used.
        EngineError: The engine cannot be started.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(open_folder(options.state)) if options.state is not None else None
        record_store: RecordStore = folder.record_store if folder is not None else InMemoryRecordStore()
        secret = _root_secret(options, record_store, folder)
        if folder is not None:
            folder.database.flush()
        engine_name, note = _chosen_engine(options)
        status = EngineStatus(engine_name, note)
        if engine_name == "dynamodb-local":
            data_folder = folder.path / "dynamodb-local" if folder is not None else None
            engine = stack.enter_context(local_engine(options.engine_folder, data_folder, record_store))
            app = build_app(secret, engine, status, record_store=record_store)
        elif engine_name == "native":
            engine = NativeEngine.load() if folder is None else asyncio.run(open_native_tables(folder))
            stack.callback(engine.close)
            app = build_app(secret, engine, status, record_store=record_store, expiring_engine=engine)
        elif folder is None:
            app = build_app(secret, InProcessEngine.load(), status)
        else:
            persistent = _restored_engine(folder)
            app = build_app(
                secret, persistent, status, record_store=record_store, on_shutdown=persistent.close
            )
        yield Lab(app, secret, note)


def _chosen_engine(options: LabOptions) -> tuple[str, str | None]:
    """Return the engine of the options or the environment, or the best one that is installed, and a note.

    Raises:
        EngineError: It is unknown, or the native engine and not installed.
    """
    chosen: str = options.engine
    if chosen == "in-process":
        chosen = os.environ.get(ENGINE_VARIABLE) or "in-process"
    if chosen == "in-process":
        return ("native", None) if is_installed() else ("ministack", _WITHOUT_NATIVE)
    if chosen not in get_args(EngineName):
        engines = ", ".join(get_args(EngineName))
        raise EngineError(f"{ENGINE_VARIABLE} is {chosen!r}, but the engines are {engines}")
    if chosen == "native" and not is_installed():
        raise EngineError(
            "The native engine is not installed. To build it, run in a clone of the repository: make native"
        )
    return chosen, None


def _root_secret(options: LabOptions, record_store: RecordStore, folder: StateFolder | None) -> str:
    """Return the secret of the options, the stored one or a new one, and store it for the next start.

    Raises:
        StateError: The folder has been used, but its root secret is missing and no other one is given.
    """
    records = record_store.mapping("root-secret", str)
    stored = records.get(("root",))
    is_missing = not (options.root_secret or stored)
    if folder is not None and is_missing and folder.database.rows("SELECT 1 FROM record LIMIT 1"):
        message = f"The root secret is missing in {folder.path}"
        raise StateError(message, "Set a new one with --root-secret SECRET")
    secret = options.root_secret or stored or secrets.token_urlsafe(30)
    if secret != stored:
        records["root",] = secret
    return secret


def _restored_engine(folder: StateFolder) -> PersistentEngine:
    require_no_native_tables(folder)
    engine = PersistentEngine(InProcessEngine.load(), folder)
    asyncio.run(engine.restore())
    return engine
