"""How long a user waits for each command, beside another version of the program."""
