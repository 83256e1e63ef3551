"""Signing items and encrypting attributes."""
