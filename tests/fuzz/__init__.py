"""Fuzz targets for everything that reads an attacker's bytes: `python -m fuzz`, or `make fuzz`.

- `targets` says what must hold of any input; `corpus` makes the inputs to begin with, from `vectors/`.
- `encoding` reads an input as an item's attributes, `worker` runs one target under atheris, `__main__` all.
- The targets and their seeds are also run by pytest, without atheris.
"""
