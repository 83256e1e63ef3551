"""Keyrings: what wraps and unwraps data keys, one module per kind of keyring, and what they share."""
