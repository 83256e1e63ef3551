"""What an installed package runs as `demo.py`."""

import tomllib
from pathlib import Path

from dynaseal_lab.stack import program

ROOT = Path(__file__).parents[2]


def test_an_installed_demo_py_is_where_it_is_searched_and_imports_no_neighbour() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    target = ROOT / "src" / wheel["targets"]["wheel"]["force-include"]["demo.py"]
    assert target == program.INSTALLED
    assert not target.parent.exists()  # in the source tree: the wheel adds only demo.py to it
