"""Health and environment metrics for England's mayoral authorities."""
