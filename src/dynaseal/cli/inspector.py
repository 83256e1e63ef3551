"""`dynaseal inspector`: tables and stored items in the browser."""

import tempfile
import webbrowser
from contextlib import ExitStack
from html import escape
from pathlib import Path
from threading import Thread

import click

from dynaseal.cli.configurations import config_reference
from dynaseal.cli.main import FailedError
from dynaseal.config import TableConfig
from dynaseal.inspector.serving import PortTakenError, serve


@click.command(epilog="Example: dynaseal inspector --open")
@click.option(
    "--config",
    "configs",
    multiple=True,
    type=config_reference,
    metavar="MODULE:NAME",
    help="A table's configuration: a TableConfig in a module or a file. May be repeated.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; by default a free one.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
def inspector(*, configs: tuple[TableConfig, ...], port: int, open_browser: bool) -> None:
    """Show tables and stored items in the browser: ciphertext beside plaintext, and who may decrypt it.

    Prints its URL once it accepts requests, and serves on this machine only until Ctrl-C. Whoever has the
    URL, with its token, can read what your credentials can read. Decrypted values are hidden until you ask
    for one.

    With AWS_ENDPOINT_URL at a lab and the credentials of its root, it can look as any of the lab's users,
    edit policies and show the trail. Against anything else it only reads.
    """
    with ExitStack() as ends:

        def ready(url: str) -> None:
            click.echo(f"inspector ready at {url}")
            if open_browser:
                folder = ends.enter_context(
                    tempfile.TemporaryDirectory(prefix="dynaseal-", ignore_cleanup_errors=True)
                )
                page = _page_that_leads_to(url, Path(folder))
                # In a thread, because a browser in the terminal would keep the server from answering it.
                Thread(target=webbrowser.open, args=(page.as_uri(),), daemon=True).start()

        try:
            serve(configs, port, ready)
        except PortTakenError as error:
            raise FailedError(str(error)) from None


def _page_that_leads_to(url: str, folder: Path) -> Path:
    """Write a file that leads a browser to the URL, in a folder that only this user can read.

    Every user of the machine sees the arguments of a browser's process, and the URL has the token.
    """
    page = folder / "inspector.html"
    page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0; url={escape(url)}">\n')
    return page
