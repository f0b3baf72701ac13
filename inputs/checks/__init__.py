"""Checks that need more of a case in view than one field."""
