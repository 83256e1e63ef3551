"""The key store: branch keys and beacon keys, the records that hold them, and a cache of them."""
