"""What the command line says in other languages than English: help, usage errors, progress, messages."""
