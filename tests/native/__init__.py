"""Tests that the native engine and the Python engine make the same of every item."""
