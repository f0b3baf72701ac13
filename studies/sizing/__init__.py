"""How large one more battery should be, and when it should come."""
