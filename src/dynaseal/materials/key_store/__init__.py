"""The key store: branch keys and beacon keys, the records that hold them, and the cache in front of it."""
