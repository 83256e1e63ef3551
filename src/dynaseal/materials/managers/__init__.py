"""Materials managers: the layer between items and keyrings."""
