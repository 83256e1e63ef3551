"""Surrogate keys: key attributes that hold a token of an encrypted attribute."""
