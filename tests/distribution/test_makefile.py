"""What `make` says to somebody who has just cloned the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OLDER_PYTHON = f"""#!/bin/sh
exec {sys.executable} -c 'import sys; sys.version_info = (3, 9, 6); exec(sys.argv[1])' "$2"
"""


def test_an_older_python_is_refused_by_its_version_before_anything_is_installed(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    older = tmp_path / "older"
    older.write_text(OLDER_PYTHON, encoding="utf-8")
    older.chmod(0o755)
    done = subprocess.run(
        ["make", "demo", f"PYTHON={older}"], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert done.returncode != 0
    assert f"dynaseal needs Python 3.11 or later, and {older} is Python 3.9." in done.stderr
    assert not (tmp_path / ".venv").exists()
