"""Attribute values and material descriptions as bytes."""
