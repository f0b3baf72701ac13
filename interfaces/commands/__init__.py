"""The commands, one a file: each reads what was typed, calls a driver, prints. None contains a formula."""
