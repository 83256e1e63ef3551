"""Interoperability with AWS's Java library: each reads what the other wrote (`python -m interop`)."""
