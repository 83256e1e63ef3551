"""A lab's state in a folder, which outlasts the lab: records encrypted, and used by one lab at a time."""
