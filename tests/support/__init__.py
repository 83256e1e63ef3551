"""What several test folders share: readers of the vectors, and stand-ins for AWS."""
