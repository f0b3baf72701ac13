"""What was computed from a case once and is the same every time, kept in the user's cache folder."""
