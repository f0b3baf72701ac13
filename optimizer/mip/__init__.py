"""The general integer route: a program with its binaries as a whole, searched by HiGHS."""
