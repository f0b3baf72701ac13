"""Where a horizon falls apart, and the subprograms cut out of it."""
