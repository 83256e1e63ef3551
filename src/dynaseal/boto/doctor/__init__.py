"""Comparing a configuration with what it depends on: credentials, table, keys, permissions, items."""
