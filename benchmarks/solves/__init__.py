"""Solves of this project alone: begun at another one, of many sizes, hard ones, in shorter intervals."""
