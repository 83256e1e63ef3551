"""Choosing a beacon's length: what each length costs and reveals, measured on real values."""
