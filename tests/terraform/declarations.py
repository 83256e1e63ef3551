"""The variables and outputs of a Terraform folder, and the tables of a README that list them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2] / "terraform"

_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_ARGUMENT = re.compile(r"^  (\w+) += (.*?)(?=^  \w+ +=|^  \w+ \{|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Declaration:
    """One variable or output, with its block's content as it is written."""

    name: str
    body: str

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments by name, each in one line."""
        return {name: _in_one_line(value) for name, value in _ARGUMENT.findall(self.body)}

    @property
    def description(self) -> str:
        """The description without its quotes."""
        return self.arguments["description"].strip('"')

    @property
    def row(self) -> str:
        """The declaration's row in a README."""
        cells = [f"`{self.name}`", self.description]
        if "type" in self.arguments:
            default = self.arguments.get("default")
            cells[1:1] = [f"`{self.arguments['type']}`", f"`{default}`" if default else "required"]
        return f"| {' | '.join(cells)} |"


def declared(folder: Path, kind: str) -> Sequence[Declaration]:
    """Return the variables or outputs of one folder."""
    file = folder / f"{kind}s.tf"
    found = _BLOCK.findall(file.read_text()) if file.is_file() else []
    return [Declaration(name, body) for block, name, body in found if block == kind]


def table(folder: Path, kind: str) -> str:
    """Return the table of a README that lists them."""
    rows = [each.row for each in declared(folder, kind)]
    if not rows:
        return "None.\n"
    heads = {
        "variable": ["| variable | type | default | |", "|---|---|---|---|"],
        "output": ["| output | |", "|---|---|"],
    }
    return "".join(f"{line}\n" for line in heads[kind] + rows)


def folders() -> Sequence[Path]:
    """Return every folder with a configuration."""
    return sorted(file.parent for file in ROOT.rglob("main.tf") if ".terraform" not in file.parts)


def _in_one_line(value: str) -> str:
    lines = [re.sub(r" +", " ", line.partition(" #")[0].strip()) for line in value.strip().splitlines()]
    if len(lines) == 1:
        return lines[0]
    return f"{lines[0]} {', '.join(lines[1:-1])} {lines[-1]}"
