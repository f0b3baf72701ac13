"""The commands, one per file: each reads its arguments, runs a study, and prints the result."""
