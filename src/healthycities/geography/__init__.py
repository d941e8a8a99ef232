"""The districts of England and its strategic authorities, at any date that the tables cover."""
