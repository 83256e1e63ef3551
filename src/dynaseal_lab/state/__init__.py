"""A lab's state in a folder: everything across restarts, key material sealed, one lab a folder."""
