"""Surrogate keys: key attributes that hold a keyed token of an encrypted attribute."""
