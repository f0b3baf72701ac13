"""What the commands print on the screen."""
