"""Loading the configuration that a command names: `MODULE:NAME`, or `path/to/file.py:NAME`.

A configuration is Python, because its keyring is: it has clients, and functions that choose branch keys. So
a command imports a module and takes the `TableConfig` with a given name from it. What is in a file's own
folder, or for a module's name in the current folder, can be imported too, as with `python file.py` and
`python -m module`.
"""

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import click

from dynaseal.config import TableConfig
from dynaseal.errors import DynasealError

_EXAMPLE = "Write MODULE:NAME or path/to/file.py:NAME, such as tables.py:customers"


def config_reference(value: str) -> TableConfig:
    """The type of an option or argument that names a configuration; a failure is wrong usage."""
    try:
        return load_config(value)
    except LookupError as error:
        raise click.BadParameter(str(error.args[0])) from error


def load_config(reference: str) -> TableConfig:
    """Import the configuration that a reference names.

    Args:
        reference: `MODULE:NAME` or `path/to/file.py:NAME`.

    Returns:
        The configuration.

    Raises:
        LookupError: there is no such module or name, the configuration contradicts itself, or the name is not
            of a `TableConfig`.
        Exception: whatever else the module raises, with its traceback, since it is the caller's program.
    """
    module_name, separator, name = reference.rpartition(":")
    if not separator or not module_name or not name:
        raise LookupError(f"{reference!r} does not name a configuration. {_EXAMPLE}.")
    module = _import(module_name)
    try:
        value = getattr(module, name)
    except AttributeError:
        raise LookupError(_without_name(module, module_name, name)) from None
    if not isinstance(value, TableConfig):
        raise LookupError(  # noqa: TRY004 - one kind of error for everything that a reference can lack
            f"{reference} is of the type {type(value).__name__}, and not a TableConfig."
        )
    return value


def _import(module_name: str) -> ModuleType:
    try:
        if module_name.endswith(".py"):
            return _import_file(Path(module_name))
        _search_first(Path.cwd())
        return import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name == module_name.partition(".")[0] or error.name == module_name:
            raise LookupError(f"There is no module {module_name!r}. {_EXAMPLE}.") from None
        raise LookupError(f"{module_name} needs the module {error.name}, which is not installed.") from error
    except SyntaxError as error:
        place = f"{error.filename}, line {error.lineno}"
        raise LookupError(f"{module_name} cannot be imported: {place}: {error.msg}") from error
    except DynasealError as error:
        raise LookupError(f"{module_name} cannot be imported: {error}") from error


def _import_file(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise LookupError(f"There is no file {path}.")
    _search_first(path.resolve().parent)
    module = module_from_spec(spec)
    # Dataclasses and pickle look their module up by its name.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _search_first(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _without_name(module: ModuleType, module_name: str, name: str) -> str:
    configs = sorted(key for key, value in vars(module).items() if isinstance(value, TableConfig))
    found = f"Its configurations are {', '.join(configs)}." if configs else "It has no TableConfig."
    return f"{module_name} has no {name}. {found}"
