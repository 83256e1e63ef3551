"""What several test folders share: the vectors' loader and fakes of the world."""
