"""Reports of invalid input: the field, the value given, what is allowed."""
