"""Who may use the service: tokens, users, sessions, and the limits of their requests."""
