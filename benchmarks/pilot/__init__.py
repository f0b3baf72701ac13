"""The case gaoan-pilot, solved by this project and by HiGHS alone: `python -m benchmarks --pilot`."""
