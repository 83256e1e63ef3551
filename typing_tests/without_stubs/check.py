"""Checks program.py as it is for a user who has boto3 and dynaseal, but not boto3-stubs.

    python typing_tests/without_stubs/check.py

Makes a virtual environment that has every package of this one but the stubs, and runs pyright and mypy there.
dynaseal is copied into it: a type checker treats an installed package otherwise than one that it finds beside
the program.
"""

import shutil
import site
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARY = HERE.parents[1] / "src" / "dynaseal"
STUBS = ("*-stubs", "*_stubs-*", "mypy_boto3_*", "types_*")


def main() -> int:
    """Run both type checkers; return 1 if either finds an error."""
    with tempfile.TemporaryDirectory() as folder:
        python = environment_without_stubs(Path(folder) / "environment")
        program = shutil.copy(HERE / "program.py", folder)
        checkers = (
            ["pyright", "--pythonpath", str(python), program],
            # mypy reports that boto3 has no types; --ignore-missing-imports is what its users set then.
            ["mypy", "--strict", "--ignore-missing-imports", "--python-executable", str(python), program],
        )
        results = [
            subprocess.run([Path(sys.executable).with_name(name), *options], cwd=folder, check=False)
            for name, *options in checkers
        ]
    return int(any(result.returncode for result in results))


def environment_without_stubs(folder: Path) -> Path:
    """Make the virtual environment and return its interpreter."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for package in Path(site.getsitepackages()[0]).iterdir():
        # A .pth file would lead back to the source of dynaseal.
        if package.suffix != ".pth" and not any(package.match(pattern) for pattern in STUBS):
            (packages / package.name).symlink_to(package)
    shutil.copytree(LIBRARY, packages / "dynaseal")
    return folder / "bin" / "python"


if __name__ == "__main__":
    sys.exit(main())
