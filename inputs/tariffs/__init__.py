"""The tariffs that come with the program, and their reader."""
