"""Many scenarios: their store, and what scheduling and storing add to their work."""
