"""Searchable encryption: beacons stored beside items, and requests that find items by them.

Keys are arguments here. Where they are stored, and who may use them, is the concern of `dynaseal.search` and
the key store.
"""
