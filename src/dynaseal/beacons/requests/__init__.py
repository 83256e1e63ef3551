"""Query and Scan requests: analysed, sent with beacons, and their replies filtered."""
