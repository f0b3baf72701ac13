"""Schema of a case file: declarations only."""
