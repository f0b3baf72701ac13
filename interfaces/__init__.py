"""Words in, words out: the command line. No formula stands here."""
