"""Makes the pictures of README and the documentation from the real thing: `make pictures`.

The demonstration runs in a lab. What `dynaseal inspect` prints there becomes SVG by rich, and the pages of
`dynaseal inspector` are photographed in Chromium. The figure of the item format has the bytes of a real item.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values
from item_format import item_format_figure
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
KEY = ("pk=customer#1", "sk=profile")
COLUMNS = 100
SIZE: ViewportSize = {"width": 1120, "height": 760}
_COMMAND = "import sys; from dynaseal.cli.main import main; main(sys.argv[1:])"
# rich's picture loads a font from the internet; without it, the reader's own monospaced font is used.
_FONT_FACE = re.compile(r"@font-face \{.*?\}", re.DOTALL)


@dataclass(frozen=True)
class RunningDemonstration:
    """The demonstration with its lab and inspector still running."""

    url: str
    settings: Mapping[str, str]
    keys: Mapping[str, Mapping[str, str]]


def main() -> None:
    """Make every picture."""
    (HERE / "item-format.svg").write_text(item_format_figure(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder, demonstration(Path(folder)) as running:
        table = running.settings["DEMO_TABLE_NAME"]
        for name, user in (("inspect", "FULL_USER_NAME"), ("inspect-denied", "LIMITED_USER_NAME")):
            environment = {**plain_environment(), **running.settings, **running.keys[running.settings[user]]}
            arguments = ["inspect", table, *KEY]
            printed = subprocess.run(
                [sys.executable, "-c", _COMMAND, *arguments], env=environment, capture_output=True, check=True
            ).stdout.decode()
            terminal(name, f"dynaseal {' '.join(arguments)}", printed)
        browser(running)


@contextmanager
def demonstration(folder: Path) -> Iterator[RunningDemonstration]:
    """Run `dynaseal demo --open` with a browser that opens nothing."""
    process = subprocess.Popen(
        [sys.executable, "-c", _COMMAND, "demo", "--open"],
        cwd=folder,
        env={**plain_environment(), "BROWSER": "true"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        printed = ""
        while not (found_url := re.search(r"^inspector ready at (\S+)\n", printed, re.MULTILINE)):
            printed += next(process.stdout)
        found = re.findall(r"# as (\S+)\n(AWS_ACCESS_KEY_ID)=(\S+) (AWS_SECRET_ACCESS_KEY)=(\S+)", printed)
        yield RunningDemonstration(
            url=found_url[1],
            settings={name: str(value) for name, value in dotenv_values(folder / ".env").items()},
            keys={user: {key_id: first, secret: second} for user, key_id, first, secret, second in found},
        )
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def plain_environment() -> dict[str, str]:
    """Return an environment without settings of AWS, for a terminal in colour."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    kept.pop("NO_COLOR", None)
    return {**kept, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1"}


def terminal(name: str, command: str, printed: str) -> None:
    """Write what a command printed as a picture of a terminal."""
    console = Console(record=True, width=COLUMNS, file=Path(os.devnull).open("w"))  # noqa: SIM115
    console.print(Text(f"$ {command}", "bold"))
    console.print(Text.from_ansi(printed.rstrip()))
    picture = _FONT_FACE.sub("", console.export_svg(title=command))
    (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")


def browser(running: RunningDemonstration) -> None:
    """Photograph the pages that the documentation shows."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("make pictures: Chromium is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = opened.new_context(viewport=SIZE, reduced_motion="reduce").new_page()
        page.goto(running.url)
        page.get_by_role("link", name=running.settings["DEMO_TABLE_NAME"]).click()
        page.get_by_role("link", name="customer#1").click()
        look_as(page, running.settings["FULL_USER_NAME"])
        page.get_by_role("button", name="Reveal secret").click()
        expect(page.get_by_text("behind the third stone")).to_be_visible()
        page.screenshot(path=HERE / "inspector.png")
        page.locator("#h-title").scroll_into_view_if_needed()
        page.locator("section[aria-labelledby=h-title]").screenshot(path=HERE / "inspector-header.png")
        look_as(page, running.settings["LIMITED_USER_NAME"])
        page.screenshot(path=HERE / "inspector-denied.png")
        page.get_by_text("Add a policy to").click()
        page.locator("#access").scroll_into_view_if_needed()
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=HERE / "inspector-policies.png")
        opened.close()


def look_as(page: Page, user: str) -> None:
    """Switch to a user."""
    page.get_by_label("Look as").select_option(user)
    page.get_by_role("button", name="Switch").click()


if __name__ == "__main__":
    main()
