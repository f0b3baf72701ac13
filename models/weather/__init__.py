"""Weather: sun and sky, climate statistics, representative year."""
