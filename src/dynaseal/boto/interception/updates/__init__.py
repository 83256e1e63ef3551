"""Updates of signed attributes: read, verify, apply, encrypt, and write if nothing has changed meanwhile.

The plan of an update says which calls it needs and makes none; a driver makes them.
"""
