"""Decisions that hold on several paths of what is not known: one program with a block for each path."""
