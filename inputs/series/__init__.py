"""Series of the user in text tables."""
