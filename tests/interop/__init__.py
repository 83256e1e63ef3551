"""AWS's Java library and this one, each reading what the other wrote: `python -m interop`."""
