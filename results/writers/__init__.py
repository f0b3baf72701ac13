"""The registry of output files: one list of entries per kind of result."""
