"""The command that starts the service, and those of its tokens."""
