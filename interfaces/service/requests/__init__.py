"""What may be asked of each command by REST, checked, and as the words of its command line."""
