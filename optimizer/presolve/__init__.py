"""What is concluded from a program's structure before anything is solved: tighter bounds, added rows."""
