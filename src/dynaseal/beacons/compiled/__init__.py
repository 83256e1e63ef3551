"""A table's beacons, checked against its configuration and ready to compute beacon values."""
