"""Cryptographic materials managers: the layer between an item and its keyring."""
