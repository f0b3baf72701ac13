"""Published figures that results are compared with, and their reader."""
