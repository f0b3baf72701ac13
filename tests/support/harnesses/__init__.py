"""Harnesses with a fixed seed and a size by option: their fast parts are tests, the rest is run by hand."""
