# No variables: every key has the same administration.
