# None: who manages a key is the same for every key.
