"""Algorithms by the names that Java has for them, which the format uses."""
