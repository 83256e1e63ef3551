"""Searchable encryption: truncated HMACs beside an item, and requests rewritten to find items by them.

Keys come in as bytes: who may have them, and where they are kept, is not known here.
"""
