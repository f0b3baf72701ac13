"""Checks that need more than one field of a case."""
